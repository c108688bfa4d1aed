"""duplicity's manifest is the last that it stores of a set. Where it ended just before that, all else is off-site, and it cannot go on: its signatures are
closed already. So Haven stores the manifest, from duplicity's own archive; else a set of weeks would be made anew for the sake of a few kilobytes."""

from __future__ import annotations

import glob
import hashlib
import io
import os

from haven_a.context import Context
from haven_a.in_flight import InFlight, Journal
from haven_a.inside import write_receipt
from haven_a.set_names import manifest_of_set, signatures_of_set


def tidy_archive(flight: InFlight, journal: Journal) -> None:
    """After a kill: takes away what duplicity had encrypted to send and did not come to delete. It looks there for its manifests in clear, takes whichever the folder
    names first, and would find that "Remote manifest does not match local one". And gives a manifest that is stored already its final name."""
    archive = f"{journal.archive}/haven"
    for encrypted in glob.glob(f"{glob.escape(archive)}/*.gpg"):
        os.unlink(encrypted)
    name = manifest_of_set(flight.base_time, flight.set_time)
    final = f"{archive}/{name.removesuffix('.gpg')}"
    if name in journal.receipts() and os.path.exists(f"{final}.part"):
        os.rename(f"{final}.part", final)


def store_last_manifest(flight: InFlight, journal: Journal, context: Context) -> bool:
    """Given a set in flight, store its manifest where that is all that is missing, and say whether it was. Whether it is the right one for what is stored, the proof of the set shows."""
    name = manifest_of_set(flight.base_time, flight.set_time)
    archive = f"{journal.archive}/haven"
    final = f"{archive}/{name.removesuffix('.gpg')}"
    unfinished = f"{final}.part"
    signatures = signatures_of_set(flight.base_time, flight.set_time)
    # With unfinished signatures duplicity goes on itself.
    if os.path.exists(f"{archive}/{signatures.removesuffix('.gpg')}.part") or not os.path.exists(unfinished):
        return False
    receipts = journal.receipts()
    if name in receipts or signatures not in receipts:
        return False
    with open(unfinished, "rb") as file:
        stored = context.key.encrypt(file.read())
    digests = {each: hashlib.new(each, stored, usedforsecurity=False).hexdigest() for each in ("md5", "sha1", "sha256")}
    context.store.put(f"{flight.source['id']}/{name}", io.BytesIO(stored), len(stored), digests["md5"], lambda _count: None)
    write_receipt(journal.receipts_path, {"name": name, "bytes": len(stored), **digests})
    os.rename(unfinished, final)
    return True
