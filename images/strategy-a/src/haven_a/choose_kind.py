"""Full or incremental, and why. Pure: what is known of a source's chain in, a choice out. An incremental only where duplicity will see the very base that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from haven_a.catalogue import SourceFolder
from haven_a.chains import broken_link, by_id, links
from haven_a.examine import Finding
from haven_a.load_manifests import UnreadableManifest
from haven_a.manifest import Manifest, instant
from haven_a.set_names import to_seconds, to_set_time
from haven_a.settings import Settings, seconds_of


@dataclass(frozen=True)
class Choice:
    #: What an incremental builds upon; None: a full.
    base: Manifest | None
    reason: str
    set_time: str


@dataclass(frozen=True)
class Known:
    #: Oldest first.
    manifests: list[Manifest]
    unreadable: list[UnreadableManifest]
    folder: SourceFolder
    #: Of an audit of the newest backup and all that it builds upon.
    damage: list[Finding]


def choose_kind(kind: str, known: Known, settings: Settings, now: float) -> Choice:
    newest = known.manifests[-1] if known.manifests else None
    set_time = _next_time(known, now)
    reason = why_full(kind, newest, known, settings, now)
    return Choice(None, reason, set_time) if reason else Choice(newest, "", set_time)


def why_full(kind: str, newest: Manifest | None, known: Known, settings: Settings, now: float) -> str:
    """'' when an incremental will do."""
    if kind == "full":
        return "it was asked for"
    if newest is None:
        return "there is no backup yet"
    if any(each.set_time > newest.set_time for each in known.unreadable):
        return "the newest manifest cannot be read"
    table: Mapping[str, Manifest] = by_id(known.manifests)
    broken = broken_link(newest, table)
    if broken:
        return f"the newest chain is broken: {broken}"
    if known.damage:
        return f"the newest chain is damaged: {known.damage[0].message}"
    committed = {(each.base_time, each.set_time) for each in known.manifests}
    for key, found in known.folder.sets.items():
        if key not in committed and found.has_manifest and found.end > newest.set_time:
            return "the store holds a set that Haven does not know: duplicity would build upon it"
    chain = links(newest, table)
    if len(chain) >= settings.chain_length:
        return f"the chain has {len(chain)} backups (chainLength)"
    if now - instant(chain[-1].created_at) > seconds_of(settings.full_every):
        return f"the chain's full is older than {settings.full_every} (fullEvery)"
    return ""


def _next_time(known: Known, now: float) -> str:
    """duplicity orders sets by their time: a new one must be the latest, even when the clock went back."""
    latest = max((to_seconds(end) for _start, end in known.folder.sets), default=0)
    latest = max([latest, *(to_seconds(each) for each in known.folder.manifests)])
    return to_set_time(max(int(now), latest + 2))
