"""The digests of a file, made while another process writes it: it is read from memory then, not from a slow disk once more, and on a processor that would be idle."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

# The store knows an object by its MD5, Haven's manifest by its SHA-256. The SHA-1 is compared with the one that duplicity made of the volume and wrote into its own
# manifest: a restore by duplicity refuses a volume that has another.
ALGORITHMS = ("md5", "sha1", "sha256")
PIECE = 1 << 20
# How long to wait for more when all that is there has been read.
PAUSE = 0.05

Written = TypeVar("Written")


class Hashing:
    """State: the digests of what was read so far."""

    def __init__(self) -> None:
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ALGORITHMS}
        self.bytes = 0

    def read(self, file: BinaryIO) -> bool:
        """Reads on; False at what is the end for now."""
        piece = file.read(PIECE)
        for each in self._hashes.values():
            each.update(piece)
        self.bytes += len(piece)
        return bool(piece)

    def digests(self) -> dict[str, str]:
        return {name: each.hexdigest() for name, each in self._hashes.items()}


def digests_of(file: BinaryIO) -> tuple[dict[str, str], int]:
    """Given a file, return its digests and its size from where it stands."""
    hashing = Hashing()
    while hashing.read(file):
        pass
    return hashing.digests(), hashing.bytes


class HashWhileWritten:
    """Wraps a function that lets a file be written from its beginning to its end, and knows the digests once it is."""

    def __init__(self) -> None:
        self._known: dict[str, Hashing] = {}

    def around(self, write: Callable[..., Written]) -> Callable[..., Written]:
        """Given write(blocks, path, …), return one that does the same."""

        def write_and_hash(blocks: Any, path: str, *rest: Any, **named: Any) -> Written:
            self._known.clear()
            done = threading.Event()
            hashing = Hashing()
            thread = threading.Thread(target=_follow, args=(path, hashing, done), daemon=True)
            thread.start()
            try:
                written = write(blocks, path, *rest, **named)
            finally:
                done.set()
                thread.join()
            self._known[os.fspath(path)] = hashing
            return written

        return write_and_hash

    def digests_of(self, path: str) -> tuple[dict[str, str], int]:
        """Given the path of a file, return its digests and size: those made while it was written, when it still has that size; else it is read."""
        with open(path, "rb") as file:
            hashing = self._known.pop(os.fspath(path), None)
            if hashing and hashing.bytes == os.fstat(file.fileno()).st_size:
                return hashing.digests(), hashing.bytes
            return digests_of(file)


def _follow(path: str, hashing: Hashing, done: threading.Event) -> None:
    try:
        with _opened(path, done) as file:
            while True:
                # Asked before the reading: what was written before it was said to be all is then read.
                ended = done.is_set()
                while hashing.read(file):
                    pass
                if ended:
                    return
                done.wait(PAUSE)
    except OSError:
        # Then its size differs, and it is read as a whole; what is wrong with the file is told there.
        return


def _opened(path: str, done: threading.Event) -> BinaryIO:
    while not os.path.exists(path) and not done.is_set():
        done.wait(PAUSE)
    return open(path, "rb")
