"""`restore`: receives a chain's streams into a new dataset of a pool of the owner's. On failure it destroys what it made, and nothing else.

It stands beside the owner's data with the right to destroy it. So: never -F, nothing that exists is written to, and what is destroyed bears the mark
haven:restore of this very run, which is set by the same call that makes the dataset. The caller takes the mark away when the restore is done.
"""

from __future__ import annotations

import platform
import time
from typing import Any

from haven_drill import zfs_tools
from haven_drill.children import run_tool
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.receive import CLEAN_UP_SECONDS, receive_next
from haven_drill.stopping import Stopping

MARK = "haven:restore"


def restore(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    dataset, run = request["dataset"], request["run"]
    refuse(dataset)
    try:
        streams = [
            receive_next(n, receive_command(dataset, request["type"], n, run), events, places, lambda: None)
            for n in range(request["streams"])
        ]
    except BaseException as reason:
        with stopping.shield():
            abandon(dataset, run, reason, events)
        raise
    # The snapshots without their dataset: its name is the owner's.
    told = [{**stream, "snapshot": stream["snapshot"].partition("@")[2]} for stream in streams]
    tools = {"python": platform.python_version(), **zfs_tools.versions()}
    last = told[-1]
    restored = {"snapshot": last["snapshot"], "guid": last["guid"], "streams": told, "tools": tools}
    return {"restored": {**restored, "seconds": round(time.monotonic() - began, 3)}}


def receive_command(dataset: str, kind: str, n: int, run: str) -> list[str]:
    """Mounted by nobody, changed by nobody and, of a volume, without a device, until it was compared and the caller hands it over."""
    options = ["-o", f"{MARK}={run}", "-o", "readonly=on"]
    if kind == "filesystem":
        # noauto: it lies where its parent is mounted, and must neither appear there by itself nor at the next boot. The ACLs must be visible.
        options += ["-o", "canmount=noauto", "-o", "acltype=posixacl", "-x", "mountpoint"]
    else:
        options += ["-o", "volmode=none"]
    return ["zfs", "receive", "-u", *([] if n else options), f"{dataset}@haven-restored-{n:03}"]


def refuse(dataset: str) -> None:
    """Throws bad-request unless there is no such dataset, but a filesystem that it can be made in."""
    if kind_of(dataset):
        raise Problem("bad-request", "look at target", "there is a dataset of that name already: nothing is ever restored over one", "name a dataset that does not exist")
    if kind_of(dataset.rpartition("/")[0]) != "filesystem":
        raise Problem("bad-request", "look at target", "the target's parent is no filesystem of an imported pool", "make it first: zfs create -p")


def kind_of(dataset: str) -> str:
    """'' when there is no such dataset."""
    argv = ["zfs", "get", "-H", "-p", "-o", "value", "type", dataset]
    finished = run_tool(argv, zfs_tools.SECONDS)
    if finished.code == 0:
        return finished.stdout.strip()
    if "does not exist" in finished.stderr:
        return ""
    raise zfs_tools.failed(argv, finished)


def abandon(dataset: str, run: str, reason: BaseException, events: Events) -> None:
    """Destroys what was received so far; when that fails, the first reason stays the result."""
    try:
        kept = destroy(dataset, run)
    except Problem as problem:
        kept = problem.message
    if kept:
        left = f"what was restored so far is left behind: {kept}"
        events.note("warn", "restored-left-behind", left)
        if isinstance(reason, Problem):
            reason.message += f"; {left}"
    if isinstance(reason, Problem) and reason.code == "local-full":
        reason.hint = "free space in the pool, or restore into another one"


def destroy(dataset: str, run: str) -> str:
    """Destroys the dataset and its snapshots when it is this run's and nobody has put anything below it; else returns why not."""
    if not kind_of(dataset):
        return ""
    # Only a mark of its own counts: one that is inherited says nothing about who made the dataset.
    if zfs_tools.tool(["zfs", "get", "-H", "-p", "-s", "local,received", "-o", "value", MARK, dataset]).strip() != run:
        return "it does not bear this run's mark"
    if len(zfs_tools.tool(["zfs", "list", "-H", "-r", "-t", "filesystem,volume", "-o", "name", dataset]).splitlines()) != 1:
        return "somebody has made datasets below it"
    zfs_tools.tool(["zfs", "destroy", "-r", dataset], CLEAN_UP_SECONDS)
    return ""
