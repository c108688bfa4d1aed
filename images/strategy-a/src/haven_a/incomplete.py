"""What unfinished runs left: sets of duplicity's without a manifest of Haven's. Shown, never counted as backups."""

from __future__ import annotations

from haven_a.catalogue import Catalogue, DuplicitySet
from haven_a.load_manifests import Loaded


def incomplete_sets(catalogue: Catalogue, loaded: Loaded) -> list[DuplicitySet]:
    """Sets of duplicity's that no manifest of Haven's names. What an unreadable manifest may name is not among them."""
    unknown = {(each.source, each.set_time) for each in loaded.unreadable}
    found = []
    for folder in catalogue.folders.values():
        committed = {(manifest.base_time, manifest.set_time) for manifest in loaded.of(folder.source)}
        found += [each for key, each in folder.sets.items() if key not in committed and (folder.source, each.end) not in unknown]
    return sorted(found, key=lambda each: (each.source, each.end, each.start or ""))
