"""What lies in the container, by source: Haven's manifests, duplicity's sets, and what is neither. One listing, nothing downloaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from haven_a.manifest import NAME
from haven_a.request import IDENTIFIER
from haven_a.set_names import parse_name
from haven_a.store import Store, StoredObject


@dataclass
class DuplicitySet:
    """Objects of one set of duplicity's, by their names without the folder."""

    source: str
    start: str | None
    end: str
    objects: dict[str, StoredObject] = field(default_factory=dict)
    #: As duplicity sees it: its own manifest is there.
    has_manifest: bool = False
    volumes: int = 0

    @property
    def id(self) -> str:
        """What it is called by when no manifest of Haven's names it."""
        return hashlib.sha256(f"{self.source}/{self.start}/{self.end}".encode("ascii")).hexdigest()[:32]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.objects.values())


@dataclass
class SourceFolder:
    """All that lies below ID/ in the container."""

    source: str
    #: By the set's time.
    manifests: dict[str, StoredObject] = field(default_factory=dict)
    #: By the times of their start and end.
    sets: dict[tuple[str | None, str], DuplicitySet] = field(default_factory=dict)
    #: By their names without the folder.
    listed: dict[str, StoredObject] = field(default_factory=dict)


@dataclass
class Catalogue:
    folders: dict[str, SourceFolder] = field(default_factory=dict)
    #: Objects that are not Haven's: never touched, only counted.
    foreign: int = 0

    def folder(self, source: str) -> SourceFolder:
        return self.folders.get(source) or SourceFolder(source)


def read_catalogue(store: Store, source: str | None = None) -> Catalogue:
    """Given the store, return what the container (or one source's folder in it) holds; throws when the listing is not complete."""
    catalogue = Catalogue()
    for each in store.list(f"{source}/" if source else ""):
        folder_name, _slash, name = each.name.partition("/")
        if not name or not IDENTIFIER.fullmatch(folder_name) or not _add(catalogue, folder_name, name, each):
            catalogue.foreign += 1
    return catalogue


def _add(catalogue: Catalogue, folder_name: str, name: str, each: StoredObject) -> bool:
    is_manifest = NAME.fullmatch(name)
    parsed = parse_name(name)
    if not is_manifest and not parsed:
        return False
    folder = catalogue.folders.setdefault(folder_name, SourceFolder(folder_name))
    folder.listed[name] = each
    if is_manifest:
        folder.manifests[is_manifest[1]] = each
    elif parsed:
        found = folder.sets.setdefault((parsed.start, parsed.end), DuplicitySet(folder_name, parsed.start, parsed.end))
        found.objects[name] = each
        found.has_manifest = found.has_manifest or parsed.what == "manifest"
        found.volumes += parsed.what == "volume"
    return True
