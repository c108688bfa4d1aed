"""`copy-out`: all of a restored tree, or one path of it, into a folder of the owner's, and compared there with what it was copied from.

The folder must be empty, unless the owner insisted. Nothing in it is ever removed: what a copy that was stopped had written stays there.
"""

from __future__ import annotations

import os
import stat
import time
from typing import Any

from haven_drill.children import run_tool
from haven_drill.compare import Comparison, Tally
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.verify import write_details

COPY_SECONDS = 14 * 24 * 3600.0
# What a file system that knows no owners, ACLs or holes cannot keep: told, but no loss of data.
ATTRIBUTES = ("mode", "uid", "gid", "mtime", "xattr", "sparse")
# Of a part of a tree, the other names of a file may lie outside.
OF_THE_WHOLE = ("links", "hard-link")


def copy_out(request: dict[str, Any], events: Events, _stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    there = look(places.into, request["really"])
    if request["step"] == "look":
        return {"copiedOut": {**there, "seconds": round(time.monotonic() - began, 3)}}
    source = find(places.restored, request["path"])
    name = os.path.basename(source) if request["path"] else b""
    target = os.path.join(os.fsencode(places.into), name) if name else os.fsencode(places.into)
    said = copy(source, target, events, places)
    comparison = compare(source, target, name, events)
    differences = counted(comparison, request)
    copied: dict[str, Any] = {
        "entries": comparison.tally.entries,
        "files": comparison.tally.files,
        "bytes": comparison.tally.bytes,
        "differences": differences,
        "seconds": round(time.monotonic() - began, 3),
    }
    write_details(places.out, {**copied, "listed": comparison.mismatches.listed})
    lost = {kind: count for kind, count in differences.items() if kind not in ATTRIBUTES}
    if lost or comparison.tally.entries == 0:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(lost.items())) or "nothing was there to compare"
        full = "No space left" in said
        raise Problem(
            "local-full" if full else "damaged",
            "compare copy",
            "the folder's disk is full" if full else f"the copy differs from what was restored: {kinds}",
            "name a folder on a larger disk" if full else "comparison.json names each difference; is the folder's disk sound, and does nobody else write there?",
            fields={"copiedOut": copied},
        )
    if said and not differences:
        raise Problem("failed", "copy", "the copy ended with an error that the comparison does not show", "out/copy.txt says which", fields={"copiedOut": copied})
    return {"copiedOut": copied}


def look(folder: str, really: bool) -> dict[str, Any]:
    """Throws bad-request when there is something in the folder and the owner did not insist."""
    entries = sum(1 for _entry in os.scandir(folder))
    if entries and not really:
        raise Problem("bad-request", "look at folder", "there is something in the folder already", "name a new folder or an empty one; to write into this one all the same, name it again with --really")
    space = os.statvfs(folder)
    return {"entries": entries, "freeBytes": space.f_bavail * space.f_frsize}


def find(root: str, path: str) -> bytes:
    """Given a path of the restored tree, return where it is; throws bad-request. No link is followed on the way to it."""
    here = os.fsencode(root)
    for part in [part for part in path.split("/") if part not in ("", ".")]:
        if not stat.S_ISDIR(os.lstat(here).st_mode):
            raise no_such("a part of it is no folder")
        here = os.path.join(here, os.fsencode(part))
        if not os.path.lexists(here):
            raise no_such("it is not there")
    return here


def no_such(reason: str) -> Problem:
    return Problem("bad-request", "find path", f"the backup has no such path: {reason}", "write it as it is below the dataset, such as Documents/letter.txt")


def copy(source: bytes, target: bytes, events: Events, places: Places) -> str:
    """What cp complained of: it names files, so it goes to the owner's folder of details and nowhere else."""
    free = os.statvfs(places.into)

    def progress() -> None:
        now = os.statvfs(places.into)
        events.progress("copy", max(0, (free.f_bavail - now.f_bavail) * free.f_frsize), None, "bytes")

    argv = ["cp", "--archive", "--sparse=auto", "--no-target-directory", "--", os.fsdecode(source), os.fsdecode(target)]
    finished = run_tool(argv, COPY_SECONDS, progress)
    if finished.code == 0:
        return ""
    said = finished.stderr or f"exit code {finished.code}"
    with open(os.path.join(places.out, "copy.txt"), "w", encoding="utf-8", errors="surrogateescape", opener=private) as file:
        file.write(said)
    return said


def private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def compare(source: bytes, target: bytes, name: bytes, events: Events) -> Comparison:
    def on_progress(tally: Tally) -> None:
        events.progress("compare", tally.bytes, None, "bytes")

    comparison = Comparison(on_progress)
    if stat.S_ISDIR(os.lstat(source).st_mode):
        if os.path.lexists(target):
            comparison.trees(os.fsdecode(source), os.fsdecode(target))
    else:
        comparison.entry(name, source, target)
    return comparison


def counted(comparison: Comparison, request: dict[str, Any]) -> dict[str, int]:
    """The differences that mean something: beside what was in the folder before, and of a part without the rest."""
    ignored = ("extra",) if request["really"] else ()
    if request["path"]:
        ignored += OF_THE_WHOLE
    return {kind: count for kind, count in comparison.mismatches.by_kind.items() if kind not in ignored}
