"""Chains: a full backup and the incrementals on it. A backup can be restored only when every link down to its full is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from haven_a.manifest import Manifest


def by_id(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    return {manifest.backup: manifest for manifest in manifests}


def links(manifest: Manifest, known: Mapping[str, Manifest]) -> list[Manifest]:
    """The backup and all that it builds upon, as far as they are known, the backup itself first."""
    found = [manifest]
    while (base := known.get(found[-1].base or "")) is not None and base not in found:
        found.append(base)
    return found


def broken_link(manifest: Manifest, known: Mapping[str, Manifest]) -> str:
    """Given a backup and all backups by id, return why it cannot be restored from its full on, '' when it can."""
    found = links(manifest, known)
    for link, base in zip(found, found[1:]):
        if base.chain != manifest.chain:
            return f"backup {base.backup}, which it builds upon, is of another chain"
        if base.source["id"] != manifest.source["id"]:
            return f"backup {base.backup}, which it builds upon, is of another source"
        if base.set_time != link.base_time:
            return f"backup {base.backup}, which it builds upon, is another set of duplicity's"
    last = found[-1]
    if last.base is not None:
        return "it builds upon itself" if last.base in known else f"backup {last.base}, which it builds upon, is not in the store"
    return "" if last.backup == manifest.chain else f"its chain does not begin with backup {manifest.chain}"


def last_first(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Given the backups of a chain, return them so that each comes before the one it builds upon: later sets build upon earlier ones, never the reverse."""
    return sorted(manifests, key=lambda each: (each.set_time, each.backup), reverse=True)
