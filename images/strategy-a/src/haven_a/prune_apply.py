"""Carries out a plan: the one place where committed backups are deleted. Incrementals before what they build upon, and of each backup the manifest first:
whoever is killed in between leaves whole backups and sets that nobody counts, never a manifest whose objects are gone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from haven_a.context import Context
from haven_a.problem import Interrupted, Problem, foreseen
from haven_a.prune_plan import Doomed


@dataclass
class Applied:
    files: int = 0
    failed: int = 0
    stored_bytes: int = 0
    #: What ended it early, or kept an object from being deleted.
    problem: Problem | None = None

    def as_event(self) -> dict[str, int]:
        return {"files": self.files, "failed": self.failed, "storedBytes": self.stored_bytes}


def apply_plan(doomed: list[Doomed], context: Context, forget: Callable[[Doomed], None]) -> Applied:
    """Given what goes, delete it; `forget` is called before a manifest is deleted. The first object that would not go ends it: what is left is in the next plan."""
    applied = Applied()
    total = sum(len(each.objects) + (each.manifest is not None) for each in doomed)
    try:
        for each in doomed:
            if each.manifest:
                forget(each)
                _remove(each.manifest, 0, applied, total, context)
            # The one that makes it a set of duplicity's goes first.
            for name, size in sorted(each.objects.items(), key=lambda item: (".manifest." not in item[0], item[0])):
                _remove(name, size, applied, total, context)
    except (Exception, Interrupted) as reason:
        applied.problem = foreseen(reason, "prune")
    return applied


def _remove(name: str, size: int, applied: Applied, total: int, context: Context) -> None:
    try:
        context.store.delete(name)
        if context.store.find(name) is not None:
            raise Problem("failed", "delete object", f"the store still has {name} after it was told to delete it", "run it again")
    except Problem:
        applied.failed += 1
        raise
    applied.files += 1
    applied.stored_bytes += size
    print(f"deleted {name}", file=sys.stderr)
    context.events.progress("delete", applied.files, total, "files")
