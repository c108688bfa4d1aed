"""Events: JSON lines on the stdout that the container was given, and nothing else there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any


def utc_now() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"


class Events:
    """Writes events; keeps the time of the last progress, for at most one a second is allowed."""

    def __init__(self, write: Callable[[bytes], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._progress_at: float | None = None
        self._phase = ""

    def emit(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, "at": utc_now(), **fields}, separators=(",", ":"))
        self._write(line.encode("ascii") + b"\n")

    def progress(self, phase: str, done: int, total: int | None, unit: str) -> None:
        now = self._clock()
        if self._progress_at is not None and now - self._progress_at < 1:
            return
        self._progress_at = now
        self.emit("progress", phase=phase, done=done, total=total, unit=unit)

    def note(self, level: str, code: str, message: str) -> None:
        self.emit("note", level=level, code=code, message=message[:4000])


def private_stdout() -> Callable[[bytes], None]:
    """Moves stdout to a descriptor of our own and points 1 at stderr: no child and no stray print can reach the events."""
    own = os.dup(1)
    os.dup2(2, 1)

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(own, data) :]

    return write
