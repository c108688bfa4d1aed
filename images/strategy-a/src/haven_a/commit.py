"""The commit: Haven's manifest, written last. From here on it is a backup."""

from __future__ import annotations

import glob
import hashlib
import io
import os

from haven_a import VERSION
from haven_a.context import Context
from haven_a.events import utc_now
from haven_a.in_flight import InFlight, Journal
from haven_a.json_file import cache_file
from haven_a.load_manifests import cache_path
from haven_a.manifest import Manifest, Object, to_json
from haven_a.memory import Memory
from haven_a.problem import Problem
from haven_a.version import installed_packages


def commit(flight: InFlight, objects: tuple[Object, ...], journal: Journal, context: Context) -> Manifest:
    """Given a proven set, store its manifest and return it. Written, read back, decrypted: only then is it one."""
    manifest = Manifest(
        backup=flight.backup,
        chain=flight.chain,
        kind=flight.kind,
        base=flight.base,
        source=flight.source,
        set_time=flight.set_time,
        base_time=flight.base_time,
        objects=objects,
        counts=flight.counts,
        writer={"haven": VERSION, **installed_packages(("duplicity", "gnupg"))},
        created_at=flight.created_at,
        committed_at=utc_now(),
    )
    _store(manifest, context)
    Memory(context.places.state, context.settings.container).remember({manifest.backup: manifest.source["id"]})
    journal.forget()
    # The next incremental needs this one's index and no other.
    for index in glob.glob(f"{glob.escape(journal.folder)}/index.*"):
        if os.path.basename(index) != f"index.{manifest.backup}.gz":
            os.unlink(index)
    return manifest


def _store(manifest: Manifest, context: Context) -> None:
    plain = to_json(manifest)
    stored = context.key.encrypt(plain)
    name = f"{manifest.source['id']}/{manifest.name}"
    md5 = hashlib.md5(stored, usedforsecurity=False).hexdigest()
    context.store.put(name, io.BytesIO(stored), len(stored), md5, lambda _count: None)
    back = io.BytesIO()
    if not context.store.get(name, back) or context.key.decrypt(back.getvalue()) != plain:
        raise Problem("failed", "commit", "the manifest that was stored is not the one that comes back", "run it again", manifest.source["id"])
    cache_file(cache_path(context.places.state, manifest.source["id"], manifest.set_time, md5), plain)
