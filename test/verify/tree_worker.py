"""Builds two equal trees as a line of JSON on stdin says, changes one of them in one way, and answers with what the drill's verify finds.

Trees are made by system calls, not by a copying tool, so that nothing is kept or lost by somebody else's idea of a copy. Needs root.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.verify import verify

Entry = dict[str, Any]
HOLE = 1 << 20


def content(entry: Entry) -> bytes:
    return bytes((entry["seed"] + i) % 251 for i in range(entry["size"]))


def make(root: bytes, entries: list[Entry]) -> list[bytes]:
    """Returns each entry's path; the root is a directory of its own and comes first."""
    paths, folders = [root], [root]
    os.mkdir(root)
    for number, entry in enumerate(entries):
        parent = folders[entry["parent"] % len(folders)]
        # The number keeps names apart; what comes before it may be anything.
        path = os.path.join(parent, bytes.fromhex(entry["name"]) + b"%d" % number)
        make_one(path, entry, paths, entries)
        paths.append(path)
        if entry["kind"] == "folder":
            folders.append(path)
    for path, entry in reversed(list(zip(paths[1:], entries, strict=True))):
        if entry["kind"] != "link":
            dress(path, entry)
    os.utime(root, ns=(0, 1_000_000_007))
    return paths


def make_one(path: bytes, entry: Entry, paths: list[bytes], entries: list[Entry]) -> None:
    kind = entry["kind"]
    if kind == "link":
        files = [paths[i + 1] for i, other in enumerate(entries[: len(paths) - 1]) if other["kind"] == "file"]
        if files:
            os.link(files[entry["seed"] % len(files)], path)
            return
        kind = entry["kind"] = "file"
    if kind == "folder":
        os.mkdir(path)
    elif kind == "symlink":
        os.symlink(b"to %d" % entry["seed"], path)
    elif kind == "file":
        with open(path, "wb") as file:
            file.seek(HOLE if entry["hole"] else 0)
            file.write(content(entry))
    else:
        types = {"fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK, "device": stat.S_IFCHR}
        os.mknod(path, 0o600 | types[kind], os.makedev(1, entry["seed"] % 200))


def dress(path: bytes, entry: Entry) -> None:
    follow = entry["kind"] != "symlink"
    os.chown(path, entry["uid"], entry["gid"], follow_symlinks=False)
    if follow:
        os.chmod(path, entry["mode"])
    if entry["kind"] in ("file", "folder"):
        for name, value in entry["xattrs"].items():
            os.setxattr(path, "user." + name, bytes.fromhex(value))
    os.utime(path, ns=(0, int(entry["mtime"])), follow_symlinks=False)


def flip(path: bytes, entry: Entry) -> None:
    if entry["size"] == 0:
        raise Inapplicable
    at = (HOLE if entry["hole"] else 0) + entry["seed"] % entry["size"]
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def fill(path: bytes, entry: Entry) -> None:
    if not entry["hole"] or entry["size"] == 0:
        raise Inapplicable
    with open(path, "r+b") as file:
        file.write(bytes(HOLE))
        os.fsync(file.fileno())


def rename(path: bytes, entry: Entry) -> None:
    os.rename(path, path + b"'")


def remove(path: bytes, entry: Entry) -> None:
    shutil.rmtree(path) if entry["kind"] == "folder" else os.remove(path)


def retarget(path: bytes, entry: Entry) -> None:
    os.remove(path)
    os.symlink(b"t0 %d" % entry["seed"], path)


def retype(path: bytes, entry: Entry) -> None:
    remove(path, entry)
    os.mkfifo(path) if entry["kind"] != "fifo" else os.mkdir(path)


def unlink(path: bytes, entry: Entry) -> None:
    """The same bytes, owner and times, but a file of its own."""
    before = os.stat(path)
    data = open(path, "rb").read()
    os.remove(path)
    with open(path, "wb") as file:
        file.write(data)
    os.chown(path, before.st_uid, before.st_gid)
    os.chmod(path, stat.S_IMODE(before.st_mode))
    os.utime(path, ns=(0, before.st_mtime_ns))


def xattr(path: bytes, entry: Entry) -> None:
    names = list(entry["xattrs"])
    if names and entry["seed"] % 3 == 0:
        os.removexattr(path, "user." + names[0])
    elif names and entry["seed"] % 3 == 1:
        os.setxattr(path, "user." + names[0], bytes.fromhex(entry["xattrs"][names[0]]) + b"!")
    else:
        os.setxattr(path, "user.another", b"")


def acl(path: bytes, entry: Entry) -> None:
    # Version 2; owner, a named user, group, mask, others: the mode stays what it was.
    mode = entry["mode"]
    who = 0xFFFFFFFF
    lines = ((1, mode >> 6 & 7, who), (2, 4, 4242), (4, mode >> 3 & 7, who), (16, mode >> 3 & 7, who), (32, mode & 7, who))
    data = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + uid.to_bytes(4, "little") for tag, perm, uid in lines
    )
    os.setxattr(path, "system.posix_acl_access", data)
    os.chmod(path, mode)


