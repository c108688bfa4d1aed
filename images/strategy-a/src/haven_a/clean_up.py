"""Removes a set that was begun and will not be finished: by the names that it alone can have, and only a set that Haven's own record tells of.
duplicity's `cleanup` is never used: after the loss of a manifest it deletes the good volumes that survived."""

from __future__ import annotations

import glob
import os

from haven_a.catalogue import read_catalogue
from haven_a.context import Context
from haven_a.in_flight import InFlight, Journal
from haven_a.problem import Problem


def clean_up(flight: InFlight, journal: Journal, context: Context) -> None:
    """After it the store shows nothing of the set any more, and no record of it is left; throws when something would not go."""
    source = flight.source["id"]
    key = (flight.base_time, flight.set_time)
    folder = read_catalogue(context.store, source).folder(source)
    if flight.set_time in folder.manifests:
        raise Problem("failed", "clean up", "the set to be cleaned away has a manifest: it is a backup", "keep everything; report this", source)
    found = folder.sets.get(key)
    names = set(found.objects) if found else set()
    # What a listing that lags may not show yet.
    names |= set(journal.receipts())
    # The one that makes it a set of duplicity's goes first.
    for name in sorted(names, key=lambda each: (".manifest." not in each, each)):
        context.store.delete(f"{source}/{name}")
    left = read_catalogue(context.store, source).folder(source).sets.get(key)
    for name in left.objects if left else {}:
        if context.store.find(f"{source}/{name}"):
            raise Problem("failed", "clean up", f"{len(left.objects) if left else 0} objects of a set that was given up could not be deleted", "run it again", source)
    journal.drop_archive()
    for index in glob.glob(f"{glob.escape(journal.folder)}/index.{flight.backup}.gz*"):
        os.unlink(index)
    journal.forget()
