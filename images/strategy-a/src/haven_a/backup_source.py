"""One source, from its snapshot to a committed backup. What a killed run left is finished, gone on with, or cleaned away first."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from haven_a.attributes import record_attributes
from haven_a.catalogue import SourceFolder, read_catalogue
from haven_a.chains import by_id, links
from haven_a.choose_kind import Known, choose_kind
from haven_a.clean_up import clean_up
from haven_a.commit import commit
from haven_a.context import Context
from haven_a.duplicity import NO_SIGNATURES, Ended, failed
from haven_a.events import utc_now
from haven_a.examine import Asking, compare
from haven_a.in_flight import InFlight, Journal
from haven_a.load_manifests import Loaded
from haven_a.last_manifest import store_last_manifest, tidy_archive
from haven_a.manifest import Manifest
from haven_a.problem import Problem
from haven_a.prove_set import prove_set
from haven_a.resume import demand_same_passphrase, key_check, why_not_resumable
from haven_a.set_names import manifest_of_set
from haven_a.source import check_source, unreadable
from haven_a.tree_walk import walk_source
from haven_a.write_set import write_set


@dataclass
class Ground:
    """What all sources of a run share: asked of the store once. Its lists grow with what is committed."""

    loaded: Loaded
    on_commit: Callable[[Manifest], None]

    def committed(self, manifest: Manifest) -> None:
        self.loaded.readable.setdefault(manifest.source["id"], []).append(manifest)
        self.on_commit(manifest)


def back_up_source(source: dict[str, str], kind: str, ground: Ground, context: Context) -> Manifest:
    """Given a source of the request, return the backup that was made of it; throws a Problem."""
    name = source["id"]
    check_source(source, context.places.source(name))
    journal = Journal(context.places.of_source(name))
    folder = read_catalogue(context.store, name).folder(name)
    flight = _left_over(source, folder, journal, ground, context)
    if flight is not None:
        try:
            return _write(flight, journal, ground, context)
        except CannotGoOn as why:
            context.events.note("warn", "given-up", f"the backup of {name} under way is given up and begun anew: {why}")
            clean_up(flight, journal, context)
    try:
        return _write(_begin(source, kind, journal, ground, context), journal, ground, context)
    except CannotGoOn as why:
        left = journal.read()
        if left:
            clean_up(left, journal, context)
        if not why.a_full_may_do:
            raise failed(why.ended, name) from None
        context.events.note("warn", "given-up", f"the backup of {name} under way is given up and begun anew, as a full: {why}")
    try:
        return _write(_begin(source, "full", journal, ground, context), journal, ground, context)
    except CannotGoOn as why:
        raise failed(why.ended, name) from None


class CannotGoOn(Exception):
    """duplicity itself gave up, in a way that beginning anew may mend."""

    def __init__(self, reason: str, ended: Ended) -> None:
        super().__init__(reason)
        self.ended = ended

    @property
    def a_full_may_do(self) -> bool:
        return self.ended.code == NO_SIGNATURES


def _left_over(source: dict[str, str], folder: SourceFolder, journal: Journal, ground: Ground, context: Context) -> InFlight | None:
    """Deals with the set that a killed run left; returns it when it can be gone on with."""
    name, events = source["id"], context.events
    if journal.unreadable():
        events.note("warn", "journal-damaged", f"the record of the backup of {name} under way cannot be read: it begins anew, and `prune` finds what is left of it")
        journal.forget()
        journal.drop_archive()
    flight = journal.read()
    if flight is None:
        return None
    if any(manifest.backup == flight.backup for manifest in ground.loaded.of(name)):
        journal.forget()
        return None
    if flight.container not in ("", context.settings.container):
        events.note("warn", "given-up", f"the backup of {name} under way went to another container: what it left there stays, and it begins anew")
        journal.forget()
        journal.drop_archive()
        return None
    demand_same_passphrase(flight, context)
    tidy_archive(flight, journal)
    all_stored = flight.written or manifest_of_set(flight.base_time, flight.set_time) in journal.receipts()
    if all_stored or (not flight.errors and store_last_manifest(flight, journal, context)):
        # All of it is stored; what is missing is the proof and the manifest.
        reason = "some of its files could not be read" if flight.errors else _finish(flight, journal, ground, context)
        if not reason:
            return None
    else:
        reason = why_not_resumable(flight, source, folder, journal, context)
        if not reason:
            events.note("info", "resuming", f"the backup of {name} that was cut off goes on where it was")
            return flight
    events.note("warn", "given-up", f"the backup of {name} under way is given up and cleaned away: {reason}")
    clean_up(flight, journal, context)
    return None


def _finish(flight: InFlight, journal: Journal, ground: Ground, context: Context) -> str:
    """Returns '' once it is committed, or why it cannot be: then it will not be any better the next time."""
    name = flight.source["id"]
    context.events.note("info", "finishing", f"the backup of {name} that was all but done is proven and committed first")
    try:
        ground.committed(commit(flight, prove_set(flight, journal, context), journal, context))
        return ""
    except Problem as problem:
        if problem.code != "failed":
            raise
        return problem.message


def _known(name: str, ground: Ground, context: Context) -> Known:
    manifests = sorted(ground.loaded.of(name), key=lambda each: each.set_time)
    # Looked at anew: what was cleaned away or committed in between counts.
    folder = read_catalogue(context.store, name).folder(name)
    damage = []
    if manifests:
        asking = Asking(context.store)
        for link in links(manifests[-1], by_id(manifests)):
            damage += compare(link, folder, asking)
    return Known(manifests, [each for each in ground.loaded.unreadable if each.source == name], folder, damage)


def _begin(source: dict[str, str], kind: str, journal: Journal, ground: Ground, context: Context) -> InFlight:
    name = source["id"]
    known = _known(name, ground, context)
    choice = choose_kind(kind, known, context.settings, context.now())
    backup = secrets.token_hex(16)
    index = f"{journal.folder}/index.{backup}.gz"
    counts = walk_source(name, context.places.source(name), index, lambda done: context.events.progress("scan", done, None, "files")).as_dict()
    _refuse_shrunk(name, counts, known.manifests, context)
    base, compare_with, reason = choice.base, None, choice.reason
    if base:
        compare_with = _compare_with(base, journal)
        if compare_with is None:
            base, reason = None, "nothing tells which files changed since the last backup"
    if reason:
        context.events.note("info", "full", f"a full backup of {name}: {reason}")
    record_attributes(name, context)
    flight = InFlight(
        backup=backup,
        chain=base.chain if base else backup,
        kind="incremental" if base else "full",
        base=base.backup if base else None,
        base_time=base.set_time if base else None,
        set_time=choice.set_time,
        source={**source},
        volume_mib=context.settings.volume_mib,
        counts=counts,
        created_at=utc_now(),
        compare_with=compare_with,
        container=context.settings.container,
        key_check=key_check(context.key),
    )
    journal.begin(flight)
    return flight


def _compare_with(base: Manifest, journal: Journal) -> dict[str, Any] | None:
    index = f"{journal.folder}/index.{base.backup}.gz"
    if os.path.exists(index):
        return {"index": index}
    # The state volume was lost. What changed after the youngest change that the base has seen is looked into: right unless the clock went back.
    since = base.counts.get("newestChangeNs")
    return {"since": since} if since else None


def _refuse_shrunk(name: str, counts: dict[str, int], manifests: list[Manifest], context: Context) -> None:
    if not manifests or context.settings.allow_shrink:
        return
    before = manifests[-1].counts
    for what, said in (("entries", "entries"), ("sourceBytes", "bytes")):
        if counts[what] * 2 < before.get(what, 0):
            message = f"source {name} has {counts[what]} {said}; at the last backup it had {before[what]}: more than half is gone"
            raise unreadable(name, message, "if that is meant to be so, set allowShrink: true in strategies.a.settings for one run")


def _write(flight: InFlight, journal: Journal, ground: Ground, context: Context) -> Manifest:
    """Given a set that was begun, or that is gone on with, return the backup that it became; throws CannotGoOn when beginning anew may help."""
    name = flight.source["id"]
    resumed = bool(journal.receipts())
    try:
        written = write_set(flight, journal, context, context.settings.compression)
        if written.errors:
            raise unreadable(name, f"duplicity counted {written.errors} errors: that is no backup", "see 'zpool status' on the host")
    except Problem as problem:
        if problem.code == "source-unreadable":
            # A set with holes must not be what the next one builds upon.
            clean_up(flight, journal, context)
        raise
    ended = written.ended
    if ended.cannot_resume or (ended.code == NO_SIGNATURES and flight.base) or (resumed and ended.code > 0):
        raise CannotGoOn(f"duplicity cannot go on with it (exit code {ended.code})", ended)
    if ended.code != 0:
        # What is stored is gone on with at the next run.
        raise failed(ended, name)
    if written.suspects:
        context.events.note("info", "looked-closer", f"{written.suspects} files of {name} changed without their time of modification telling so: they were read all the same")
    done = journal.mark_written(flight, written.bytes_read)
    manifest = commit(done, prove_set(done, journal, context), journal, context)
    ground.committed(manifest)
    return manifest
