"""duplicity's --log-fd: records of "LEVEL CODE extra", text lines that begin with ". ", and an empty line. All of it may hold file names: it is never told on."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Of ours (haven_a.inside), beside duplicity's own codes.
OBJECT_STORED = 9001
BYTES_SENT = 9002
SUSPECTS = 9003

COLLECTION_STATUS = 3
#: A file could not be iterated, looked at, read or processed; a resumed run did not find the file where it left off.
LOSSES = {8: "iterated", 9: "looked at", 10: "read", 12: "processed", 13: "processed", 39: "found again"}
STATISTICS = re.compile(r"^([A-Z][A-Za-z]+) ([0-9]+)\b")


@dataclass(frozen=True)
class Record:
    level: str
    code: int
    extra: str
    text: list[str]


class LogReader:
    """State: what has come of a record so far."""

    def __init__(self) -> None:
        self._rest = b""
        self._head: str | None = None
        self._text: list[str] = []

    def feed(self, data: bytes) -> list[Record]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        records = []
        for raw in lines:
            line = raw.decode("utf-8", "surrogateescape")
            if self._head is None:
                self._head = line or None
            elif line:
                self._text.append(line[2:] if line.startswith(". ") else line)
            else:
                record = parse(self._head, self._text)
                self._head, self._text = None, []
                if record:
                    records.append(record)
        return records


def parse(head: str, text: list[str]) -> Record | None:
    match = re.match(r"(ERROR|WARNING|NOTICE|INFO|DEBUG) ([0-9]+)(?: (.*))?$", head, re.DOTALL)
    return Record(match[1], int(match[2]), match[3] or "", text) if match else None


def statistics(record: Record) -> dict[str, int]:
    """The numbers of duplicity's closing statistics; {} when it is another record."""
    if not any("Backup Statistics" in line for line in record.text):
        return {}
    return {match[1]: int(match[2]) for line in record.text if (match := STATISTICS.match(line))}


def sets_of(record: Record) -> dict[str, int]:
    """Of a collection status: the number of volumes of each set in a chain, by the set's time."""
    sets = {}
    for line in [record.extra, *record.text]:
        match = re.match(r"\s*(?:full|inc) ([0-9]{8}T[0-9]{6}Z) ([0-9]+) enc", line)
        if match:
            sets[match[1]] = int(match[2])
    return sets