def mode(path: bytes, entry: Entry) -> None:
    os.chmod(path, entry["mode"] ^ (1 << entry["seed"] % 12))


def owner(path: bytes, entry: Entry) -> None:
    os.chown(path, entry["uid"] + 1, entry["gid"], follow_symlinks=False)
    restore_mode(path, entry)


def group(path: bytes, entry: Entry) -> None:
    os.chown(path, entry["uid"], entry["gid"] + 1, follow_symlinks=False)
    restore_mode(path, entry)


def restore_mode(path: bytes, entry: Entry) -> None:
    # chown takes setuid and setgid away.
    if entry["kind"] != "symlink":
        os.chmod(path, entry["mode"])


def moment(path: bytes, entry: Entry) -> None:
    os.utime(path, ns=(0, int(entry["mtime"]) + 1), follow_symlinks=False)


def append(path: bytes, entry: Entry) -> None:
    with open(path, "ab") as file:
        file.write(b"\0")


def cut(path: bytes, entry: Entry) -> None:
    size = os.path.getsize(path)
    if size == 0:
        raise Inapplicable
    os.truncate(path, size - 1)


def extra(path: bytes, entry: Entry) -> None:
    os.mkfifo(os.path.join(path, b"extra"))


def device(path: bytes, entry: Entry) -> None:
    os.remove(path)
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, entry["seed"] % 200 + 1))


class Inapplicable(Exception):
    pass


# Which kinds of entries a change can be made to, and how.
ALL = ("file", "folder", "symlink", "fifo", "socket", "device")
CHANGES: dict[str, tuple[tuple[str, ...], Callable[[bytes, Entry], None]]] = {
    "flip": (("file",), flip),
    "append": (("file",), append),
    "cut": (("file",), cut),
    "fill": (("file",), fill),
    "unlink": (("link",), unlink),
    "mode": (("file", "folder", "fifo", "socket", "device"), mode),
    "owner": (ALL, owner),
    "group": (ALL, group),
    "moment": (ALL, moment),
    "xattr": (("file", "folder"), xattr),
    "acl": (("file", "folder"), acl),
    "rename": ((*ALL, "link"), rename),
    "remove": ((*ALL, "link"), remove),
    "extra": (("folder",), extra),
    "retarget": (("symlink",), retarget),
    "retype": (ALL, retype),
    "device": (("device",), device),
}
# What is changed back after a change that moves it on: of the entry itself, and of the folder that it is in.
KEEPS_TIME = {"flip", "append", "cut", "fill", "mode", "owner", "group", "xattr", "acl", "extra"}


def change(name: str, at: int, paths: list[bytes], entries: list[Entry]) -> bytes | None:
    """Makes one change to the at-th entry that can have it; returns its path, or None where there is none."""
    kinds, act = CHANGES[name]
    possible = [i for i, entry in enumerate(entries) if entry["kind"] in kinds]
    for turn in range(len(possible)):
        number = possible[(at + turn) % len(possible)]
        path, entry = paths[number + 1], entries[number]
        parent = os.path.dirname(path)
        before = os.stat(parent).st_mtime_ns
        try:
            act(path, entry)
        except Inapplicable:
            continue
        if name in KEEPS_TIME:
            os.utime(path, ns=(0, int(entry["mtime"])), follow_symlinks=False)
        os.utime(parent, ns=(0, before))
        return path
    return None


def answer(case: dict[str, Any], folder: str) -> dict[str, Any]:
    source, restored = os.path.join(folder, "source"), os.path.join(folder, "restored")
    entries = case["entries"]
    make(os.fsencode(source), entries)
    paths = make(os.fsencode(restored), entries)
    changed: bytes | None = None
    if case["change"] is not None:
        changed = change(case["change"]["name"], case["change"]["at"], paths, entries)
        if changed is None:
            return {"inapplicable": True}
    places = Places(out=folder, source=source, restored=restored)
    try:
        result = verify({"compare": "filesystem"}, Events(lambda line: None), Stopping(), places)
        return {"red": False, "entries": result["comparison"]["entries"]}
    except Problem as problem:
        with open(os.path.join(folder, "comparison.json"), encoding="ascii") as file:
            found = json.load(file)
        kinds = sorted({item["kind"] for item in found["listed"]})
        return {"red": True, "exit": problem.exit_code, "kinds": kinds, "mismatches": found["mismatches"]}


def main() -> None:
    # Not in /tmp: it may be a tmpfs without user xattrs.
    for line in sys.stdin:
        folder = tempfile.mkdtemp(prefix="haven-verify-", dir=os.environ.get("HAVEN_TEST_DISK", "/var/tmp"))
        try:
            said = answer(json.loads(line), folder)
        finally:
            shutil.rmtree(folder)
        print(json.dumps(said), flush=True)


main()
