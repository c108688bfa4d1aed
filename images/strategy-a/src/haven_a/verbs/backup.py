"""`backup`: each source in turn. One that fails does not keep the others from being tried, and is never hidden by them."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from typing import Any

from haven_a.backup_source import Ground, back_up_source
from haven_a.catalogue import Catalogue, read_catalogue
from haven_a.context import Context
from haven_a.load_manifests import Loaded, Manifests
from haven_a.manifest import Manifest, Unreadable, summary
from haven_a.memory import Memory, ids_of
from haven_a.openpgp import WrongKey
from haven_a.problem import Interrupted, Problem, foreseen
from haven_a.state_lock import take_lock

# So many of the newest manifests are tried before the passphrase is called wrong rather than a manifest damaged.
TRIED = 5


def backup(request: dict[str, Any], context: Context) -> dict[str, Any]:
    lock = take_lock(context.places.state)
    try:
        return _back_up_all(request, context)
    finally:
        os.close(lock)


def _back_up_all(request: dict[str, Any], context: Context) -> dict[str, Any]:
    backups: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    began = time.monotonic()

    def on_commit(manifest: Manifest) -> None:
        nonlocal began
        backups.append({**summary(manifest), "seconds": round(time.monotonic() - began, 3)})
        began = time.monotonic()

    ground: Ground | None = None
    for source in request["sources"]:
        try:
            ground = ground or _prepare(context, on_commit)
            made = back_up_source(source, request["kind"], ground, context)
            outcomes.append({"id": source["id"], "outcome": "ok", "backup": made.backup})
        except (Exception, Interrupted) as reason:
            problem = foreseen(reason, "backup", source["id"])
            if not isinstance(reason, (Problem, Interrupted)):
                print("".join(traceback.format_tb(reason.__traceback__)), file=sys.stderr, flush=True)
            print(f"{source['id']}: {problem.operation}: {problem.message}", file=sys.stderr, flush=True)
            stopped = problem.code == "interrupted"
            outcomes.append({"id": source["id"], "outcome": "interrupted" if stopped else "failed", "error": problem.as_error()})
            if stopped:
                raise Problem(**_parts(problem), fields={"backups": backups, "sources": outcomes}) from None
    fields = {"backups": backups, "sources": outcomes}
    _judge(outcomes, fields)
    return fields


def _judge(outcomes: list[dict[str, Any]], fields: dict[str, Any]) -> None:
    """All: ok. None: the first one's error. Some: partial."""
    bad = [each for each in outcomes if each["outcome"] != "ok"]
    if not bad:
        return
    first = bad[0]["error"]
    if len(bad) == len(outcomes):
        raise Problem(first["code"], first["operation"], first["message"], first.get("hint", ""), first.get("subject", ""), fields)
    message = f"{len(bad)} of {len(outcomes)} sources failed; the first: {first['message']}"
    raise Problem("partial", "backup", message, first.get("hint", "see sources[]"), ", ".join(each["id"] for each in bad), fields)


def _parts(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("code", "operation", "message", "hint", "subject")}


def _prepare(context: Context, on_commit: Any) -> Ground:
    """What all sources share. The passphrase is tried on what lies in the store before a byte is written: duplicity would begin a new full under a wrong one."""
    shutil.rmtree(context.places.temporary, ignore_errors=True)
    catalogue = read_catalogue(context.store)
    manifests = Manifests(context.store, context.key, context.places.state)
    loaded = manifests.load(catalogue)
    prove_passphrase(catalogue, manifests)
    for each in loaded.unreadable:
        context.events.note("warn", "unreadable-manifest", f"the manifest of {each.source} at {each.set_time} cannot be read: {each.reason}")
    memory = Memory(context.places.state, context.settings.container)
    gone = len(memory.known().keys() - ids_of(loaded).keys()) - len(loaded.unreadable)
    if gone > 0:
        context.events.note("warn", "rolled-back", f"{gone} backups were in the store and are not any more: rolled back, emptied, or another container")
    memory.remember(ids_of(loaded))
    return Ground(loaded, on_commit)


def prove_passphrase(catalogue: Catalogue, manifests: Manifests) -> None:
    """Throws bad-request when none of the newest manifests decrypts. Not from the cache: that proves nothing."""
    stored = [(set_time, each) for folder in catalogue.folders.values() for set_time, each in folder.manifests.items()]
    refused = 0
    for _set_time, each in sorted(stored, key=lambda pair: pair[0], reverse=True)[:TRIED]:
        try:
            manifests.download(each)
            return
        except WrongKey:
            refused += 1
        except Unreadable:
            continue
    if refused:
        message = f"the passphrase does not open the {refused} newest backups in this container"
        hint = "put back the passphrase that they were made with (the recovery kit has it); for a new passphrase set another container: docs/operate/passphrase-a.md"
        raise Problem("bad-request", "try passphrase", message, hint)
