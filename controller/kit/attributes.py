#!/usr/bin/env python3
"""Keeps what duplicity loses of a tree of files, in a text beside it: hard links, holes, extended attributes, ACLs, capabilities, times to the
nanosecond and before 1970, sockets. Python 3.11 or newer with its standard library, Linux, /proc.

    attributes.py record TREE RECORD [--hash] [--previous RECORD] [--names FILE]   writes RECORD (whole or not at all)
    attributes.py apply RECORD TREE [--names FILE]                                 puts everything back that RECORD tells of TREE
    attributes.py check RECORD TREE [--names FILE]                                 compares only; contents too, when RECORD has their hashes

--hash: with the SHA-256 of each file. --previous: counts the files whose content changed while size and second of mtime did not (both need hashes).
On stdout one line of JSON says what was done. Names of files go to the FILE of --names alone: the problems, one a line.
Ends with 0 done · 1 something could not be set · 3 wrong arguments · 20 TREE cannot be read · 23 disk full · 30 RECORD is damaged, or TREE is not what it tells of

A record is lines of ASCII; names are escaped as in URLs. The entries of a folder follow it, in the order of their names' bytes, up to its line `u`:
    haven-attributes/1 sha256            or without hashes: haven-attributes/1 -
    d NAME MODE UID GID MTIME            a folder (the first is the tree itself, named .); MTIME in nanoseconds
    f NAME MODE UID GID MTIME SIZE SHA256                 a file; SHA256 is - without hashes
    s NAME MODE UID GID MTIME TARGET     a symbolic link
    p, k, c, b NAME MODE UID GID MTIME DEVICE             FIFO, socket, devices
    x NAME BASE64                        an extended attribute of the entry above
    h START:LENGTH …                     holes of the file above
    g GROUP LINKS                        the entry above is the first of LINKS names of one file
    l NAME GROUP                         one more of them
    end ENTRIES FILES BYTES SHA256       of all lines before
"""

from __future__ import annotations

import base64
import ctypes
import errno
import hashlib
import json
import os
import re
import resource
import stat
import sys
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

FORMAT = b"haven-attributes/1"
CHUNK = 1 << 20
LONGEST_LINE = 1 << 18
HOLES_A_LINE = 500
ZEROS = bytes(CHUNK)
KINDS = {stat.S_IFDIR: b"d", stat.S_IFREG: b"f", stat.S_IFLNK: b"s", stat.S_IFIFO: b"p", stat.S_IFSOCK: b"k", stat.S_IFCHR: b"c", stat.S_IFBLK: b"b"}
NAME = rb"((?:[!-$&-~]|%[0-9A-F]{2}){1,12288})"
COMMON = rb" ([0-7]{1,4}) (\d{1,10}) (\d{1,10}) (-?\d{1,20})"
LINES = {
    b"d": re.compile(rb"d " + NAME + COMMON + rb"\n"),
    b"f": re.compile(rb"f " + NAME + COMMON + rb" (\d{1,19}) ([0-9a-f]{64}|-)\n"),
    b"l": re.compile(rb"l " + NAME + rb" (\d{1,10})\n"),
    b"s": re.compile(rb"s " + NAME + COMMON + rb" " + NAME + rb"\n"),
    **{kind: re.compile(kind + rb" " + NAME + COMMON + rb" (\d{1,20})\n") for kind in (b"p", b"k", b"c", b"b")},
    b"u": re.compile(rb"u\n"),
    b"x": re.compile(rb"x " + NAME + rb" ([A-Za-z0-9+/]*=*)\n"),
    b"g": re.compile(rb"g (\d{1,10}) (\d{1,10})\n"),
    b"h": re.compile(rb"h((?: \d{1,19}:\d{1,19}){1,%d})\n" % HOLES_A_LINE),
}


class Ended(Exception):
    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def unreadable(error: OSError) -> Ended:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Ended(23, "the disk is full", "free space where the record goes")
    return Ended(20, f"the tree cannot be read: {os.strerror(error.errno or 0)}", "run this as root; is the disk sound?")


def damaged(reason: str) -> Ended:
    return Ended(30, f"the record is damaged: {reason}", "take the record of another backup; without one the files are there, but not all that belongs to them")


