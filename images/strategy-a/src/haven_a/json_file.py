"""Small records in the state volume: replaced whole, synced, and readable by another run at any time."""

from __future__ import annotations

import errno
import json
import os
from typing import Any


def read_json(path: str) -> Any:
    """None when there is none, or none that can be read: the state volume is a cache."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: str, value: Any) -> None:
    write_file(path, json.dumps(value).encode("ascii"))


def write_file(path: str, data: bytes) -> None:
    """After it returned the new content survives a power cut; before, the old one does."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(f"{path}.new", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)
    sync_folder(folder)


def cache_file(path: str, data: bytes) -> None:
    """As write_file, but where nothing may or can be written, nothing is lost: `list` and `audit` see the state volume read-only."""
    try:
        write_file(path, data)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            raise


def remove_file(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_folder(os.path.dirname(path))


def sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
