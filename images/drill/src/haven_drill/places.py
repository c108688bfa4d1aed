"""Where the contract puts things. A test gives others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    request: str = "/haven/request.json"
    kit: str = "/haven/kit"
    pipe: str = "/haven/pipe/stream"
    work: str = "/haven/work"
    out: str = "/haven/out"
    restored: str = "/haven/restored"
    source: str = "/haven/source"