@dataclass
class Entry:
    kind: bytes
    name: bytes = b""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    size: int = 0  # of a file; a device's number
    links: int = 1
    group: int = -1
    sha256: bytes = b"-"
    target: bytes = b""
    xattrs: dict[str, bytes] = field(default_factory=dict)
    holes: array[int] = field(default_factory=lambda: array("Q"))  # start, length, start, length …


# ---- names and trees ----------------------------------------------------------------------------------------------------


def escaped(name: bytes) -> bytes:
    return re.sub(rb"[^!-$&-~]", lambda found: b"%%%02X" % found[0][0], name)


def unescaped(text: bytes) -> bytes:
    return re.sub(rb"%(..)", lambda found: bytes([int(found[1], 16)]), text)


def inside(folder: int, name: bytes = b".") -> bytes:
    """An entry of an open folder by a path that nobody can lead elsewhere, as long as what is done does not follow links."""
    return b"/proc/self/fd/%d/%s" % (folder, name)


def names_in(folder: int) -> list[bytes]:
    with os.scandir(inside(folder)) as found:
        return sorted(item.name for item in found)


def open_quietly(where: bytes, flags: int) -> int:
    try:
        return os.open(where, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOATIME)
    except PermissionError:
        return os.open(where, flags | os.O_NOFOLLOW | os.O_CLOEXEC)  # O_NOATIME is for the owner


def xattrs_of(where: bytes, follow: bool) -> dict[str, bytes]:
    try:
        names = os.listxattr(where, follow_symlinks=follow)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
    return {name: os.getxattr(where, name, follow_symlinks=follow) for name in sorted(names)}


def holes_of(file: int, size: int) -> array[int]:
    holes, at = array("Q"), 0
    try:
        while at < size:
            try:
                data = min(os.lseek(file, at, os.SEEK_DATA), size)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                data = size  # nothing but a hole up to the end
            if data > at:
                holes.extend((at, data - at))
            at = os.lseek(file, data, os.SEEK_HOLE) if data < size else size
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    return holes


def sha256_of(file: int) -> bytes:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK))
    os.lseek(file, 0, os.SEEK_SET)
    while got := os.readv(file, [buffer]):
        digest.update(buffer[:got])
    return digest.hexdigest().encode("ascii")


# ---- record -------------------------------------------------------------------------------------------------------------


