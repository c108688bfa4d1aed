"""How often and how long a request is tried. Time and chance are parameters."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    #: From the first failure of a request on, in seconds; then it is try-later.
    give_up_after: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    #: No byte moves for that long: the connection is dead. Swift's own clients wait for ever.
    stall: float = 90.0
    #: The answer to an upload: what the kernel still holds must travel first, four megabytes on a slow line, and then Swift writes it down.
    answer: float = 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Waits:
    """The waits of one request, each about twice as long as the one before."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._next = patience.first_wait
        self._failed_at: float | None = None

    def another(self, asked: float) -> bool:
        """Given how long the store asked to be left alone, wait, and say whether to try again."""
        now = self._patience.clock()
        if self._failed_at is None:
            self._failed_at = now
        wait = max(asked, self._next * (0.5 + self._patience.chance()))
        self._next = min(2 * self._next, self._patience.longest_wait)
        if now + wait - self._failed_at > self._patience.give_up_after:
            return False
        self._patience.sleep(wait)
        return True

