"""Haven's own manifest of a backup, format haven-a/1 (FORMAT.md): written last, and nothing counts without it."""

from __future__ import annotations

import calendar
import json
import re
import time
from dataclasses import asdict, dataclass
from typing import Any

from haven_a.request import BACKUP, GUID, IDENTIFIER
from haven_a.set_names import TIME, parse_name

FORMAT = "haven-a/1"
NAME = re.compile(rf"haven-manifest\.({TIME})\.json\.gpg")
LARGEST = 64 << 20
MD5 = re.compile(r"[0-9a-f]{32}")
SHA256 = re.compile(r"[0-9a-f]{64}")
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")


@dataclass(frozen=True)
class Object:
    """One object of a duplicity set; its name without the source's folder."""

    name: str
    bytes: int
    md5: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    backup: str
    chain: str
    kind: str
    base: str | None
    #: id, dataset, snapshot, guid, and createdAt where it is known
    source: dict[str, str]
    set_time: str
    base_time: str | None
    objects: tuple[Object, ...]
    #: entries, files and sourceBytes of the source; newestChangeNs: its youngest ctime; readBytes: what duplicity read
    counts: dict[str, int]
    writer: dict[str, str]
    created_at: str
    committed_at: str

    @property
    def name(self) -> str:
        return name_of(self.set_time)

    @property
    def volumes(self) -> list[Object]:
        return [each for each in self.objects if (parsed := parse_name(each.name)) and parsed.what == "volume"]

    @property
    def stored_bytes(self) -> int:
        return sum(each.bytes for each in self.objects)


class Unreadable(Exception):
    """It is no manifest of this format, or contradicts itself."""


def name_of(set_time: str) -> str:
    return f"haven-manifest.{set_time}.json.gpg"


def to_json(manifest: Manifest) -> bytes:
    document = {
        "format": FORMAT,
        "backup": manifest.backup,
        "chain": manifest.chain,
        "kind": manifest.kind,
        "base": manifest.base,
        "source": manifest.source,
        "setTime": manifest.set_time,
        "baseTime": manifest.base_time,
        "objects": [asdict(each) for each in manifest.objects],
        "counts": manifest.counts,
        "writer": manifest.writer,
        "createdAt": manifest.created_at,
        "committedAt": manifest.committed_at,
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def from_json(plain: bytes, source_id: str, set_time: str) -> Manifest:
    """Given what was decrypted, and the folder and the time of its name, return the manifest; throws Unreadable when anything in it is not as it must be."""
    try:
        document = json.loads(plain)
        return _checked(document, source_id, set_time)
    except Unreadable:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable("it is not in the format haven-a/1") from None


def _checked(document: dict[str, Any], source_id: str, set_time: str) -> Manifest:
    if document["format"] != FORMAT:
        raise Unreadable("its format is not haven-a/1")
    source = document["source"]
    _need(isinstance(source, dict) and all(isinstance(source[name], str) for name in ("id", "dataset", "snapshot", "guid")), "its source")
    _need(IDENTIFIER.fullmatch(source["id"]) and GUID.fullmatch(source["guid"]), "its source")
    _need(source["id"] == source_id and document["setTime"] == set_time, "its place: it belongs elsewhere")
    kind, base, base_time = document["kind"], document["base"], document["baseTime"]
    _need(BACKUP.fullmatch(document["backup"]) and BACKUP.fullmatch(document["chain"]), "its ids")
    if kind == "full":
        _need(base is None and base_time is None and document["chain"] == document["backup"], "a full's links")
    else:
        _need(kind == "incremental" and BACKUP.fullmatch(base) and re.fullmatch(TIME, base_time), "an incremental's links")
    _need(RFC3339.fullmatch(document["createdAt"]) and RFC3339.fullmatch(document["committedAt"]), "its times")
    objects = tuple(_object(each) for each in document["objects"])
    counts = {name: _count(value) for name, value in document["counts"].items()}
    _need(counts.keys() >= {"entries", "files", "sourceBytes"}, "its counts")
    manifest = Manifest(
        backup=document["backup"],
        chain=document["chain"],
        kind=kind,
        base=base,
        source=source,
        set_time=set_time,
        base_time=base_time,
        objects=objects,
        counts=counts,
        writer={name: str(value) for name, value in document["writer"].items()},
        created_at=document["createdAt"],
        committed_at=document["committedAt"],
    )
    reason = why_not_whole(objects, base_time, set_time)
    if reason:
        raise Unreadable(f"its list of objects is not that of a whole set: {reason}")
    return manifest


def why_not_whole(objects: tuple[Object, ...], base_time: str | None, set_time: str) -> str:
    """'' when these are exactly one manifest, the signatures and volumes 1 to n of that one set."""
    volumes: list[int] = []
    others: list[str] = []
    for each in objects:
        parsed = parse_name(each.name)
        if parsed is None or parsed.end != set_time or parsed.start != base_time:
            return "one belongs to another set"
        if parsed.volume is not None:
            volumes.append(parsed.volume)
        else:
            others.append(parsed.what)
    if sorted(others) != ["manifest", "signatures"]:
        return "it needs one manifest and one of signatures"
    if not volumes or sorted(volumes) != list(range(1, len(volumes) + 1)):
        return "a volume is missing or there twice"
    return ""


def _object(each: dict[str, Any]) -> Object:
    name, size, md5, sha256 = each["name"], each["bytes"], each["md5"], each["sha256"]
    _need(isinstance(size, int) and size > 0 and MD5.fullmatch(md5) and SHA256.fullmatch(sha256), "an object")
    return Object(name, size, md5, sha256)


def _count(value: object) -> int:
    _need(isinstance(value, int) and not isinstance(value, bool) and value >= 0, "a count")
    assert isinstance(value, int)
    return value


def _need(good: object, what: str) -> None:
    if not good:
        raise Unreadable(f"{what} cannot be right")


def instant(rfc3339: str) -> float:
    """Seconds of an RFC 3339 time in UTC."""
    return calendar.timegm(time.strptime(rfc3339[:19], "%Y-%m-%dT%H:%M:%S"))


def summary(manifest: Manifest) -> dict[str, Any]:
    """The manifest as an entry of the contract's `backups[]`. duplicity's stream exists nowhere as a whole, so it has no hash."""
    return {
        "id": manifest.backup,
        "chain": manifest.chain,
        "kind": manifest.kind,
        "base": manifest.base,
        "source": manifest.source["id"],
        "guid": manifest.source["guid"],
        "createdAt": manifest.created_at,
        "committedAt": manifest.committed_at,
        "parts": len(manifest.volumes),
        # What duplicity read; of a set that was finished after a kill nobody knows, and all of the source is the most it can have been.
        "streamBytes": max(1, manifest.counts.get("readBytes", manifest.counts["sourceBytes"])),
        "storedBytes": manifest.stored_bytes,
        "type": "filesystem",
        "sourceBytes": manifest.counts["sourceBytes"],
        "sourceEntries": manifest.counts["entries"],
    }
