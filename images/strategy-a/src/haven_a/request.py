"""The request, checked by hand as images/contract/schema/request.schema.json says: unknown fields are errors."""

from __future__ import annotations

import json
import re
from typing import Any

from haven_a import CONTRACT
from haven_a.problem import Problem

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
BACKUP = re.compile(r"[0-9a-f]{8,64}")
DATASET = re.compile(r"[^@#\0-\x1f-][^@#\0-\x1f]{0,254}")
SNAPSHOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
GUID = re.compile(r"[0-9]{1,20}")
DIGEST = re.compile(r"[0-9a-f]{64}")

FIELDS: dict[str, tuple[str, ...]] = {
    "backup": ("sources", "kind", "settings"),
    "list": ("settings",),
    "audit": ("settings",),
    "prune": ("settings", "proven", "plan"),
    "selftest": ("settings",),
    "copy": ("settings", "backups"),
}
OPTIONAL = ("plan",)


def read_request(path: str, verb: str) -> dict[str, Any]:
    """Given the file and the verb of the command line, return the request; throws bad-request naming the field."""
    try:
        with open(path, "rb") as file:
            raw = file.read((16 << 20) + 1)
    except OSError as error:
        raise bad_request(f"the request cannot be read: {error.strerror}", "mount it at /haven/request.json") from None
    if len(raw) > 16 << 20:
        raise bad_request("the request is longer than 16 MiB")
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        raise bad_request("the request is not JSON") from None
    check_request(request, verb)
    assert isinstance(request, dict)
    return request


def check_request(request: object, verb: str) -> None:
    if not isinstance(request, dict):
        raise bad_request("the request is not a JSON object")
    if request.get("contract") != CONTRACT:
        raise bad_request(f"contract: this image understands {CONTRACT} only")
    if request.get("verb") != verb:
        raise bad_request(f"verb: the request is not for '{verb}'")
    known = ("contract", "verb", "run", *FIELDS[verb])
    for name in request:
        if name not in known:
            raise bad_request(f"unknown field {json.dumps(name)[:80]}")
    for name in known[2:]:
        if name not in request:
            if name in OPTIONAL:
                continue
            raise bad_request(f"{name}: is missing")
        reason = CHECKS[name](request[name])
        if reason:
            raise bad_request(f"{name}: {reason}")


def bad_request(message: str, hint: str = "compare the request with images/contract/schema") -> Problem:
    return Problem("bad-request", "read request", message, hint)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _run(value: object) -> str:
    return "" if _matches(IDENTIFIER, value) else "must be an id of a-z, 0-9 and -"


def _sources(value: object) -> str:
    patterns = {"id": IDENTIFIER, "dataset": DATASET, "snapshot": SNAPSHOT, "guid": GUID}
    if not isinstance(value, list) or not value:
        return "must list at least one source"
    for n, source in enumerate(value):
        if not isinstance(source, dict) or source.keys() != patterns.keys():
            return f"source {n} must hold id, dataset, snapshot and guid, and nothing else"
        for name, pattern in patterns.items():
            if not _matches(pattern, source[name]):
                return f"source {n}: its {name} is not a valid one"
    if len({source["id"] for source in value}) != len(value):
        return "two sources have the same id"
    return ""


def _kind(value: object) -> str:
    return "" if isinstance(value, str) and value in ("auto", "full") else "must be auto or full"


def _settings(value: object) -> str:
    return "" if isinstance(value, dict) else "must be an object"


def _proven(value: object) -> str:
    good = isinstance(value, list) and all(_matches(BACKUP, item) for item in value)
    return "" if good else "must list ids of backups (hexadecimal)"


def _backups(value: object) -> str:
    good = isinstance(value, list) and 0 < len(value) <= 120 and all(_matches(BACKUP, item) for item in value)
    return "" if good else "must list 1 to 120 ids of backups (hexadecimal)"


def _plan(value: object) -> str:
    return "" if isinstance(value, dict) and _matches(DIGEST, value.get("digest")) else "must hold the plan's digest"


CHECKS: dict[str, Any] = {
    "run": _run,
    "sources": _sources,
    "kind": _kind,
    "settings": _settings,
    "proven": _proven,
    "backups": _backups,
    "plan": _plan,
}
