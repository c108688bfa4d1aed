"""Lets duplicity write one set, full or incremental, or go on with one that a kill cut off."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from haven_a.context import Context
from haven_a.duplicity import Ended, Job, run_duplicity
from haven_a.duplicity_log import LOSSES, OBJECT_STORED, SUSPECTS, Record, statistics
from haven_a.in_flight import InFlight, Journal
from haven_a.openpgp import NO_AGENT
from haven_a.set_names import parse_name, to_seconds
from haven_a.source import unreadable

COMPRESSION = {"zlib": "--compress-algo=zlib --cipher-algo=AES256", "none": "--compress-algo=none --cipher-algo=AES256"}


@dataclass
class Written:
    ended: Ended
    #: What duplicity itself counted at the end; {} when it did not come so far.
    statistics: dict[str, int] = field(default_factory=dict)
    suspects: int = 0

    @property
    def errors(self) -> int:
        return self.statistics.get("Errors", 0)

    @property
    def bytes_read(self) -> int:
        return self.statistics.get("NewFileSize", 0) + self.statistics.get("ChangedFileSize", 0)


class Listener:
    """State of one run of duplicity: what it told of so far, passed on as events."""

    def __init__(self, flight: InFlight, journal: Journal, context: Context) -> None:
        self._flight = flight
        self._journal = journal
        self._events = context.events
        self._total = flight.counts["sourceBytes"]
        self._read = 0
        self.found = Written(Ended(-1, ""))

    def __call__(self, record: Record) -> None:
        if record.code == OBJECT_STORED:
            self._stored(json.loads(record.extra))
        elif record.code == SUSPECTS and record.extra.isdigit():
            self.found.suspects = int(record.extra)
        elif record.level in ("WARNING", "ERROR") and record.code in LOSSES:
            self._lost(LOSSES[record.code])
        elif record.level == "WARNING" and any("getting delta for" in line for line in record.text):
            self._lost("read")
        elif numbers := statistics(record):
            self.found.statistics = numbers
        self.tick()

    def tick(self) -> None:
        self._events.progress("backup", min(self._read, self._total), self._total, "bytes")

    def _lost(self, how: str) -> None:
        """At the first entry that cannot be read it is over: whatever else may still be sent, it will not be a backup."""
        self._journal.add_errors(1)
        source = self._flight.source["id"]
        hint = "see 'zpool status' on the host; a file that changes while it is read would mean that the source is no snapshot"
        raise unreadable(source, f"an entry of source {source} could not be {how}", hint)

    def _stored(self, told: dict[str, Any]) -> None:
        parsed = parse_name(told["name"])
        if parsed and parsed.volume:
            read = told["read"]
            self._events.emit("part", source=self._flight.source["id"], part=parsed.volume - 1, streamBytes=max(1, read - self._read), storedBytes=told["bytes"])
            self._read = read


def write_set(flight: InFlight, journal: Journal, context: Context, compression: str) -> Written:
    """Given a set in flight, let duplicity write it (or the rest of it); throws what source, store or disk are to blame for."""
    source = flight.source["id"]
    listener = Listener(flight, journal, context)
    job = Job(source, journal.folder, journal.receipts_path, flight.compare_with)
    listener.found.ended = run_duplicity(arguments_of(flight, journal, context, compression), job, context, listener, listener.tick)
    return listener.found


def arguments_of(flight: InFlight, journal: Journal, context: Context, compression: str) -> list[str]:
    source, root = flight.source["id"], context.places.root
    return [
        # Never the action that makes a full when there is nothing to build upon, and never a plain `backup`.
        "full" if flight.base is None else "incremental",
        *("--archive-dir", journal.archive, "--name", "haven"),
        *("--current-time", str(to_seconds(flight.set_time))),
        *("--volsize", str(flight.volume_mib)),
        # Not "info": it would name every file, and cost a small tree a tenth of its time.
        *("--verbosity", "notice", "--num-retries", "1", "--no-files-changed"),
        # Chains that were begun before the host had a fixed name (haven_a.inside) have another one in each set; the paths are always the same.
        "--allow-source-mismatch",
        *("--gpg-options", " ".join([COMPRESSION[compression], *NO_AGENT])),
        *("--include", f"{root}/source/{source}", "--include", f"{root}/state/attributes/{source}", "--exclude", "**"),
        root,
        f"haven://{context.settings.container}/{source}",
    ]
