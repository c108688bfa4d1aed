"""`copy`: the objects of some backups as they lie in Swift, into a folder, with what Swift knows of each. Only the manifests are decrypted: they tell what belongs to a backup."""

from __future__ import annotations

import json
import os
from typing import Any

from haven_a.catalogue import read_catalogue
from haven_a.context import Context
from haven_a.load_manifests import Manifests
from haven_a.manifest import Manifest
from haven_a.problem import Problem
from haven_a.set_names import parse_name

ROLES = {"volume": "data", "signatures": "signatures", "manifest": "index"}


def copy(request: dict[str, Any], context: Context) -> dict[str, Any]:
    loaded = Manifests(context.store, context.key, context.places.state).load(read_catalogue(context.store))
    by_id = {manifest.backup: manifest for manifest in loaded.all()}
    missing = [backup for backup in request["backups"] if backup not in by_id]
    if missing:
        raise damaged(f"backup {missing[0]} is not in the store, or its manifest cannot be read")
    wanted = [each for backup in request["backups"] for each in objects_of(by_id[backup])]
    objects, copied = [], 0
    for n, each in enumerate(wanted):
        context.events.progress("copy", n, len(wanted), "files")
        file = f"{n:06}"
        size = download(each["name"], os.path.join(context.places.copy, file), context)
        copied += size
        objects.append({"file": file, **each, "bytes": size})
    descriptor = os.open(os.path.join(context.places.copy, "objects.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    os.fchmod(descriptor, 0o644)
    with os.fdopen(descriptor, "w", encoding="ascii") as file_list:
        json.dump({"objects": objects}, file_list)
    return {"copied": {"objects": len(objects), "bytes": copied}}


def objects_of(manifest: Manifest) -> list[dict[str, Any]]:
    """Haven's manifest comes last, as it was written."""
    folder, found = manifest.source["id"], []
    for each in manifest.objects:
        parsed = parse_name(each.name)
        assert parsed, "the manifest was checked when it was read"
        about: dict[str, Any] = {"backup": manifest.backup, "role": ROLES[parsed.what], "name": f"{folder}/{each.name}"}
        if parsed.volume is not None:
            about["part"] = parsed.volume - 1
        found.append(about)
    return [*found, {"backup": manifest.backup, "role": "manifest", "name": f"{folder}/{manifest.name}"}]


def download(name: str, path: str, context: Context) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    # Whatever the umask: who reads the copy is another user, and in it is nothing but what the provider has.
    os.fchmod(descriptor, 0o644)
    with os.fdopen(descriptor, "w+b") as file:
        if not context.store.get(name, file):
            raise damaged(f"{name} is not in the store")
        return file.seek(0, os.SEEK_END)


def damaged(message: str) -> Problem:
    return Problem("damaged", "copy", message, "`haven audit a` says more")