class Recorder:
    """Looks at each entry once. Memory: the names in one chain of folders, and a little for each file of which not all names were met yet."""

    def __init__(self, with_hash: bool) -> None:
        self._with_hash = with_hash
        self._groups: dict[tuple[int, int], list[int]] = {}  # group, names that are still to come
        self._next_group = 0

    def entries(self, tree: str) -> Iterator[Entry]:
        """The tree as a record has it; throws OSError at the first thing that cannot be read."""
        root = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack = [(root, iter(names_in(root)))]
        try:
            yield self._entry(root, b".")
            while stack:
                folder, names = stack[-1]
                name = next(names, None)
                if name is None:
                    os.close(stack.pop()[0])
                    yield Entry(b"u")
                    continue
                entry = self._entry(folder, name)
                yield entry
                if entry.kind == b"d":
                    below = open_quietly(inside(folder, name), os.O_RDONLY | os.O_DIRECTORY)
                    stack.append((below, iter(names_in(below))))
        finally:
            for folder, _names in stack:
                os.close(folder)

    def _entry(self, folder: int, name: bytes) -> Entry:
        where = inside(folder, name)
        found = os.lstat(where)
        kind = KINDS[stat.S_IFMT(found.st_mode)]
        inode = (found.st_dev, found.st_ino)
        if inode in self._groups and kind != b"d":
            group = self._groups[inode]
            group[1] -= 1
            if group[1] == 0:
                del self._groups[inode]
            return Entry(b"l", name, group=group[0])
        entry = Entry(kind, name, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, found.st_mtime_ns)
        entry.xattrs = xattrs_of(where, False)
        if kind == b"s":
            entry.target = os.readlink(where)
        elif kind == b"f":
            self._file(where, found.st_size, entry)
        elif kind in (b"c", b"b"):
            entry.size = found.st_rdev
        if kind != b"d" and found.st_nlink > 1:
            entry.group, entry.links = self._next_group, found.st_nlink
            self._groups[inode] = [self._next_group, found.st_nlink - 1]
            self._next_group += 1
        return entry

    def _file(self, where: bytes, size: int, entry: Entry) -> None:
        entry.size = size
        if size == 0 and not self._with_hash:
            return
        file = open_quietly(where, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if os.fstat(file).st_size != size:
                raise OSError(errno.EBUSY, "changed")
            entry.holes = holes_of(file, size)
            if self._with_hash:
                entry.sha256 = sha256_of(file)
        finally:
            os.close(file)


class Counts:
    def __init__(self) -> None:
        self.of: Counter[str] = Counter(entries=0, files=0, bytes=0)

    def add(self, entry: Entry) -> None:
        if entry.kind == b"u":
            return
        self.of["entries"] += 1
        self.of["links"] += entry.kind == b"l"
        self.of["files"] += entry.kind == b"f"
        self.of["bytes"] += entry.size if entry.kind == b"f" else 0
        self.of["sparse"] += bool(entry.holes)
        self.of["sockets"] += entry.kind == b"k"
        self.of["xattrs"] += len(entry.xattrs)


def lines_of(entry: Entry) -> Iterator[bytes]:
    if entry.kind == b"u":
        yield b"u\n"
        return
    if entry.kind == b"l":
        yield b"l %s %d\n" % (escaped(entry.name), entry.group)
        return
    common = b"%s %s %o %d %d %d" % (entry.kind, escaped(entry.name), entry.mode, entry.uid, entry.gid, entry.mtime)
    if entry.kind == b"f":
        yield b"%s %d %s\n" % (common, entry.size, entry.sha256)
    elif entry.kind == b"d":
        yield common + b"\n"
    else:
        yield common + b" " + (escaped(entry.target) if entry.kind == b"s" else b"%d" % entry.size) + b"\n"
    for name, value in entry.xattrs.items():
        yield b"x %s %s\n" % (escaped(os.fsencode(name)), base64.b64encode(value))
    for at in range(0, len(entry.holes), 2 * HOLES_A_LINE):
        some = entry.holes[at : at + 2 * HOLES_A_LINE]
        yield b"h" + b"".join(b" %d:%d" % (some[i], some[i + 1]) for i in range(0, len(some), 2)) + b"\n"
    if entry.group >= 0:
        yield b"g %d %d\n" % (entry.group, entry.links)


def write_record(tree: str, path: str, with_hash: bool) -> Counts:
    """Whole or not at all: a record that was begun has another name."""
    counts, digest = Counts(), hashlib.sha256()
    new = path + ".new"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb", buffering=CHUNK) as file:

            def write(line: bytes) -> None:
                digest.update(line)
                file.write(line)

            write(b"%s %s\n" % (FORMAT, b"sha256" if with_hash else b"-"))
            for entry in Recorder(with_hash).entries(tree):
                counts.add(entry)
                for line in lines_of(entry):
                    write(line)
            file.write(b"end %d %d %d %s\n" % (counts.of["entries"], counts.of["files"], counts.of["bytes"], digest.hexdigest().encode()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise unreadable(error) from None
    return counts


# ---- reading a record ---------------------------------------------------------------------------------------------------


def open_record(path: str) -> IO[bytes]:
    try:
        return open(path, "rb", buffering=CHUNK)
    except OSError as error:
        raise Ended(3, f"the record cannot be read: {os.strerror(error.errno or 0)}", "name the file that 'record' wrote") from None


def has_hashes(path: str) -> bool:
    with open_record(path) as file:
        return file.readline(100) == FORMAT + b" sha256\n"


def read_record(path: str) -> Iterator[Entry]:
    """The entries of a record; throws 30 when a line is not of the format, or, at its end, when anything was lost. Whoever acts on it reads it twice."""
    counts, digest, depth, before = Counts(), hashlib.sha256(), 0, [b""]
    with open_record(path) as file:
        header = file.readline(100)
        if header not in (FORMAT + b" sha256\n", FORMAT + b" -\n"):
            raise damaged("it does not begin as one of this program's")
        digest.update(header)
        line = file.readline(LONGEST_LINE)
        while line and not line.startswith(b"end "):
            entry = parse(line)
            digest.update(line)
            depth, before = check_place(entry, depth, before, first=counts.of["entries"] == 0)
            while (line := file.readline(LONGEST_LINE))[:1] in (b"x", b"h", b"g"):
                add_detail(entry, line)
                digest.update(line)
            counts.add(entry)
            yield entry
        end = b"end %d %d %d %s\n" % (counts.of["entries"], counts.of["files"], counts.of["bytes"], digest.hexdigest().encode())
        if line != end or depth != 0 or counts.of["entries"] == 0 or file.read(1):
            raise damaged("it is not complete, or was altered")


def parse(line: bytes) -> Entry:
    pattern = LINES.get(line[:1])
    found = pattern.fullmatch(line) if pattern else None
    if not found or line[:1] in (b"x", b"h", b"g"):
        raise damaged("a line has an unknown form")
    kind = line[:1]
    if kind == b"u":
        return Entry(kind)
    if kind == b"l":
        return Entry(kind, unescaped(found[1]), group=int(found[2]))
    entry = Entry(kind, unescaped(found[1]), int(found[2], 8), int(found[3]), int(found[4]), int(found[5]))
    if kind == b"f":
        entry.size, entry.sha256 = int(found[6]), found[7]
    elif kind == b"s":
        entry.target = unescaped(found[6])
    elif kind != b"d":
        entry.size = int(found[6])
    return entry


def add_detail(entry: Entry, line: bytes) -> None:
    found = LINES[line[:1]].fullmatch(line)
    if not found or entry.kind in (b"u", b"l") or (line[:1] == b"h" and entry.kind != b"f"):
        raise damaged("a line has an unknown form")
    if line[:1] == b"x":
        entry.xattrs[os.fsdecode(unescaped(found[1]))] = base64.b64decode(found[2])
    elif line[:1] == b"g":
        entry.group, entry.links = int(found[1]), int(found[2])
    else:
        for hole in found[1].split():
            start, length = hole.split(b":")
            entry.holes.extend((int(start), int(length)))


def check_place(entry: Entry, depth: int, before: list[bytes], first: bool) -> tuple[int, list[bytes]]:
    """A name leads to an entry of its folder and nowhere else, and comes once. `before` has the last name met in each open folder."""
    if first:
        if entry.kind != b"d" or entry.name != b".":
            raise damaged("it does not begin with the tree itself")
        return 1, [b""]
    if depth == 0:
        raise damaged("something follows the tree's end")
    if entry.kind == b"u":
        return depth - 1, before[:-1] if depth > 1 else [b""]
    if entry.name in (b".", b"..") or b"/" in entry.name or b"\0" in entry.name:
        raise damaged("a name leads out of its folder")
    if entry.name <= before[-1]:
        raise damaged("names are out of order")
    before[-1] = entry.name
    if entry.kind == b"d":
        before.append(b"")
        depth += 1
    return depth, before


def with_paths(entries: Iterator[Entry]) -> Iterator[tuple[tuple[bytes, ...], Entry]]:
    """The same with each entry's path, in ascending order of the paths; without the lines that only end a folder."""
    path: list[bytes] = []
    for entry in entries:
        if entry.kind == b"u":
            path.pop()
            continue
        yield (*path, entry.name), entry
        if entry.kind == b"d":
            path.append(entry.name)


def merged(old: Iterator[Entry], new: Iterator[Entry]) -> Iterator[tuple[tuple[bytes, ...], Entry | None, Entry | None]]:
    ours, theirs = with_paths(old), with_paths(new)
    a, b = next(ours, None), next(theirs, None)
    while a or b:
        if b is None or (a is not None and a[0] < b[0]):
            assert a
            yield a[0], a[1], None
            a = next(ours, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(theirs, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(ours, None), next(theirs, None)


# ---- apply --------------------------------------------------------------------------------------------------------------


class Problems:
    """Counts by kind; names go to the file of --names, and to no log."""

    def __init__(self, names: str | None) -> None:
        self.count: Counter[str] = Counter()
        self._file = open(names, "wb") if names else None

    def add(self, kind: str, path: tuple[bytes, ...], detail: str = "") -> None:
        self.count[kind] += 1
        if self._file:
            self._file.write(f"{kind} {detail} ".replace("  ", " ").encode() + escaped(b"/".join(path[1:]) or b".") + b"\n")
            self._file.flush()


@dataclass
class Folder:
    """An open folder; descriptor -1: it is not there, so nothing in it is."""

    descriptor: int
    entry: Entry
    names: int = 0


class Applier:
    """Walks the tree along the record. Each entry is reached from its folder's descriptor and never through a link, so nothing outside is touched."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._stack: list[Folder] = []
        self._groups: dict[int, tuple[tuple[bytes, ...], tuple[int, int], int]] = {}
        self._done = 0

    def apply(self, record: str, tree: str) -> None:
        root = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for entry in read_record(record):
            self._done += 1
            if self._done % 100_000 == 0:
                print(f"attributes: {self._done} entries", file=sys.stderr, flush=True)
            if not self._stack:
                self._stack.append(Folder(root, entry))
            elif entry.kind == b"u":
                self._leave()
            else:
                self._enter(entry)

    def _path(self, name: bytes) -> tuple[bytes, ...]:
        return (*(folder.entry.name for folder in self._stack), name)

    def _enter(self, entry: Entry) -> None:
        folder = self._stack[-1]
        folder.names += 1
        descriptor = -1
        try:
            descriptor = self._one(folder.descriptor, entry) if folder.descriptor >= 0 else self._missing(entry)
        except OSError as error:
            self._problems.add("not-set", self._path(entry.name), os.strerror(error.errno or 0))
        if entry.kind == b"d":
            self._stack.append(Folder(descriptor, entry))

    def _missing(self, entry: Entry) -> int:
        self._problems.add("missing", self._path(entry.name))
        return -1

    def _one(self, folder: int, entry: Entry) -> int:
        """Given an entry of an open folder, give it all that the record says; of a folder, return it opened (its own attributes come when it is left)."""
        where = inside(folder, entry.name)
        try:
            found = os.lstat(where)
        except FileNotFoundError:
            if entry.kind == b"l":
                self._link(folder, entry, None)
                return -1
            if entry.kind != b"k":
                return self._missing(entry)
            os.mknod(where, stat.S_IFSOCK | 0o600)  # duplicity leaves sockets out
            found = os.lstat(where)
        if entry.kind == b"l":
            self._link(folder, entry, found)
            return -1
        if KINDS[stat.S_IFMT(found.st_mode)] != entry.kind:
            self._problems.add("other-type", self._path(entry.name))
            return -1
        if entry.kind == b"s":
            if os.readlink(where) != entry.target:
                self._problems.add("other-target", self._path(entry.name))
            self._set(where, False, entry, found)
            self._remember(entry, found)
            return -1
        # O_PATH: whatever it is by now, it is opened without a side effect, and all that follows is done to this very inode.
        descriptor = os.open(where, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        keep = False
        try:
            found = os.fstat(descriptor)
            if KINDS[stat.S_IFMT(found.st_mode)] != entry.kind:
                self._problems.add("other-type", self._path(entry.name))
            elif entry.kind == b"d":
                keep = True
                return descriptor
            else:
                self._not_a_folder(descriptor, entry, found)
        finally:
            if not keep:
                os.close(descriptor)
        return -1

    def _not_a_folder(self, descriptor: int, entry: Entry, found: os.stat_result) -> None:
        of_inode = b"/proc/self/fd/%d" % descriptor
        if entry.kind == b"f" and found.st_size != entry.size:
            self._problems.add("other-size", self._path(entry.name))
        elif entry.kind in (b"c", b"b") and found.st_rdev != entry.size:
            self._problems.add("other-device", self._path(entry.name))
        elif entry.holes:
            self._punch(of_inode, entry)
        self._set(of_inode, True, entry, found)
        self._remember(entry, found)

    def _remember(self, entry: Entry, found: os.stat_result) -> None:
        if entry.group >= 0:
            self._groups[entry.group] = (self._path(entry.name)[1:], (found.st_dev, found.st_ino), entry.links - 1)

    def _leave(self) -> None:
        folder = self._stack.pop()
        if folder.descriptor < 0:
            return
        path = self._path(folder.entry.name)
        try:
            there = len(names_in(folder.descriptor))
            for _one in range(there - folder.names):
                self._problems.add("extra", path, "in")
            of_inode = b"/proc/self/fd/%d" % folder.descriptor
            self._set(of_inode, True, folder.entry, os.fstat(folder.descriptor), path)
        except OSError as error:
            self._problems.add("not-set", path, os.strerror(error.errno or 0))
        finally:
            os.close(folder.descriptor)

    def _link(self, folder: int, entry: Entry, found: os.stat_result | None) -> None:
        """Makes the name one of the file that the record met before; what duplicity restored there is a copy of it."""
        if entry.group not in self._groups:
            self._problems.add("missing", self._path(entry.name), "the name that it is to share a file with")
            return
        path, inode, left = self._groups[entry.group]
        if left > 1:
            self._groups[entry.group] = (path, inode, left - 1)
        else:
            del self._groups[entry.group]
        if found and (found.st_dev, found.st_ino) == inode:
            return
        parent = self._open_parent(path)
        try:
            first = os.lstat(inside(parent, path[-1]))
            if (first.st_dev, first.st_ino) != inode:
                raise OSError(errno.ESTALE, "changed")
            if found and (stat.S_IFMT(found.st_mode), found.st_size) != (stat.S_IFMT(first.st_mode), first.st_size):
                self._problems.add("other-size", self._path(entry.name))
                return
            new = b".haven-%s" % os.urandom(8).hex().encode()
            os.link(path[-1], new, src_dir_fd=parent, dst_dir_fd=folder, follow_symlinks=False)
            os.rename(new, entry.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(parent)

    def _open_parent(self, path: tuple[bytes, ...]) -> int:
        descriptor = os.dup(self._stack[0].descriptor)
        for name in path[:-1]:
            try:
                below = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            finally:
                os.close(descriptor)
            descriptor = below
        return descriptor

    def _punch(self, of_inode: bytes, entry: Entry) -> None:
        """Makes holes where the record has some, if nothing but zeros is there."""
        file = os.open(of_inode, os.O_RDWR | os.O_CLOEXEC)
        try:
            for start, length in zip(entry.holes[::2], entry.holes[1::2], strict=True):
                if not only_zeros(file, start, length):
                    self._problems.add("data-in-hole", self._path(entry.name))
                    return
                punch_hole(file, start, length)
        finally:
            os.close(file)

    def _set(self, where: bytes, follow: bool, entry: Entry, found: os.stat_result, path: tuple[bytes, ...] = ()) -> None:
        """Owner first (it takes capabilities and setuid away), then mode, ACLs and xattrs, and the time last."""

        def attempt(what: str, action: Any, *arguments: Any, **named: Any) -> None:
            try:
                action(where, *arguments, **named)
            except OSError as error:
                self._problems.add("not-set", path or self._path(entry.name), f"{what}: {os.strerror(error.errno or 0)}")

        if (found.st_uid, found.st_gid) != (entry.uid, entry.gid):
            attempt("owner", os.chown, entry.uid, entry.gid, follow_symlinks=follow)
        present = xattrs_of(where, follow)
        for name in present.keys() - entry.xattrs.keys():
            attempt(name, os.removexattr, name, follow_symlinks=follow)
        if follow:
            attempt("mode", os.chmod, entry.mode)
        for name, value in entry.xattrs.items():
            if present.get(name) != value:
                attempt(name, os.setxattr, name, value, follow_symlinks=follow)
        attempt("time", os.utime, ns=(found.st_atime_ns, entry.mtime), follow_symlinks=follow)
        if follow and stat.S_IMODE(os.stat(where).st_mode) != entry.mode:
            # The kernel drops setgid without a word, where it may not be set.
            self._problems.add("not-set", path or self._path(entry.name), "mode")


def only_zeros(file: int, start: int, length: int) -> bool:
    at, end = start, start + length
    while at < end:
        piece = os.pread(file, min(CHUNK, end - at), at)
        if not piece or piece != ZEROS[: len(piece)]:
            return False
        at += len(piece)
    return True


def punch_hole(file: int, start: int, length: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    keep_size_and_punch = 0x01 | 0x02
    if libc.fallocate(file, keep_size_and_punch, ctypes.c_longlong(start), ctypes.c_longlong(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# ---- compare ------------------------------------------------------------------------------------------------------------


def differences(old: Entry, new: Entry) -> list[str]:
    """What of two entries with one path is not the same. More holes than before are none: zeros may be stored as holes."""
    found = [name for name in ("kind", "mode", "uid", "gid", "mtime", "size", "group", "links", "target", "xattrs") if getattr(old, name) != getattr(new, name)]
    if b"-" not in (old.sha256, new.sha256) and old.sha256 != new.sha256:
        found.append("content")
    if old.holes and not new.holes:
        found.append("holes")
    return found


def unnoticed(old: Entry, new: Entry) -> bool:
    """Other content under the same size and second: what duplicity takes for unchanged."""
    if old.kind != b"f" or new.kind != b"f" or b"-" in (old.sha256, new.sha256):
        return False
    return old.size == new.size and old.mtime // 10**9 == new.mtime // 10**9 and old.sha256 != new.sha256


# ---- the three commands -------------------------------------------------------------------------------------------------


def record(tree: str, path: str, options: dict[str, str]) -> int:
    with_hash, previous = "--hash" in options, options.get("--previous")
    if previous and not (with_hash and has_hashes(previous)):
        raise Ended(3, "--previous compares hashes: both records need them", "use --hash, each time")
    counts = write_record(tree, path, with_hash)
    summary: dict[str, Any] = {**counts.of, "hashed": with_hash}
    if previous:
        problems = Problems(options.get("--names"))
        for where, old, new in merged(read_record(previous), read_record(path)):
            if old and new and unnoticed(old, new):
                problems.add("unnoticed", where)
        summary["unnoticed"] = problems.count["unnoticed"]
    return tell(summary)


def apply(path: str, tree: str, options: dict[str, str]) -> int:
    counts = Counts()
    for entry in read_record(path):  # nothing is touched before the whole record was seen to be good
        counts.add(entry)
    problems = Problems(options.get("--names"))
    try:
        Applier(problems).apply(path, tree)
    except OSError as error:
        raise unreadable(error) from None
    return tell({**counts.of, "problems": dict(problems.count)}, problems)


def check(path: str, tree: str, options: dict[str, str]) -> int:
    counts, problems = Counts(), Problems(options.get("--names"))
    with_hash = has_hashes(path)
    try:
        for where, old, new in merged(read_record(path), Recorder(with_hash).entries(tree)):
            if old:
                counts.add(old)
            for kind in differences(old, new) if old and new else ["missing" if old else "extra"]:
                problems.add(kind, where)
    except OSError as error:
        raise unreadable(error) from None
    return tell({**counts.of, "hashed": with_hash, "problems": dict(problems.count)}, problems)


def tell(summary: dict[str, Any], problems: Problems | None = None) -> int:
    print(json.dumps(summary), flush=True)
    if not problems or not problems.count:
        return 0
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(problems.count.items()))
    only_unset = set(problems.count) == {"not-set"}
    what = "some attributes could not be set" if only_unset else "the tree is not what the record tells of"
    print(f"ERROR: {what}: {kinds}\nWHAT TO DO: see their names (--names FILE); " + ("run this as root" if only_unset else "do not trust this tree"), file=sys.stderr)
    return 1 if only_unset else 30


def arguments_of(given: list[str]) -> tuple[list[str], dict[str, str]]:
    places: list[str] = []
    options: dict[str, str] = {}
    rest = iter(given)
    for argument in rest:
        if argument == "--hash":
            options[argument] = ""
        elif argument in ("--previous", "--names"):
            options[argument] = next(rest, "")
        else:
            places.append(argument)
    return places, options


def main(given: list[str]) -> int:
    places, options = arguments_of(given[1:])
    commands = {"record": record, "apply": apply, "check": check}
    if given == ["--help"]:
        print(__doc__)
        return 0
    if not given or given[0] not in commands or len(places) != 2 or any(place.startswith("--") for place in places):
        print(__doc__, file=sys.stderr)
        return 3
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a descriptor for each level of a deep tree
    try:
        return commands[given[0]](places[0], places[1], options)
    except Ended as reason:
        print(f"ERROR: {reason.message}\nWHAT TO DO: {reason.hint}", file=sys.stderr)
        return reason.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
