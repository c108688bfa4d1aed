"""One entry of a tree: what it is, read without following links and without opening anything that is not a regular file or a directory.

Entries are reached through /proc/self/fd/N/name: names stay bytes, a path cannot get too long, and lgetxattr works, which has no *at form.
"""

from __future__ import annotations

import errno
import os
import stat

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device",
}

ACL_PREFIX = "system.posix_acl_"


def inside(directory: int, name: bytes) -> bytes:
    """The path of an entry of an open directory; of the directory itself when name is empty."""
    return b"/proc/self/fd/%d/%s" % (directory, name or b".")


def open_directory(path: bytes) -> int:
    return _open_quietly(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def open_file(path: bytes) -> int:
    """Given the path of a regular file, open it; O_NONBLOCK so that not even one that was swapped for a FIFO can hang us."""
    descriptor = _open_quietly(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "changed while it was looked at")
    return descriptor


def _open_quietly(path: bytes, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        return os.open(path, flags)  # O_NOATIME is for the owner (or CAP_FOWNER) only


def type_name(mode: int) -> str:
    return TYPES.get(stat.S_IFMT(mode), "unknown")


def xattrs(path: bytes) -> dict[str, bytes]:
    """All the extended attributes that this process may see: names as the system has them, ACLs and capabilities among them."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in names}


def shows_acls(path: bytes) -> bool:
    """False where the file system keeps POSIX ACLs out of sight (acltype=off), so that nothing can be said about them."""
    try:
        os.getxattr(path, ACL_PREFIX + "access", follow_symlinks=False)
    except OSError as error:
        return error.errno != errno.ENOTSUP
    return True
