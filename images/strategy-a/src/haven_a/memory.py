"""Which backups were seen to exist. A store that shows fewer was rolled back, emptied, or is another one: `audit` then says so.
It is a cache: without it nothing is lost but this one question."""

from __future__ import annotations

import json

from haven_a.json_file import cache_file, read_json, write_json
from haven_a.load_manifests import Loaded
from haven_a.request import BACKUP, IDENTIFIER


class Memory:
    def __init__(self, state: str, container: str) -> None:
        self._path = f"{state}/known/{container}.json"

    def known(self) -> dict[str, str]:
        """Id of each backup, and the id of its source."""
        found = read_json(self._path)
        if not isinstance(found, dict):
            return {}
        good = (isinstance(source, str) and BACKUP.fullmatch(backup) and IDENTIFIER.fullmatch(source) for backup, source in found.items())
        return found if all(good) else {}

    def remember(self, backups: dict[str, str]) -> None:
        before = self.known()
        after = {**before, **backups}
        if after != before:
            cache_file(self._path, json.dumps(after).encode("ascii"))

    def forget(self, backup: str) -> None:
        """It is about to be deleted on purpose. Not as a cache: who cannot write this down must not delete."""
        rest = {known: source for known, source in self.known().items() if known != backup}
        if len(rest) < len(self.known()):
            write_json(self._path, rest)


def ids_of(loaded: Loaded) -> dict[str, str]:
    return {manifest.backup: manifest.source["id"] for manifest in loaded.all()}
