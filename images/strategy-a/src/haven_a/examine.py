"""All manifests, read and compared with the store's listing: what `audit` reports, and what `backup` and `prune` must know before they write or delete.

What it cannot see: bytes that rotted while the store goes on listing the old md5. Only a drill reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from haven_a.catalogue import Catalogue, SourceFolder, read_catalogue
from haven_a.chains import broken_link, by_id
from haven_a.context import Context
from haven_a.load_manifests import Loaded, Manifests, UnreadableManifest
from haven_a.manifest import Manifest, Object
from haven_a.memory import Memory
from haven_a.store import Store, StoredObject

# Beyond so many, more is wrong than a listing that lags, and it is believed.
MOST_ASKED = 1000


@dataclass(frozen=True)
class Finding:
    kind: str
    source: str
    message: str
    backup: str = ""
    part: int | None = None
    object: str = ""

    def as_event(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"kind": self.kind, "source": self.source, "message": self.message}
        if self.backup:
            fields["backup"] = self.backup
        if self.part is not None:
            fields["part"] = self.part
        if self.object:
            fields["object"] = self.object
        return fields


@dataclass(frozen=True)
class Examination:
    catalogue: Catalogue
    loaded: Loaded
    findings: list[Finding]
    #: What was remembered before this look: backups and their sources.
    remembered: dict[str, str]
    asked_by_id: int


def examine(context: Context) -> Examination:
    memory = Memory(context.places.state, context.settings.container)
    remembered = memory.known()
    catalogue = read_catalogue(context.store)
    loaded = Manifests(context.store, context.key, context.places.state).load(catalogue)
    asking = Asking(context.store)
    findings = [_unreadable(each) for each in loaded.unreadable]
    known = by_id(loaded.all())
    for source, manifests in sorted(loaded.readable.items()):
        folder = catalogue.folder(source)
        for manifest in manifests:
            findings += compare(manifest, folder, asking)
            reason = broken_link(manifest, known)
            if reason:
                findings.append(Finding("broken-chain", source, f"backup {manifest.backup} cannot be restored: {reason}", manifest.backup))
        findings += _extra(manifests, folder)
    findings += _twice(loaded)
    findings += _rolled_back(remembered, known, loaded)
    return Examination(catalogue, loaded, findings, remembered, asking.count)


class Asking:
    """Asks the store by name for what its listing does not show: listings lag."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.count = 0

    def find(self, name: str) -> StoredObject | None:
        if self.count >= MOST_ASKED:
            return None
        self.count += 1
        return self._store.find(name)


def compare(manifest: Manifest, folder: SourceFolder, asking: Asking) -> list[Finding]:
    """Given a backup and what lies in its folder, return what is missing or not as recorded."""
    findings = []
    for n, each in enumerate(manifest.objects):
        stored = folder.listed.get(each.name) or asking.find(f"{folder.source}/{each.name}")
        reason = difference(each, stored)
        if reason:
            kind = "missing" if stored is None else "altered"
            findings.append(Finding(kind, folder.source, f"{what_of(each)} of backup {manifest.backup} {reason}", manifest.backup, n, f"{folder.source}/{each.name}"))
    return findings


def difference(recorded: Object, stored: StoredObject | None) -> str:
    if stored is None:
        return "is not in the store"
    if stored.bytes != recorded.bytes:
        return f"has {stored.bytes} bytes instead of {recorded.bytes}"
    return "" if stored.md5 == recorded.md5 else "has another md5 than was recorded"


def what_of(each: Object) -> str:
    from haven_a.set_names import parse_name

    parsed = parse_name(each.name)
    if parsed is None:
        return "an object"
    return f"volume {parsed.volume}" if parsed.volume else f"duplicity's {parsed.what}"


def _extra(manifests: list[Manifest], folder: SourceFolder) -> list[Finding]:
    """Objects in a committed set that its manifest does not name, and sets of duplicity's that fork a chain: a restore would take the wrong way there."""
    findings = []
    committed = {(manifest.base_time, manifest.set_time): manifest for manifest in manifests}
    starts = {manifest.base_time for manifest in manifests if manifest.base_time}
    for key, found in sorted(folder.sets.items(), key=lambda item: item[0][1]):
        manifest = committed.get(key)
        if manifest:
            names = {each.name for each in manifest.objects}
            for name in sorted(found.objects.keys() - names):
                findings.append(Finding("extra", folder.source, f"backup {manifest.backup} has an object that its manifest does not name", manifest.backup, None, f"{folder.source}/{name}"))
        elif found.has_manifest and found.start in starts:
            findings.append(Finding("extra", folder.source, "a set of duplicity's that no manifest names forks a chain", "", None, f"{folder.source}/{sorted(found.objects)[0]}"))
    return findings


def _twice(loaded: Loaded) -> list[Finding]:
    seen: set[str] = set()
    findings = []
    for manifest in loaded.all():
        if manifest.backup in seen:
            findings.append(Finding("extra", manifest.source["id"], f"backup {manifest.backup} has a second manifest", manifest.backup))
        seen.add(manifest.backup)
    return findings


def _unreadable(each: UnreadableManifest) -> Finding:
    return Finding("unreadable", each.source, f"the manifest of {each.source} at {each.set_time} cannot be read: {each.reason}", "", None, each.name)


def _rolled_back(remembered: dict[str, str], known: dict[str, Manifest], loaded: Loaded) -> list[Finding]:
    """An unreadable manifest is a finding of its own; its backup is not called gone as well when it may be that one."""
    unreadable: dict[str, int] = {}
    for each in loaded.unreadable:
        unreadable[each.source] = unreadable.get(each.source, 0) + 1
    findings = []
    for backup, source in sorted(remembered.items()):
        if backup in known:
            continue
        if unreadable.get(source, 0) > 0:
            unreadable[source] -= 1
            continue
        message = f"backup {backup} of {source} was in the store and is not any more: rolled back, emptied, or another container"
        findings.append(Finding("rolled-back", source, message, backup))
    return findings
