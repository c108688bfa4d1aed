"""`verify`: the restored tree against the source snapshot. Nothing compared is a failure; file names go to /haven/out only."""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from typing import Any

from haven_drill.compare import CHECKED, Comparison, Tally
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping

NOT_CHECKED = ["atime", "ctime", "inode", "directory-size", "trusted-xattrs"]


def verify(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    # Two descriptors a level: let deep trees be deep.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    refuse_same_tree(places)

    def on_progress(tally: Tally) -> None:
        events.progress("compare", tally.bytes, None, "bytes")

    comparison = Comparison(on_progress)
    try:
        comparison.trees(places.source, places.restored)
    except OSError as error:
        raise nothing_compared(f"a tree cannot be opened: {os.strerror(error.errno or 0)}") from None
    tally, mismatches = comparison.tally, comparison.mismatches
    result: dict[str, Any] = {
        "entries": tally.entries,
        "files": tally.files,
        "bytes": tally.bytes,
        "mismatches": mismatches.count,
        "byType": tally.by_type,
        "byKind": mismatches.by_kind,
        "checked": [name for name in CHECKED if name != "posix-acls" or not tally.acls_invisible],
        "notChecked": NOT_CHECKED + (["posix-acls"] if tally.acls_invisible else []),
        "tools": {"python": platform.python_version(), "kernel": platform.release()},
        "seconds": round(time.monotonic() - began, 3),
    }
    write_details(places.out, {**result, "listed": mismatches.listed})
    if mismatches.count:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(mismatches.by_kind.items()))
        message = f"the restored tree differs from the source in {mismatches.count} ways: {kinds}"
        raise Problem("damaged", "compare", message, "comparison.json names each of them; keep everything", fields={"comparison": result})
    if tally.entries < 2 or tally.files < 1:
        message = f"nothing was compared: the source holds {max(0, tally.entries - 1)} entries, {tally.files} of them files"
        raise Problem("damaged", "compare", message, "is it the right snapshot?", fields={"comparison": result})
    return {"comparison": result}


def refuse_same_tree(places: Places) -> None:
    try:
        source, restored = os.stat(places.source), os.stat(places.restored)
    except OSError as error:
        raise nothing_compared(f"a tree is not there: {os.strerror(error.errno or 0)}") from None
    if (source.st_dev, source.st_ino) == (restored.st_dev, restored.st_ino):
        raise nothing_compared("source and restored are one and the same tree")


def nothing_compared(reason: str) -> Problem:
    return Problem("damaged", "compare", f"nothing was compared: {reason}", "look at how the snapshots were mounted")


def write_details(folder: str, details: dict[str, Any]) -> None:
    """Whole or not at all, readable by its owner only: it names files."""
    path = os.path.join(folder, "comparison.json")
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(details, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
