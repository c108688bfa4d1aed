"""The set that is being written: what the next run needs to know to go on with it, or to clean it away. One for each source.

in-flight.json is replaced whole at each step; receipts.jsonl grows by a line, synced, for each object that the store has confirmed.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from typing import Any

from haven_a.json_file import read_json, remove_file, write_json
from haven_a.manifest import Object


@dataclass(frozen=True)
class InFlight:
    backup: str
    chain: str
    kind: str
    base: str | None
    base_time: str | None
    set_time: str
    source: dict[str, str]
    volume_mib: int
    #: entries, files and bytes of the source, counted before the first byte
    counts: dict[str, int]
    created_at: str
    #: How an incremental finds what duplicity would take for unchanged: {"index": path} or {"since": ctime in ns}; None: a full.
    compare_with: dict[str, Any] | None = None
    #: What duplicity could not read; kept at once, so that a kill cannot make it forgotten.
    errors: int = 0
    #: duplicity exited 0 and counted no error: all that is missing is the proof and the manifest.
    written: bool = False
    #: Where it goes. '': begun by a Haven that did not write that down.
    container: str = ""
    #: A message encrypted with its passphrase, in base64: whether another run has the same one.
    key_check: str = ""


@dataclass(frozen=True)
class Receipt:
    """An object that the store has confirmed."""

    object: Object
    sha1: str


class Journal:
    """State of one source's set in flight, in its own folder of the state volume."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.receipts_path = f"{folder}/receipts.jsonl"
        self.archive = f"{folder}/archive"
        self._path = f"{folder}/in-flight.json"

    def read(self) -> InFlight | None:
        found = read_json(self._path)
        try:
            return InFlight(**found) if isinstance(found, dict) else None
        except TypeError:
            return None

    def unreadable(self) -> bool:
        """There is a record, but nobody knows what it says."""
        return os.path.exists(self._path) and self.read() is None

    def begin(self, flight: InFlight) -> None:
        remove_file(self.receipts_path)
        self.write(flight)

    def write(self, flight: InFlight) -> None:
        write_json(self._path, asdict(flight))

    def add_errors(self, count: int) -> None:
        flight = self.read()
        if flight:
            self.write(replace(flight, errors=flight.errors + count))

    def mark_written(self, flight: InFlight, bytes_read: int) -> InFlight:
        """duplicity has done its part; returns the record as it now is."""
        after = replace(flight, written=True, counts={**flight.counts, "readBytes": bytes_read})
        self.write(after)
        return after

    def forget(self) -> None:
        """After the commit, or after all of it was cleaned away. The record goes first: receipts alone mean nothing."""
        remove_file(self._path)
        remove_file(self.receipts_path)

    def drop_archive(self) -> None:
        """duplicity's cache: it comes back from the store."""
        shutil.rmtree(self.archive, ignore_errors=True)

    def receipts(self) -> dict[str, Receipt]:
        """By object name; the last one counts, for a resumed run sends a volume again. A line that a kill cut off is no receipt."""
        found: dict[str, Receipt] = {}
        try:
            with open(self.receipts_path, "rb") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return found
        for line in lines[:-1]:
            try:
                each: dict[str, Any] = json.loads(line)
                receipt = Receipt(Object(each["name"], each["bytes"], each["md5"], each["sha256"]), each["sha1"])
            except (ValueError, KeyError, TypeError):
                continue
            found[receipt.object.name] = receipt
        return found
