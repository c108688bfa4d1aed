#!/usr/bin/env python3
"""Fills a folder with the files that backups get wrong. Same seed, same bytes. Needs root (owners, modes, capabilities) and Python alone.

    make_awkward_tree.py FOLDER [--small-files N] [--exact-bytes N]
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import struct

NANOSECOND = 1_000_000_000


def write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def acl(entries: list[tuple[int, int, int]]) -> bytes:
    """Given (tag, permissions, id), return the value of system.posix_acl_access (linux/posix_acl_xattr.h, version 2)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def sizes(root: bytes, random_source: random.Random, exact_bytes: int) -> None:
    folder = os.path.join(root, b"sizes")
    os.mkdir(folder)
    write(os.path.join(folder, b"empty"), b"")
    write(os.path.join(folder, b"one byte"), b"x")
    write(os.path.join(folder, b"exactly one part"), random_source.randbytes(exact_bytes))
    write(os.path.join(folder, b"incompressible"), random_source.randbytes(12 << 20))
    write(os.path.join(folder, b"compressible"), b"all work and no play\n" * (8 << 16))
    with open(os.path.join(folder, b"sparse"), "wb") as file:
        file.seek(16 << 20)
        file.write(b"an island")
        file.truncate(24 << 20)


def names(root: bytes) -> None:
    folder = os.path.join(root, b"names")
    os.mkdir(folder)
    awkward = [b"new\nline", b"-rf", b"--help", b" leading space", b"trailing space ", b"quote'\"`$(x)", b"back\\slash", b"*?[a]", b"tab\there",
               b"bad utf-8 \xff\xfe\x80", "snow ☃ é e\u0301".encode(), b"~", b"#", b"x" * 255, "é".encode() * 127]
    for number, name in enumerate(awkward):
        write(os.path.join(folder, name), b"%d" % number)


def links(root: bytes) -> None:
    folder = os.path.join(root, b"links")
    os.mkdir(folder)
    first = os.path.join(folder, b"first name")
    write(first, b"one inode, three names")
    os.link(first, os.path.join(folder, b"second name"))
    os.mkdir(os.path.join(folder, b"elsewhere"))
    os.link(first, os.path.join(folder, b"elsewhere", b"third name"))
    os.symlink(b"first name", os.path.join(folder, b"symlink"))
    os.symlink(b"/nowhere/at all", os.path.join(folder, b"dangling"))
    os.symlink(b"..", os.path.join(folder, b"loop"))
    os.symlink(b"t" * 1000, os.path.join(folder, b"long target"))


def kinds(root: bytes) -> None:
    folder = os.path.join(root, b"kinds")
    os.mkdir(folder)
    os.mkfifo(os.path.join(folder, b"fifo"), 0o640)
    os.mknod(os.path.join(folder, b"character device"), 0o020600, os.makedev(1, 3))
    server = socket.socket(socket.AF_UNIX)
    previous = os.getcwd()
    os.chdir(folder)  # the address of a socket is short
    server.bind("socket")
    os.chdir(previous)
    server.close()
    os.mkdir(os.path.join(folder, b"empty folder"))
    deep = folder
    for level in range(60):
        deep = os.path.join(deep, b"level %d" % level)
        os.mkdir(deep)
    write(os.path.join(deep, b"bottom"), b"deep")


def permissions(root: bytes) -> None:
    folder = os.path.join(root, b"permissions")
    os.mkdir(folder)
    for mode in (0o000, 0o400, 0o4755, 0o2755, 0o1777, 0o6711):
        path = os.path.join(folder, b"mode %04o" % mode)
        write(path, b"mode")
        os.chown(path, 1234, 65534)
        os.chmod(path, mode)
    os.mkdir(os.path.join(folder, b"sticky folder"))
    os.chmod(os.path.join(folder, b"sticky folder"), 0o1777)
    tagged = os.path.join(folder, b"xattrs")
    write(tagged, b"tagged")
    os.setxattr(tagged, b"user.comment", b"hello\x00world")
    os.setxattr(tagged, b"user.empty", b"")
    os.setxattr(tagged, b"user.long", b"v" * 3000)
    # One entry for user 1234 beside owner, group, mask and others.
    with_acl = os.path.join(folder, b"acl")
    write(with_acl, b"acl")
    none = 0xFFFFFFFF
    os.setxattr(with_acl, b"system.posix_acl_access", acl([(1, 6, none), (2, 4, 1234), (4, 4, none), (16, 4, none), (32, 0, none)]))
    os.setxattr(os.path.join(folder, b"sticky folder"), b"system.posix_acl_default", acl([(1, 7, none), (2, 5, 1234), (4, 5, none), (16, 5, none), (32, 0, none)]))


def times(root: bytes) -> None:
    folder = os.path.join(root, b"times")
    os.mkdir(folder)
    for name, when in ((b"1901", -2_177_452_800), (b"1969", -1), (b"epoch", 0), (b"2038", 1 << 31), (b"2100", 4_102_444_800)):
        path = os.path.join(folder, name)
        write(path, b"time")
        os.utime(path, ns=(0, when * NANOSECOND + 123_456_789))


def many(root: bytes, random_source: random.Random, count: int) -> None:
    for number in range(count):
        folder = os.path.join(root, b"many", b"%02d" % (number % 100))
        if number < 100:
            os.makedirs(folder)
        write(os.path.join(folder, b"%05d" % number), random_source.randbytes(random_source.randrange(900)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--small-files", type=int, default=10_000)
    parser.add_argument("--exact-bytes", type=int, default=4 << 20)
    given = parser.parse_args()
    root = os.fsencode(given.folder)
    random_source = random.Random(20260101)
    os.umask(0o022)
    sizes(root, random_source, given.exact_bytes)
    names(root)
    links(root)
    kinds(root)
    permissions(root)
    times(root)
    many(root, random_source, given.small_files)


if __name__ == "__main__":
    main()
