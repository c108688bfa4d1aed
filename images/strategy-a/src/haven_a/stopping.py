"""SIGTERM becomes the exception Interrupted, once, and never in the middle of putting things away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from haven_a.problem import Interrupted


class Stopping:
    def __init__(self) -> None:
        self.asked = False
        self._raised = False
        self._shields = 0

    def listen(self) -> None:
        # The first thing that a run does: the kernel drops signals that process 1 has no handler for.
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._raise_once()

    def _raise_once(self) -> None:
        if self.asked and not self._raised and self._shields == 0:
            self._raised = True
            raise Interrupted

    def enough(self) -> None:
        """From here on there is nothing left to stop."""
        self._raised = True

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Inside, SIGTERM is only noted; it is raised at the end, unless something else is on its way already."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self._raise_once()
