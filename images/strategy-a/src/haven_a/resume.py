"""Whether a set that a kill cut off may be gone on with. Only from the very same snapshot: duplicity would mix two states and exit 0."""

from __future__ import annotations

import base64
import os

from haven_a.catalogue import SourceFolder
from haven_a.context import Context
from haven_a.examine import difference
from haven_a.in_flight import InFlight, Journal
from haven_a.openpgp import Key, WrongKey
from haven_a.problem import Problem
from haven_a.set_names import manifest_of_set, of_set, parse_name, signatures_of_set


def key_check(key: Key) -> str:
    """A message that only the passphrase of now opens."""
    return base64.b64encode(key.encrypt(b"haven")).decode("ascii")


def demand_same_passphrase(flight: InFlight, context: Context) -> None:
    """Throws bad-request when the set was begun with another passphrase: nobody could restore what is half one's, half the other's, and duplicity would not mind."""
    if not flight.key_check:
        return
    try:
        context.key.decrypt(base64.b64decode(flight.key_check))
    except WrongKey:
        message = "the backup under way was begun with another passphrase"
        hint = "put that passphrase back (the recovery kit has it) until the backup is done; for a new passphrase set another container: docs/operate/passphrase-a.md"
        raise Problem("bad-request", "try passphrase", message, hint, flight.source["id"]) from None


def why_not_resumable(flight: InFlight, source: dict[str, str], folder: SourceFolder, journal: Journal, context: Context) -> str:
    """'' when duplicity can go on with it."""
    if flight.source != source:
        return "the request names another snapshot"
    if flight.errors:
        return "some of its files could not be read"
    partial = [manifest_of_set(flight.base_time, flight.set_time), signatures_of_set(flight.base_time, flight.set_time)]
    # In the archive, unfinished: NAME.manifest.part and NAME.sigtar.part.
    if not all(os.path.exists(f"{journal.archive}/haven/{name.removesuffix('.gpg')}.part") for name in partial):
        return "duplicity's own record of it is not there"
    index = (flight.compare_with or {}).get("index")
    if index and not os.path.exists(index):
        return "the index of its base is not there"
    if not os.path.exists(context.places.attributes(source["id"])):
        return "the record of attributes that it began with is not there"
    return _why_not_stored(flight, folder, journal)


def _why_not_stored(flight: InFlight, folder: SourceFolder, journal: Journal) -> str:
    """Each volume that the store shows must be one that it confirmed to us; duplicity makes the last of them once more, so it needs two."""
    found = folder.sets.get((flight.base_time, flight.set_time))
    volumes = sorted(parsed.volume for name in (found.objects if found else {}) if (parsed := parse_name(name)) and parsed.volume)
    if len(volumes) < 2:
        return "not more than one volume of it is stored"
    if volumes != list(range(1, len(volumes) + 1)):
        return "a volume of it is missing in the store"
    receipts = journal.receipts()
    assert found
    for number in volumes[:-1]:
        name = of_set(flight.base_time, flight.set_time, number)
        if name not in receipts:
            return f"nothing tells that volume {number} was stored right"
        reason = difference(receipts[name].object, found.objects[name])
        if reason:
            return f"volume {number} {reason}"
    return ""
