"""`reap`: destroys throwaway pools and their leftover files; touches nothing else, and says loudly what it refused."""

from __future__ import annotations

import os
from typing import Any

from haven_drill import throwaway_pool, zfs_tools
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.request import POOL
from haven_drill.stopping import Stopping

# A busy pool becomes free when Docker has unmounted its snapshots.
BUSY_SECONDS = 120.0


def reap(request: dict[str, Any], events: Events, stopping: Stopping, _places: Places) -> dict[str, Any]:
    scratch, wanted = request["scratch"], request["pools"]
    reaped: list[str] = []
    problems: list[Problem] = []
    imported = [name for name in zfs_tools.imported_pools() if name.startswith(throwaway_pool.PREFIX)]
    for pool in sorted(imported):
        if wanted != "all" and pool not in wanted:
            continue
        try:
            throwaway_pool.destroy(scratch, pool, BUSY_SECONDS, lambda: events.progress("destroy", len(reaped), None, "parts"))
            reaped.append(pool)
        except Problem as problem:
            problems.append(problem)
            events.note("warn", "not-reaped", f"{problem.subject or pool}: {problem.message}")
    for pool in leftover_files(scratch, imported):
        if (wanted == "all" or pool in wanted) and throwaway_pool.remove_image(scratch, pool):
            reaped.append(pool)
    if problems:
        first = problems[0]
        message = f"{len(problems)} of the pools were not destroyed; the first: {first.message}"
        raise Problem("failed", "reap", message, first.hint, first.subject, {"reaped": reaped})
    return {"reaped": reaped}


def leftover_files(scratch: str, imported: list[str]) -> list[str]:
    """The names of pools whose file is in the scratch folder and that are not imported."""
    try:
        names = sorted(os.listdir(scratch))
    except OSError as error:
        raise Problem("bad-request", "read scratch", f"the scratch folder cannot be read: {error.strerror}", "mount it at its own path") from None
    pools = [name.removesuffix(".img") for name in names if name.endswith(".img")]
    return [pool for pool in pools if POOL.fullmatch(pool) and pool not in imported]
