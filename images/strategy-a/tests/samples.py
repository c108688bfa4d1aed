"""Backups as they would be, for tests: a manifest, a store in memory, a context around both."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any, BinaryIO

from haven_a.catalogue import Catalogue, read_catalogue
from haven_a.context import Context
from haven_a.events import Events
from haven_a.manifest import Manifest, Object
from haven_a.openpgp import WrongKey
from haven_a.places import Places
from haven_a.problem import Problem
from haven_a.secrets import Secrets
from haven_a.set_names import manifest_of_set, of_set, signatures_of_set
from haven_a.settings import Settings, read_settings
from haven_a.stopping import Stopping
from haven_a.store import StoredObject

NOW = 1_790_000_000.0


def settings(**changes: Any) -> Settings:
    return read_settings({"auth": {"version": 1, "url": "http://swift/auth/v1.0"}, **changes})


def contents(name: str) -> bytes:
    return f"content of {name}".encode()


def object_of(name: str) -> Object:
    data = contents(name)
    return Object(name, len(data), hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest())


def manifest(n: int = 1, base: Manifest | None = None, source: str = "data", volumes: int = 2, **changes: Any) -> Manifest:
    """The n-th backup: its id and times are made of n."""
    set_time, base_time = f"202601{n:02}T120000Z", base.set_time if base else None
    names = [of_set(base_time, set_time, volume + 1) for volume in range(volumes)]
    names += [manifest_of_set(base_time, set_time), signatures_of_set(base_time, set_time)]
    backup = f"{n:02}" * 16
    made = Manifest(
        backup=backup,
        chain=base.chain if base else backup,
        kind="incremental" if base else "full",
        base=base.backup if base else None,
        source={"id": source, "dataset": "tank/data", "snapshot": f"s{n}", "guid": str(n)},
        set_time=set_time,
        base_time=base_time,
        objects=tuple(object_of(name) for name in names),
        counts={"entries": 10, "files": 8, "sourceBytes": 1000, "newestChangeNs": 5},
        writer={"haven": "0"},
        created_at=f"2026-01-{n:02}T12:00:00.000Z",
        committed_at=f"2026-01-{n:02}T12:30:00.000Z",
    )
    return dataclasses.replace(made, **changes)


class MemoryStore:
    """A store that can be damaged, can refuse deletes, and counts what is asked of it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.unlisted: set[str] = set()
        self.refuses: set[str] = set()
        self.deleted: list[str] = []
        self.modified = "2026-01-01T00:00:00.000Z"

    def list(self, prefix: str = "") -> list[StoredObject]:
        return [self._stored(name) for name in sorted(self.objects) if name.startswith(prefix) and name not in self.unlisted]

    def get(self, name: str, into: BinaryIO) -> bool:
        if name in self.objects:
            into.write(self.objects[name])
        return name in self.objects

    def find(self, name: str) -> StoredObject | None:
        return self._stored(name) if name in self.objects else None

    def put(self, name: str, content: BinaryIO, size: int, md5: str, on_bytes: Callable[[int], None]) -> None:
        self.objects[name] = content.read()

    def delete(self, name: str) -> None:
        if name in self.refuses:
            raise Problem("try-later", "delete object", "it would not go")
        self.deleted.append(name)
        self.objects.pop(name, None)

    def calls(self) -> int:
        return 0

    def _stored(self, name: str) -> StoredObject:
        data = self.objects[name]
        return StoredObject(name, len(data), hashlib.md5(data).hexdigest(), self.modified)

    def keep(self, *manifests: Manifest, key: Any = None) -> None:
        """As after a backup: all objects, and Haven's manifest last."""
        from haven_a.manifest import to_json

        for each in manifests:
            folder = each.source["id"]
            for stored in each.objects:
                self.objects[f"{folder}/{stored.name}"] = contents(stored.name)
            self.objects[f"{folder}/{each.name}"] = (key or PlainKey()).encrypt(to_json(each))


class PlainKey:
    """Encrypts by a word in front: what GnuPG does is tested with GnuPG."""

    home = "/nowhere"

    def __init__(self, word: bytes = b"right:") -> None:
        self._word = word

    def encrypt(self, plain: bytes) -> bytes:
        return self._word + plain

    def decrypt(self, stored: bytes) -> bytes:
        if not stored.startswith(self._word):
            raise WrongKey
        return stored[len(self._word) :]


class Told:
    """Keeps the events of a run."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.events = Events(lambda data: self.lines.append(json.loads(data)))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


def context_of(root: str, store: Any, told: Told | None = None, **changes: Any) -> Context:
    secrets = Secrets(b"hunter2", {"user": "u", "password": "p"})
    return Context(
        settings=changes.pop("settings", settings()),
        secrets=secrets,
        store=store,
        key=changes.pop("key", PlainKey()),
        events=(told or Told()).events,
        stopping=Stopping(),
        places=changes.pop("places", Places(root=root, scratch=root)),
        now=lambda: NOW,
        **changes,
    )


def catalogue_of(store: Any) -> Catalogue:
    return read_catalogue(store)
