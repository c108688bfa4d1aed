"""`prune`: without a plan prints one and deletes nothing; with one makes it anew, demands that it would delete the very same objects, and does it."""

from __future__ import annotations

import glob
import os
from typing import Any

from haven_a.context import Context
from haven_a.examine import Examination, examine
from haven_a.in_flight import InFlight, Journal
from haven_a.incomplete import incomplete_sets
from haven_a.memory import Memory, ids_of
from haven_a.problem import Problem
from haven_a.prune_apply import apply_plan
from haven_a.prune_plan import Doomed, Judged, JudgedLeftover, Leftover, Plan, Question, digest_of, make_plan
from haven_a.state_lock import take_lock


def prune(request: dict[str, Any], context: Context) -> dict[str, Any]:
    if "plan" not in request:
        return _prune(request, context)
    lock = take_lock(context.places.state)
    try:
        return _prune(request, context)
    finally:
        os.close(lock)


def _prune(request: dict[str, Any], context: Context) -> dict[str, Any]:
    # Before the store is looked at: a backup that is committed in between is under way here, and no leftover there.
    flights = read_flights(context.places.state)
    seen = examine(context)
    plan = make_plan(
        Question(
            backups=seen.loaded.all(),
            leftovers=_leftovers(seen, flights),
            findings=seen.findings,
            settings=context.settings,
            proven=frozenset(request["proven"]),
            in_flight=None if flights is None else frozenset(name for each in flights for name in (each.backup, each.chain)),
            now=context.now(),
        )
    )
    doomed = plan.doomed()
    summary = summarize(plan, doomed)
    for event in [*map(described, plan.chains), *map(described_leftover, plan.leftovers)]:
        context.events.emit("planned", **event)
    if plan.refusal:
        hint = "'haven audit a' says what is wrong; make a new full backup and drill it first"
        raise Problem("damaged", "prune", f"nothing may be deleted: {plan.refusal}", hint, fields={"plan": summary})
    if "plan" not in request:
        return {"plan": summary}
    if request["plan"]["digest"] != summary["digest"]:
        message = "the store has changed since the plan: nothing was deleted"
        raise Problem("bad-request", "prune", message, "make a new plan, and look at it", fields={"plan": summary})
    memory = Memory(context.places.state, context.settings.container)
    # So that what is forgotten was known: an audit that looked meanwhile then notices, and does not remember it.
    memory.remember(ids_of(seen.loaded))
    applied = apply_plan(doomed, context, lambda each: _forget(each, memory, context))
    fields = {"plan": summary, "pruned": applied.as_event()}
    if applied.problem:
        applied.problem.fields = fields
        raise applied.problem
    return fields


def _forget(doomed: Doomed, memory: Memory, context: Context) -> None:
    memory.forget(doomed.backup)
    set_time = (doomed.manifest or "").split(".")[1]
    for cached in glob.glob(f"{glob.escape(context.places.state)}/manifests/{doomed.source}/{set_time}.*.json"):
        os.unlink(cached)


def read_flights(state: str) -> list[InFlight] | None:
    """The sets under way, of all sources; None: there is a record that cannot be read."""
    flights = []
    for folder in sorted(glob.glob(f"{glob.escape(state)}/chains/*")):
        journal = Journal(folder)
        if journal.unreadable():
            return None
        flight = journal.read()
        if flight:
            flights.append(flight)
    return flights


def _leftovers(seen: Examination, flights: list[InFlight] | None) -> list[Leftover]:
    under_way = {(each.source["id"], each.base_time, each.set_time) for each in flights or []}
    found = []
    for each in incomplete_sets(seen.catalogue, seen.loaded):
        times = [stored.modified for stored in each.objects.values()]
        found.append(
            Leftover(
                id=each.id,
                source=each.source,
                objects={f"{each.source}/{name}": stored.bytes for name, stored in each.objects.items()},
                newest_at=max(times) if all(times) else "",
                under_way=(each.source, each.start, each.end) in under_way,
            )
        )
    return found


def summarize(plan: Plan, doomed: list[Doomed]) -> dict[str, Any]:
    goes = sum(each.goes for each in plan.chains) + sum(each.goes for each in plan.leftovers)
    return {
        "digest": digest_of(doomed),
        "goes": goes,
        "stays": len(plan.chains) + len(plan.leftovers) - goes,
        "files": sum(len(each.objects) + (each.manifest is not None) for each in doomed),
        "storedBytes": sum(sum(each.objects.values()) for each in doomed),
    }


def described(judged: Judged) -> dict[str, Any]:
    chain = judged.chain
    return {
        "what": "chain",
        "goes": judged.goes,
        "id": chain.id,
        "source": chain.source,
        "backups": len(chain.backups),
        "files": sum(len(each.objects) + 1 for each in chain.backups),
        "storedBytes": sum(each.stored_bytes for each in chain.backups),
        "newestAt": chain.newest_at,
        "proven": chain.proven,
        "reason": judged.reason[:400],
    }


def described_leftover(judged: JudgedLeftover) -> dict[str, Any]:
    leftover = judged.leftover
    event = {
        "what": "orphan",
        "goes": judged.goes,
        "id": leftover.id,
        "source": leftover.source,
        "backups": 0,
        "files": len(leftover.objects),
        "storedBytes": sum(leftover.objects.values()),
        "proven": False,
        "reason": judged.reason[:400],
    }
    if leftover.newest_at:
        event["newestAt"] = leftover.newest_at
    return event
