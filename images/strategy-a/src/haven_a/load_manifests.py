"""Haven's manifests, downloaded once and then kept decrypted in the state volume, by the name and md5 that the listing has of each."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field

from haven_a import openpgp
from haven_a.catalogue import Catalogue, SourceFolder
from haven_a.json_file import cache_file
from haven_a.manifest import LARGEST, MD5, Manifest, Unreadable, from_json
from haven_a.store import Store, StoredObject


@dataclass(frozen=True)
class UnreadableManifest:
    source: str
    set_time: str
    #: The object's name.
    name: str
    reason: str
    #: Whether GnuPG refused it: another passphrase, or damage.
    undecryptable: bool


@dataclass
class Loaded:
    #: By source, oldest first.
    readable: dict[str, list[Manifest]] = field(default_factory=dict)
    unreadable: list[UnreadableManifest] = field(default_factory=list)
    downloads: int = 0

    def of(self, source: str) -> list[Manifest]:
        return self.readable.get(source, [])

    def all(self) -> list[Manifest]:
        return [manifest for manifests in self.readable.values() for manifest in manifests]


def cache_path(state: str, source: str, set_time: str, md5: str) -> str:
    """Where a decrypted manifest is kept, so that who looks need not download it again."""
    return f"{state}/manifests/{source}/{set_time}.{md5}.json"


class Manifests:
    """Reads manifests of one store with one key; what it read lies in the state volume as a cache."""

    def __init__(self, store: Store, key: openpgp.Key, state: str) -> None:
        self._store = store
        self._key = key
        self._state = state

    def load(self, catalogue: Catalogue) -> Loaded:
        loaded = Loaded()
        for folder in sorted(catalogue.folders.values(), key=lambda each: each.source):
            self._load_folder(folder, loaded)
        return loaded

    def _load_folder(self, folder: SourceFolder, loaded: Loaded) -> None:
        for set_time, stored in sorted(folder.manifests.items()):
            try:
                plain = self._cached(folder.source, set_time, stored)
                if plain is None:
                    loaded.downloads += 1
                    plain = self.download(stored)
                manifest = from_json(plain, folder.source, set_time)
                self._keep(folder.source, set_time, stored, plain)
                loaded.readable.setdefault(folder.source, []).append(manifest)
            except openpgp.WrongKey:
                reason = "it does not decrypt: damaged, or made with another passphrase"
                loaded.unreadable.append(UnreadableManifest(folder.source, set_time, stored.name, reason, True))
            except Unreadable as why:
                loaded.unreadable.append(UnreadableManifest(folder.source, set_time, stored.name, str(why), False))

    def download(self, stored: StoredObject) -> bytes:
        """The decrypted manifest; throws WrongKey, or Unreadable when the store's bytes are not those that it lists."""
        if stored.bytes > LARGEST:
            raise Unreadable("it is far too large")
        into = io.BytesIO()
        if not self._store.get(stored.name, into):
            raise Unreadable("the store lists it, but does not have it")
        data = into.getvalue()
        if len(data) != stored.bytes or hashlib.md5(data, usedforsecurity=False).hexdigest() != stored.md5:
            raise Unreadable("the store's bytes of it are not those that it lists")
        return self._key.decrypt(data)

    def _path(self, source: str, set_time: str, stored: StoredObject) -> str | None:
        return cache_path(self._state, source, set_time, stored.md5) if MD5.fullmatch(stored.md5) else None

    def _cached(self, source: str, set_time: str, stored: StoredObject) -> bytes | None:
        path = self._path(source, set_time, stored)
        if path is None:
            return None
        try:
            with open(path, "rb") as file:
                plain = file.read()
            from_json(plain, source, set_time)
            return plain
        except (OSError, Unreadable):
            return None

    def _keep(self, source: str, set_time: str, stored: StoredObject, plain: bytes) -> None:
        path = self._path(source, set_time, stored)
        if path is not None and self._cached(source, set_time, stored) is None:
            cache_file(path, plain)
