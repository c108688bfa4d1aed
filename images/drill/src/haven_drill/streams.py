"""Waiting for pipes with deadlines, so that nothing hangs for ever and SIGTERM is always heard."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from collections.abc import Callable

CHUNK = 1 << 20
TICK = 5.0


class Stalled(Exception):
    """Nothing moved until the deadline."""


def ready(descriptor: int, events: int, seconds: float, on_wait: Callable[[], None]) -> None:
    """Returns once the descriptor is ready (or its other end is gone); throws Stalled."""
    poll = select.poll()
    poll.register(descriptor, events)
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if poll.poll(max(0.0, min(left, TICK)) * 1000):
            return
        if left <= 0:
            raise Stalled
        on_wait()


def read_some(descriptor: int, seconds: float, on_wait: Callable[[], None]) -> bytes:
    """The next bytes of a pipe, b'' at its end; throws Stalled."""
    while True:
        ready(descriptor, select.POLLIN, seconds, on_wait)
        try:
            return os.read(descriptor, CHUNK)
        except BlockingIOError:
            continue


def write_all(descriptor: int, data: bytes, seconds: float, on_wait: Callable[[], None]) -> None:
    """Writes all of it; throws Stalled, or BrokenPipeError when the reader is gone. The descriptor must be non-blocking."""
    view = memoryview(data)
    while view:
        ready(descriptor, select.POLLOUT, seconds, on_wait)
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            continue


def open_fifo_to_write(path: str, seconds: float, on_wait: Callable[[], None]) -> int:
    """Waits for a reader; throws Stalled when none comes."""

    def attempt() -> int | None:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return None

    return _until(attempt, seconds, on_wait)


def open_fifo_to_read(path: str, seconds: float, on_wait: Callable[[], None]) -> int:
    """Waits for the FIFO to appear; throws Stalled. The first read must be by read_some: it waits for the writer, too."""

    def attempt() -> int | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except PermissionError:
            return None  # made, but its mode is not set yet
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "is not a FIFO")
        return descriptor

    return _until(attempt, seconds, on_wait)


def _until(attempt: Callable[[], int | None], seconds: float, on_wait: Callable[[], None]) -> int:
    deadline = time.monotonic() + seconds
    while True:
        descriptor = attempt()
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= deadline:
            raise Stalled
        time.sleep(0.1)
        on_wait()
