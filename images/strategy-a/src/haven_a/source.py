"""The source: a snapshot, mounted read-only at /haven/source/ID. What is mounted there is asked of the kernel, not believed."""

from __future__ import annotations

import json
import os

from haven_a.children import run_tool
from haven_a.problem import Problem


def check_source(source: dict[str, str], path: str) -> None:
    """Given a source of the request and where it should be mounted; throws source-unreadable unless that very snapshot is, read-only, and readable."""
    name = source["id"]
    mounted = _mount(path)
    if mounted is None:
        raise unreadable(name, f"nothing is mounted at the place of source {name}", "the caller mounts the snapshot at /haven/source/ID")
    if mounted["fstype"] != "zfs":
        raise unreadable(name, f"what is mounted as source {name} is no ZFS snapshot but {mounted['fstype']}", "the caller mounts the snapshot as a volume of type zfs")
    if mounted["source"] != f"{source['dataset']}@{source['snapshot']}":
        raise unreadable(name, f"what is mounted as source {name} is not the snapshot that the request names", "was the snapshot destroyed, or the volume left over from another run?")
    if "ro" not in mounted["options"].split(","):
        raise unreadable(name, f"source {name} is mounted writable", "the caller mounts it read-only")
    try:
        with os.scandir(path) as entries:
            first = next(entries, None)
    except OSError as error:
        raise unreadable(name, f"source {name} cannot be read: {error.strerror}", "see 'zpool status' on the host") from None
    if first is None:
        raise unreadable(name, f"source {name} is empty", "is its dataset mounted, or are the files in child datasets, which are sources of their own?")


def _mount(path: str) -> dict[str, str] | None:
    # -M demands the mountpoint itself: without it findmnt tells of whatever the path lies in.
    finished = run_tool(["findmnt", "--json", "--output", "FSTYPE,SOURCE,OPTIONS", "--mountpoint", path], 30)
    if finished.code != 0:
        return None
    try:
        # The last one is on top of those mounted there before it.
        found = json.loads(finished.stdout)["filesystems"][-1]
        return {key: str(found[key]) for key in ("fstype", "source", "options")}
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def unreadable(source_id: str, message: str, hint: str) -> Problem:
    return Problem("source-unreadable", "check source", message, hint, source_id)
