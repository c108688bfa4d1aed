#!/usr/bin/env python3
"""Looks at entries of tests.test_compare's tree, in the source, as duplicity alone restored them, and after attributes.py; prints a table in Markdown.

    attribute_table.py SOURCE ALONE RESTORED
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from typing import Any


def status(path: str) -> os.stat_result:
    return os.lstat(path)


def attribute(name: str) -> Callable[[str], Any]:
    def get(path: str) -> Any:
        return os.getxattr(path, name, follow_symlinks=False) if name in os.listxattr(path, follow_symlinks=False) else None

    return get


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def has_hole(path: str) -> bool:
    with open(path, "rb") as file:
        return os.lseek(file.fileno(), 0, os.SEEK_HOLE) < os.fstat(file.fileno()).st_size


def seconds(path: str) -> int:
    return status(path).st_mtime_ns // 10**9


def names(folder: str) -> list[bytes]:
    return sorted(name for name in os.listdir(os.fsencode(folder)) if name != b"socket")


# What, of which entry, and how it is looked at.
ROWS: list[tuple[str, str, Callable[[str], Any]]] = [
    ("contents", "big", content),
    ("empty files and folders", "empty", lambda path: (status(path).st_size, os.listdir(os.path.join(os.path.dirname(path), "void")))),
    ("names of any bytes", ".", names),
    ("mode, with setuid and sticky", "setuid", lambda path: (status(path).st_mode, status(os.path.join(os.path.dirname(path), "sticky")).st_mode)),
    ("owner and group, by number", "closed", lambda path: (status(path).st_uid, status(path).st_gid)),
    ("target of a symbolic link, of any bytes", "dangling", lambda path: os.readlink(os.fsencode(path))),
    ("FIFOs", "fifo", lambda path: stat.S_ISFIFO(status(path).st_mode)),
    ("devices and their numbers", "loop", lambda path: (status(path).st_mode, status(path).st_rdev)),
    ("time of a file, whole seconds", "plain", seconds),
    ("time of a file, nanoseconds", "plain", lambda path: status(path).st_mtime_ns),
    ("time of a folder, nanoseconds", "deep", lambda path: status(path).st_mtime_ns),
    ("times before 1970", "empty", lambda path: status(path).st_mtime_ns),
    ("time of a symbolic link", "dangling", lambda path: status(path).st_mtime_ns),
    ("hard links", "link-a1", lambda path: status(path).st_nlink),
    ("holes (sparse files)", "sparse", has_hole),
    ("extended attributes (user.*)", "plain", attribute("user.colour")),
    ("POSIX ACLs", "plain", attribute("system.posix_acl_access")),
    ("default ACLs of folders", "deep", attribute("system.posix_acl_default")),
    ("file capabilities", "setuid", attribute("security.capability")),
    ("sockets", "socket", lambda path: stat.S_ISSOCK(status(path).st_mode)),
]


def same(look: Callable[[str], Any], ours: str, theirs: str) -> str:
    try:
        return "yes" if look(ours) == look(theirs) else "**no**"
    except FileNotFoundError:
        return "**no**"


def main(source: str, alone: str, restored: str) -> None:
    print("| attribute | duplicity alone | with attributes.py |\n|---|---|---|")
    lines = [f"| {what} | {same(look, f'{source}/{name}', f'{alone}/{name}')} | {same(look, f'{source}/{name}', f'{restored}/{name}')} |" for what, name, look in ROWS]
    print("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
