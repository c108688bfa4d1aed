"""`prepare`: makes the throwaway pool with an empty dataset in it, for a `fetch` that restores files instead of streams.

That `fetch` has the network, and so neither sees the pool nor the scratch folder: it gets the dataset as a mounted volume. What watches over the scratch disk
while a stream is received cannot watch here; instead the dataset has a quota that ends before the disk does, for a pool whose disk is full hangs.
"""

from __future__ import annotations

import platform
import time
from typing import Any

from haven_drill import throwaway_pool, zfs_tools
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.receive import CLEAN_UP_SECONDS, abandon
from haven_drill.stopping import Stopping


def prepare(request: dict[str, Any], events: Events, stopping: Stopping, _places: Places) -> dict[str, Any]:
    began = time.monotonic()
    scratch, pool = request["scratch"], request["pool"]
    dataset = f"{pool}/restored"
    quota = room(scratch, request["sizeBytes"])
    with stopping.shield():
        throwaway_pool.create_or_clean_up(scratch, pool, request["sizeBytes"], request["run"], CLEAN_UP_SECONDS)
    try:
        # legacy: only who names it mounts it (Docker, for the container that fetches). ACLs and xattrs as the pool has them.
        zfs_tools.tool(["zfs", "create", "-o", "mountpoint=legacy", "-o", f"quota={quota}", dataset])
    except BaseException as reason:
        with stopping.shield():
            abandon(scratch, pool, reason, events)
        raise
    tools = {"python": platform.python_version(), **zfs_tools.versions()}
    return {"prepared": {"pool": pool, "dataset": dataset, "quotaBytes": quota, "tools": tools, "seconds": round(time.monotonic() - began, 3)}}


def room(scratch: str, size: int) -> int:
    """What may be restored without filling the disk beneath the pool; throws local-full when that is next to nothing."""
    left = throwaway_pool.free_bytes(scratch) - throwaway_pool.reserve_bytes()
    if left < min(size, 64 << 20):
        message = f"the scratch folder has {throwaway_pool.free_bytes(scratch)} bytes free; beneath a pool {throwaway_pool.reserve_bytes()} must stay free"
        raise Problem("local-full", "watch scratch", message, "free space on the scratch disk, or give the drill another scratch folder")
    return min(size, left)
