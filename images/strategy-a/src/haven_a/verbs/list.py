"""`list`: committed backups, one event each, and what unfinished runs left. A manifest that cannot be read fails the verb, loudly and by name."""

from __future__ import annotations

from typing import Any

from haven_a.catalogue import DuplicitySet, read_catalogue
from haven_a.context import Context
from haven_a.incomplete import incomplete_sets
from haven_a.load_manifests import Manifests
from haven_a.manifest import summary
from haven_a.problem import Problem

# The result stays one line that is read at a glance, so it names no more than these; incompleteCount counts all.
SHOWN = 200


def list(request: dict[str, Any], context: Context) -> dict[str, Any]:
    catalogue = read_catalogue(context.store)
    loaded = Manifests(context.store, context.key, context.places.state).load(catalogue)
    backups = [summary(manifest) for manifest in loaded.all()]
    for backup in sorted(backups, key=lambda each: (each["createdAt"], each["id"]), reverse=True):
        context.events.emit("backup", **backup)
    unfinished = incomplete_sets(catalogue, loaded)
    found = {
        "count": len(backups),
        "incomplete": [described(each) for each in unfinished[:SHOWN]],
        "incompleteCount": len(unfinished),
    }
    if not loaded.unreadable:
        return found
    for each in loaded.unreadable:
        context.events.note("warn", "unreadable-manifest", f"the manifest of {each.source} at {each.set_time} cannot be read: {each.reason}")
    first = loaded.unreadable[0]
    message = f"{len(loaded.unreadable)} manifests cannot be read; the first: of {first.source} at {first.set_time}: {first.reason}"
    raise Problem("damaged", "list", message, "is it the right passphrase? keep everything; make a new full backup", first.source, found)


def described(each: DuplicitySet) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": each.id, "source": each.source, "parts": each.volumes, "storedBytes": each.bytes}
    times = [stored.modified for stored in each.objects.values()]
    if times and all(times):
        entry["newestAt"] = max(times)
    return entry
