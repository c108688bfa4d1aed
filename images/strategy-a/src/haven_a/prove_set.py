"""Whether what duplicity wrote is all there. Its exit status 0 is not enough (docs/sabotage-a.md): everything is counted at both ends."""

from __future__ import annotations

import os
import re
import shutil
import time

from haven_a.catalogue import read_catalogue
from haven_a.context import Context
from haven_a.duplicity import Job, failed, run_duplicity
from haven_a.duplicity_log import COLLECTION_STATUS, Record, sets_of
from haven_a.examine import difference, what_of
from haven_a.in_flight import InFlight, Journal, Receipt
from haven_a.manifest import Object, why_not_whole
from haven_a.openpgp import NO_AGENT
from haven_a.problem import Problem
from haven_a.set_names import manifest_of_set, parse_name

# How long a listing may lag behind what the store has confirmed.
LISTING_SECONDS = 120.0
VOLUME = re.compile(rb"Volume ([0-9]+):")
HASH = re.compile(rb"\s+Hash SHA1 ([0-9a-f]{40})")


def prove_set(flight: InFlight, journal: Journal, context: Context) -> tuple[Object, ...]:
    """Given a set that duplicity ended well, return its objects; throws failed, naming what is not as it must be, when anything is amiss."""
    receipts = journal.receipts()
    objects = tuple(sorted((each.object for each in receipts.values()), key=_order))
    source = flight.source["id"]
    archived = f"{journal.archive}/haven/{manifest_of_set(flight.base_time, flight.set_time).removesuffix('.gpg')}"
    reason = why_not_whole(objects, flight.base_time, flight.set_time)
    if not reason:
        reason = _disagreement(receipts, _volumes_of(archived))
    if reason:
        raise unproven(source, f"what the store has confirmed is not the set that duplicity wrote: {reason}")
    _listed(objects, flight, context)
    _seen_by_duplicity(len(objects) - 2, flight, journal, context)
    return objects


def _volumes_of(manifest: str) -> dict[int, str]:
    """Given the path of duplicity's own manifest of a set, in clear, return the SHA-1 of each volume; none when it cannot be read."""
    volumes: dict[int, str] = {}
    try:
        # Names of files are in it, so it is read as bytes and line by line: it can be long.
        with open(manifest, "rb") as file:
            number = 0
            for line in file:
                if match := VOLUME.match(line):
                    number = int(match[1])
                elif number and (match := HASH.match(line)):
                    volumes[number] = match[1].decode("ascii")
    except OSError:
        return {}
    return volumes


def _disagreement(receipts: dict[str, Receipt], volumes: dict[int, str]) -> str:
    """'' when the volumes that the store has confirmed are those of duplicity's manifest."""
    stored = {parsed.volume: each.sha1 for name, each in receipts.items() if (parsed := parse_name(name)) and parsed.volume}
    if not volumes:
        return "its manifest cannot be read"
    if stored.keys() != volumes.keys():
        return f"its manifest names {len(volumes)} volumes, {len(stored)} are stored"
    wrong = [number for number, sha1 in volumes.items() if stored[number] != sha1]
    return f"volume {wrong[0]} has another SHA-1" if wrong else ""


def _listed(objects: tuple[Object, ...], flight: InFlight, context: Context) -> None:
    source = flight.source["id"]
    folder = read_catalogue(context.store, source).folder(source)
    found = folder.sets.get((flight.base_time, flight.set_time))
    for each in objects:
        stored = (found.objects.get(each.name) if found else None) or context.store.find(f"{source}/{each.name}")
        reason = difference(each, stored)
        if reason:
            raise unproven(source, f"{what_of(each)} {reason}")
    if found and found.objects.keys() - {each.name for each in objects}:
        raise unproven(source, "the store holds an object of this set that was never sent")


def _seen_by_duplicity(volumes: int, flight: InFlight, journal: Journal, context: Context) -> None:
    """duplicity itself, without any of its cache, must see the set as the end of a chain, with all its volumes."""
    source = flight.source["id"]
    deadline = time.monotonic() + LISTING_SECONDS
    pause = 1.0
    while True:
        seen = cold_sets(source, journal, context)
        if seen.get(flight.set_time) == volumes:
            return
        if time.monotonic() >= deadline:
            raise unproven(source, f"duplicity sees {seen.get(flight.set_time, 'no')} volumes of the set instead of {volumes}")
        time.sleep(pause)
        pause = min(pause * 2, 20)


def cold_sets(source: str, journal: Journal, context: Context) -> dict[str, int]:
    archive = f"{context.places.temporary}/cold-{source}"
    shutil.rmtree(archive, ignore_errors=True)
    os.makedirs(archive, mode=0o700)
    seen: dict[str, int] = {}

    def on_record(record: Record) -> None:
        if record.code == COLLECTION_STATUS:
            seen.update(sets_of(record))

    arguments = ["collection-status", "--archive-dir", archive, "--name", "haven", "--num-retries", "1", "--gpg-options", " ".join(NO_AGENT), f"haven://{context.settings.container}/{source}"]
    try:
        ended = run_duplicity(arguments, Job(source, journal.folder, os.devnull), context, on_record)
    finally:
        shutil.rmtree(archive, ignore_errors=True)
    if ended.code != 0:
        raise failed(ended, source)
    return seen


def _order(each: Object) -> tuple[int, str]:
    parsed = parse_name(each.name)
    return (parsed.volume or 1 << 30 if parsed else 0), each.name


def unproven(source: str, message: str) -> Problem:
    return Problem("failed", "prove backup", message, "nothing of it counts; run it again", source)
