"""One writer of a state volume at a time: the caller sees to it; this makes sure."""

from __future__ import annotations

import fcntl
import os

from haven_a.problem import Problem


def take_lock(state: str) -> int:
    """Returns the descriptor that holds the lock: closed, or the process gone, it is free. Throws try-later."""
    descriptor = os.open(f"{state}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Problem("try-later", "lock state", "another run is writing this state volume", "wait for it to end") from None
    return descriptor
