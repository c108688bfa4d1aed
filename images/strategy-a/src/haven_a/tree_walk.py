"""Looks at every entry of a source before duplicity does: what there is to back up, that all of it can be looked at, and an index of what tells that a file changed.

The index has a line for each regular file, in the order in which duplicity walks: inode, time of change (ctime) and path. duplicity itself goes by whole seconds of mtime
alone (not even by the size), so it takes a file whose mtime was put back, or that changed twice in a second, for unchanged. ctime cannot be put back.
"""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from haven_a.source import unreadable


@dataclass
class Counts:
    entries: int = 0
    files: int = 0
    bytes: int = 0
    #: The youngest ctime of all entries, in nanoseconds.
    newest_change: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"entries": self.entries, "files": self.files, "sourceBytes": self.bytes, "newestChangeNs": self.newest_change}


def walk_source(source_id: str, path: str, index_path: str, on_progress: Callable[[int], None]) -> Counts:
    """Given the source's mountpoint and where the index goes, return what there is; throws source-unreadable at the first entry that cannot be looked at."""
    counts = Counts()
    prefix = b"source/" + source_id.encode("ascii")
    os.makedirs(os.path.dirname(index_path), mode=0o700, exist_ok=True)
    try:
        with open(f"{index_path}.new", "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as index:
            for name, found in entries(os.fsencode(path)):
                counts.entries += 1
                counts.newest_change = max(counts.newest_change, found.st_ctime_ns)
                if stat.S_ISREG(found.st_mode):
                    counts.files += 1
                    counts.bytes += found.st_size
                    index.write(line_of(found.st_ino, found.st_ctime_ns, prefix + b"/" + name))
                if counts.entries % 1000 == 0:
                    on_progress(counts.entries)
    except Unlistable as reason:
        raise unreadable(source_id, f"an entry of source {source_id} cannot be read: {reason}", "see 'zpool status' on the host") from None
    os.replace(f"{index_path}.new", index_path)
    return counts


class Unlistable(Exception):
    """Holds the system's reason, never the name."""


def entries(root: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """All below the root, by their path from it, in the order of their path's parts: names are bytes, links are not followed."""
    stack: list[Iterator[bytes]] = [iter(_names(root, b""))]
    while stack:
        name = next(stack[-1], None)
        if name is None:
            stack.pop()
            continue
        try:
            found = os.lstat(root + b"/" + name)
        except OSError as error:
            raise Unlistable(error.strerror) from None
        yield name, found
        if stat.S_ISDIR(found.st_mode):
            stack.append(iter(_names(root, name)))


def _names(root: bytes, folder: bytes) -> list[bytes]:
    try:
        with os.scandir(root + b"/" + folder) as found:
            return sorted(folder + b"/" + item.name if folder else item.name for item in found)
    except OSError as error:
        raise Unlistable(error.strerror) from None


def line_of(inode: int, changed: int, path: bytes) -> bytes:
    return b"%d %d %s\n" % (inode, changed, path.hex().encode("ascii"))


class ChangeIndex:
    """Reads an index beside a walk in the same order: `of(path)` must be asked in that order."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._next: tuple[tuple[bytes, ...], int, int] | None = self._read()

    def of(self, path: tuple[bytes, ...]) -> tuple[int, int] | None:
        """Inode and ctime that the index has for this file, or None."""
        while self._next and self._next[0] < path:
            self._next = self._read()
        if self._next and self._next[0] == path:
            return self._next[1], self._next[2]
        return None

    def _read(self) -> tuple[tuple[bytes, ...], int, int] | None:
        line = self._file.readline()
        if not line:
            return None
        inode, changed, path = line.split()
        return tuple(bytes.fromhex(path.decode("ascii")).split(b"/")), int(inode), int(changed)
