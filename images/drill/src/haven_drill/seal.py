"""`seal`: what was restored into POOL/restored is made a snapshot, @drill-000, and the pool is scrubbed. From then on nothing can change what is compared."""

from __future__ import annotations

import platform
import time
from typing import Any

from haven_drill import throwaway_pool, zfs_tools
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.scrub import scrubbed
from haven_drill.stopping import Stopping


def seal(request: dict[str, Any], events: Events, _stopping: Stopping, _places: Places) -> dict[str, Any]:
    began = time.monotonic()
    scratch, pool = request["scratch"], request["pool"]
    if pool not in zfs_tools.imported_pools():
        raise Problem("failed", "find pool", "the throwaway pool is not there", "run 'prepare' first; was it reaped?", pool)
    reason = throwaway_pool.why_not_ours(scratch, pool)
    if reason:
        raise Problem("failed", "find pool", f"refused to touch a pool: {reason}", "look at 'zpool list' on the host", pool)
    dataset = f"{pool}/restored"
    snapshot = f"{dataset}@drill-000"
    zfs_tools.tool(["zfs", "snapshot", snapshot])
    guid = zfs_tools.tool(["zfs", "get", "-H", "-p", "-o", "value", "guid", snapshot]).strip()
    scrub = scrubbed(pool, 0, events)
    tools = {"python": platform.python_version(), **zfs_tools.versions()}
    sealed = {"pool": pool, "dataset": dataset, "snapshot": snapshot, "guid": guid, "scrub": scrub, "tools": tools}
    return {"sealed": {**sealed, "seconds": round(time.monotonic() - began, 3)}}
