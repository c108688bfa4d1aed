"""Where a file has data and where it has holes."""

from __future__ import annotations

import errno
import os


def has_hole(descriptor: int, size: int) -> bool:
    """True when some of the file's bytes are a hole (the one that every file has at its end does not count)."""
    if size == 0:
        return False
    try:
        return os.lseek(descriptor, 0, os.SEEK_HOLE) < size
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EINVAL, errno.ENOTSUP):
            return False
        raise
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
