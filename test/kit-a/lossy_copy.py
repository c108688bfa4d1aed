"""Copies a tree and loses what duplicity loses (measured; docs/attributes.md): hard links, holes, xattrs, ACLs, capabilities, sockets, nanoseconds, times before
1970, the times of symbolic links. What it keeps is kept: contents, modes, owners, whole seconds, targets, FIFOs, devices."""

from __future__ import annotations

import os
import stat


def lossy_copy(source: bytes, target: bytes) -> None:
    os.mkdir(target)
    for name in sorted(os.listdir(source)):
        ours, theirs = os.path.join(source, name), os.path.join(target, name)
        found = os.lstat(ours)
        if stat.S_ISDIR(found.st_mode):
            lossy_copy(ours, theirs)
            continue
        if stat.S_ISSOCK(found.st_mode):
            continue
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(ours), theirs)
            os.chown(theirs, found.st_uid, found.st_gid, follow_symlinks=False)
            continue
        if stat.S_ISREG(found.st_mode):
            with open(ours, "rb") as read, open(theirs, "wb") as write:
                while piece := read.read(1 << 20):
                    write.write(piece)
        else:
            os.mknod(theirs, found.st_mode, found.st_rdev)
        keep(theirs, found)
    keep(target, os.lstat(source))


def keep(path: bytes, found: os.stat_result) -> None:
    os.chown(path, found.st_uid, found.st_gid)
    os.chmod(path, stat.S_IMODE(found.st_mode))
    os.utime(path, (0, max(0, int(found.st_mtime))))
