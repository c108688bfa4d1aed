"""Walks two trees side by side and finds everything in which they differ.

Guarantees: each entry of either tree is looked at, whatever its name; a read error is a mismatch, never a crash and never a pass; memory is that
of one chain of directories (and of one entry for each file that has several links). Not compared, for a restore cannot keep them: atime, ctime,
inode numbers, and the size of a directory.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from haven_drill import entry
from haven_drill.holes import has_hole
from haven_drill.mismatches import Mismatches

CHUNK = 1 << 20

CHECKED = [
    "presence",
    "type",
    "mode",
    "uid",
    "gid",
    "mtime-ns",
    "size",
    "content-sha256",
    "symlink-target",
    "link-count",
    "hard-link-groups",
    "device-number",
    "xattrs",
    "posix-acls",
    "holes",
]


@dataclass
class Tally:
    entries: int = 0
    files: int = 0
    bytes: int = 0
    by_type: dict[str, int] = field(default_factory=dict)
    # Entries of directories whose ACLs one side cannot show: said in the result, for they were not compared.
    acls_invisible: int = 0


class Comparison:
    """State of one walk: the tallies, the mismatches and the hard links that were met."""

    def __init__(self, on_progress: Callable[[Tally], None]) -> None:
        self.tally = Tally()
        self.mismatches = Mismatches()
        self._on_progress = on_progress
        self._links: dict[str, dict[tuple[int, int], tuple[int, int]]] = {"source": {}, "restored": {}}

    def trees(self, source: str, restored: str) -> None:
        """Given the two roots, compare them and all below; throws OSError only when a root itself cannot be opened."""
        roots = [entry.open_directory(os.fsencode(root)) for root in (source, restored)]
        stack = [(roots[0], roots[1], b"", self._children(b"", roots[0], roots[1]))]
        self._one(b"", entry.inside(roots[0], b""), entry.inside(roots[1], b""))
        try:
            while stack:
                in_source, in_restored, path, names = stack[-1]
                name = next(names, None)
                if name is None:
                    stack.pop()
                    os.close(in_source)
                    os.close(in_restored)
                    continue
                child = path + b"/" + name if path else name
                pair = entry.inside(in_source, name), entry.inside(in_restored, name)
                if self._one(child, *pair):
                    opened = self._open_both(child, *pair)
                    if opened:
                        stack.append((*opened, child, self._children(child, *opened)))
        finally:
            for in_source, in_restored, _path, _names in stack:
                os.close(in_source)
                os.close(in_restored)

    def entry(self, name: bytes, source: bytes, restored: bytes) -> None:
        """Given one entry that is no directory, on either side, compare it."""
        self._one(name, source, restored)

    def _open_both(self, path: bytes, source: bytes, restored: bytes) -> tuple[int, int] | None:
        opened: list[int] = []
        for side, where in (("source", source), ("restored", restored)):
            try:
                opened.append(entry.open_directory(where))
            except OSError as error:
                self._unreadable(path, side, error)
        if len(opened) == 2:
            return opened[0], opened[1]
        for descriptor in opened:
            os.close(descriptor)
        return None

    def _children(self, path: bytes, source: int, restored: int) -> Iterator[bytes]:
        """The names that both directories have, in order; those that one of them lacks are mismatches."""
        lists: list[list[bytes]] = []
        for side, descriptor in (("source", source), ("restored", restored)):
            try:
                with os.scandir(entry.inside(descriptor, b"")) as found:
                    lists.append(sorted(item.name for item in found))
            except OSError as error:
                self._unreadable(path, side, error)
                return
        yield from self._merge(path, *lists)

    def _merge(self, path: bytes, source: list[bytes], restored: list[bytes]) -> Iterator[bytes]:
        i = j = 0
        while i < len(source) or j < len(restored):
            if j == len(restored) or (i < len(source) and source[i] < restored[j]):
                self.mismatches.add(path + b"/" + source[i] if path else source[i], "missing", "present", "absent")
                i += 1
            elif i == len(source) or restored[j] < source[i]:
                self.mismatches.add(path + b"/" + restored[j] if path else restored[j], "extra", "absent", "present")
                j += 1
            else:
                yield source[i]
                i, j = i + 1, j + 1

    def _one(self, path: bytes, source: bytes, restored: bytes) -> bool:
        """Compares one entry; true when it is a directory on both sides, to be walked into."""
        stats: list[os.stat_result] = []
        for side, where in (("source", source), ("restored", restored)):
            try:
                stats.append(os.lstat(where) if path else os.stat(where))
            except OSError as error:
                self._unreadable(path, side, error)
        if len(stats) != 2:
            return False
        ours, theirs = stats
        name = entry.type_name(ours.st_mode)
        self.tally.entries += 1
        self.tally.by_type[name] = self.tally.by_type.get(name, 0) + 1
        self._on_progress(self.tally)
        if stat.S_IFMT(ours.st_mode) != stat.S_IFMT(theirs.st_mode):
            self.mismatches.add(path, "type", name, entry.type_name(theirs.st_mode))
            return False
        self._metadata(path, ours, theirs)
        self._xattrs(path, source, restored)
        if stat.S_ISLNK(ours.st_mode):
            self._symlink(path, source, restored)
        elif stat.S_ISREG(ours.st_mode):
            self._file(path, source, restored, ours, theirs)
        return stat.S_ISDIR(ours.st_mode)

    def _metadata(self, path: bytes, ours: os.stat_result, theirs: os.stat_result) -> None:
        def differ(kind: str, source: object, restored: object) -> None:
            if source != restored:
                self.mismatches.add(path, kind, source, restored)

        differ("mode", oct(stat.S_IMODE(ours.st_mode)), oct(stat.S_IMODE(theirs.st_mode)))
        differ("uid", ours.st_uid, theirs.st_uid)
        differ("gid", ours.st_gid, theirs.st_gid)
        differ("mtime", ours.st_mtime_ns, theirs.st_mtime_ns)
        if stat.S_ISCHR(ours.st_mode) or stat.S_ISBLK(ours.st_mode):
            differ("device", ours.st_rdev, theirs.st_rdev)
        if not stat.S_ISDIR(ours.st_mode):
            differ("size", ours.st_size, theirs.st_size)
            differ("links", ours.st_nlink, theirs.st_nlink)

    def _xattrs(self, path: bytes, source: bytes, restored: bytes) -> None:
        sides: list[dict[str, bytes]] = []
        for side, where in (("source", source), ("restored", restored)):
            try:
                sides.append(entry.xattrs(where))
            except OSError as error:
                self._unreadable(path, side, error, "xattrs")
        if len(sides) != 2:
            return
        ours, theirs = sides
        acls_invisible = False
        for name in sorted(ours.keys() | theirs.keys()):
            if ours.get(name) == theirs.get(name):
                continue
            if name.startswith(entry.ACL_PREFIX) and name not in ours and not entry.shows_acls(source):
                acls_invisible = True  # the source does not use ACLs, so there is none that could have been lost
                continue
            self.mismatches.add(path, "xattr", _hex(ours.get(name)), _hex(theirs.get(name)), name)
        self.tally.acls_invisible += acls_invisible

    def _symlink(self, path: bytes, source: bytes, restored: bytes) -> None:
        targets: list[bytes] = []
        for side, where in (("source", source), ("restored", restored)):
            try:
                targets.append(os.readlink(where))
            except OSError as error:
                self._unreadable(path, side, error)
        if len(targets) == 2 and targets[0] != targets[1]:
            self.mismatches.add(path, "symlink", targets[0], targets[1])

    def _file(self, path: bytes, source: bytes, restored: bytes, ours: os.stat_result, theirs: os.stat_result) -> None:
        seen = self._hard_link(path, ours, theirs)
        if not seen and ours.st_size == theirs.st_size:
            self._content(path, source, restored, ours.st_size)
        self.tally.files += 1

    def _hard_link(self, path: bytes, ours: os.stat_result, theirs: os.stat_result) -> bool:
        """Names that are one file on one side must be one file on the other; true when this pair was compared before."""
        if ours.st_nlink < 2 and theirs.st_nlink < 2:
            return False
        mine, other = (ours.st_dev, ours.st_ino), (theirs.st_dev, theirs.st_ino)
        known, back = self._links["source"].get(mine), self._links["restored"].get(other)
        if known is None and back is None:
            self._links["source"][mine], self._links["restored"][other] = other, mine
            return False
        if known == other and back == mine:
            return True
        together = "is one file with another name"
        apart = "is a file of its own"
        self.mismatches.add(path, "hard-link", together if known else apart, together if back else apart)
        return False

    def _content(self, path: bytes, source: bytes, restored: bytes, size: int) -> None:
        digests: list[str] = []
        holes: list[bool] = []
        for side, where in (("source", source), ("restored", restored)):
            try:
                digest, hole, count = self._digest(where, size, counted=side == "source")
            except OSError as error:
                self._unreadable(path, side, error)
                continue
            if count != size:
                self.mismatches.add(path, "unreadable", size, count, f"{side}: ended early or late")
            digests.append(digest)
            holes.append(hole)
        if len(digests) != 2:
            return
        if digests[0] != digests[1]:
            self.mismatches.add(path, "content", *digests)
        # One way only: ZFS makes holes of zeros while it compresses, so the copy may have more of them.
        if holes == [True, False]:
            self.mismatches.add(path, "sparse", "has holes", "has none")

    def _digest(self, path: bytes, size: int, counted: bool) -> tuple[str, bool, int]:
        descriptor = entry.open_file(path)
        try:
            digest, count = hashlib.sha256(), 0
            hole = has_hole(descriptor, size)
            buffer = memoryview(bytearray(min(CHUNK, max(size, 1) + 1)))
            while got := os.readv(descriptor, [buffer]):
                digest.update(buffer[:got])
                count += got
                if counted:
                    self.tally.bytes += got
                self._on_progress(self.tally)
            return digest.hexdigest(), hole, count
        finally:
            os.close(descriptor)

    def _unreadable(self, path: bytes, side: str, error: OSError, what: str = "") -> None:
        reason = os.strerror(error.errno) if error.errno is not None else "unknown"
        sides = (reason, "-") if side == "source" else ("-", reason)
        self.mismatches.add(path, "unreadable", *sides, what)


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data[:4096].hex()
