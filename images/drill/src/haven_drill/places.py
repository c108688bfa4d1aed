"""Where the contract puts things. A test gives others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    request: str = "/haven/request.json"
    kit: str = "/haven/kit"
    pipe: str = "/haven/pipe"
    work: str = "/haven/work"
    out: str = "/haven/out"
    into: str = "/haven/into"
    restored: str = "/haven/restored"
    source: str = "/haven/source"
    altered: str = "/haven/altered"

    def stream(self, n: int) -> str:
        """The FIFO of a chain's n-th stream: one each, so that it is certain where one ends and the next begins."""
        return f"{self.pipe}/stream-{n:03}"
