"""The scrub of a throwaway pool: what was restored into it must be what its disk gives back."""

from __future__ import annotations

import time
from typing import Any

from haven_drill import zfs_tools
from haven_drill.events import Events
from haven_drill.problem import Problem

SCRUB_SECONDS = 48 * 3600.0


def scrubbed(pool: str, count: int, events: Events) -> dict[str, Any]:
    """Given a pool and the bytes in it (for progress), return {state, errors, repairedBytes, seconds}; throws damaged."""
    began = time.monotonic()
    zfs_tools.tool(["zpool", "scrub", "-w", pool], SCRUB_SECONDS, lambda: events.progress("scrub", count, None, "bytes"))
    scrub = zfs_tools.scrub_report(pool)
    scrub["seconds"] = round(time.monotonic() - began, 3)
    if scrub["errors"] > 0 or scrub["state"] != "finished":
        message = f"the scrub of the restored pool found {scrub['errors']} errors, state {scrub['state']}"
        raise Problem("damaged", "zpool scrub", message, "is the scratch disk sound? run the drill again on another one")
    return scrub
