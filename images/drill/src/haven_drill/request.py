"""The request, checked by hand as images/contract/schema/request.schema.json says: unknown fields are errors."""

from __future__ import annotations

import json
import re
from typing import Any

from haven_drill import CONTRACT
from haven_drill.problem import Problem

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
BACKUP = re.compile(r"[0-9a-f]{8,64}")
POOL = re.compile(r"haven-drill-[0-9a-f]{8,32}")
# What a result line of 64 KiB can tell of.
LONGEST_CHAIN = 120
RESTORED = re.compile(r"drill-[0-9]{3}")
DATASET = re.compile(r"[^@#\0-\x1f-][^@#\0-\x1f]{0,254}")
SNAPSHOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}")
# A dataset that is to be made, below a pool or another dataset: with room for the name of a snapshot, and never a throwaway pool's.
TARGET = re.compile(r"(?!haven-drill-)(?=.{1,200}$)[A-Za-z][A-Za-z0-9_.:-]*(/[A-Za-z0-9_.: -]+)+")
GUID = re.compile(r"[0-9]{1,20}")
ABSOLUTE_PATH = re.compile(r"/[^\0]{0,1023}", re.DOTALL)

FIELDS: dict[str, tuple[str, ...]] = {
    "fetch": ("strategy", "backups"),
    "look": ("strategy",),
    "parse": ("streams",),
    "receive": ("scratch", "pool", "sizeBytes", "type", "streams"),
    "restore": ("dataset", "type", "streams"),
    "prepare": ("scratch", "pool", "sizeBytes"),
    "seal": ("scratch", "pool"),
    "verify": ("compare",),
    "verify-volume": ("pool", "restored", "source"),
    "copy-out": ("step", "path", "really"),
    "reap": ("scratch", "pools"),
    "alter": ("alterations",),
}


def read_request(path: str, verb: str) -> dict[str, Any]:
    """Given the file and the verb of the command line, return the request; throws bad-request naming the field."""
    try:
        with open(path, "rb") as file:
            raw = file.read(1 << 20)
    except OSError as error:
        raise bad_request(f"the request cannot be read: {error.strerror}", "mount it at /haven/request.json") from None
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
            raise bad_request(f"{name}: is missing")
        reason = CHECKS[name](request[name])
        if reason:
            raise bad_request(f"{name}: {reason}")
    if verb == "fetch" and request["strategy"] == "a" and len(request["backups"]) != 1:
        raise bad_request("backups: of strategy a, must be the one backup to be restored; those below it are found by its manifest")


def bad_request(message: str, hint: str = "compare the request with images/contract/schema") -> Problem:
    return Problem("bad-request", "read request", message, hint)


def _text(pattern: re.Pattern[str], what: str) -> Any:
    def check(value: object) -> str:
        return "" if isinstance(value, str) and pattern.fullmatch(value) else f"must be {what}"

    return check


def _one_of(*choices: str) -> Any:
    def check(value: object) -> str:
        return "" if isinstance(value, str) and value in choices else f"must be one of {', '.join(choices)}"

    return check


def _size(value: object) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 64 << 20
    return "" if good else "must be a whole number of bytes, at least 67108864"


def _chain(value: object) -> str:
    good = isinstance(value, list) and all(isinstance(item, str) and BACKUP.fullmatch(item) for item in value)
    if isinstance(value, list) and good and 1 <= len(value) <= LONGEST_CHAIN and len(set(value)) == len(value):
        return ""
    return f"must list 1 to {LONGEST_CHAIN} different ids of backups (hexadecimal), from the full on"


def _streams(value: object) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_CHAIN
    return "" if good else f"must be a whole number from 1 to {LONGEST_CHAIN}"


def _source(value: object) -> str:
    patterns = {"dataset": DATASET, "snapshot": SNAPSHOT, "guid": GUID}
    if isinstance(value, dict) and value.keys() == patterns.keys():
        if all(isinstance(value[name], str) and pattern.fullmatch(value[name]) for name, pattern in patterns.items()):
            return ""
    return "must hold a dataset, the name of a snapshot of it, and that one's guid, and nothing else"


def _alterations(value: object) -> str:
    known = ("content", "mode", "owner", "time", "xattr", "name", "extra", "missing", "empty")
    if isinstance(value, list) and value and all(item in known for item in value) and len(set(value)) == len(value):
        return ""
    return f"must list some of {', '.join(known)}, each once"


def _path(value: object) -> str:
    good = isinstance(value, str) and len(value) <= 4096 and "\0" not in value and not value.startswith("/") and ".." not in value.split("/")
    return "" if good else "must be a path below the dataset, or empty for all of it"


def _yes_or_no(value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _pools(value: object) -> str:
    if value == "all" and isinstance(value, str):
        return ""
    if isinstance(value, list) and all(isinstance(item, str) and POOL.fullmatch(item) for item in value):
        return ""
    return 'must be "all" or a list of names haven-drill-<hex>'


CHECKS: dict[str, Any] = {
    "run": _text(IDENTIFIER, "an id of a-z, 0-9 and -"),
    "strategy": _one_of("a", "b"),
    "backups": _chain,
    "scratch": _text(ABSOLUTE_PATH, "an absolute path"),
    "pool": _text(POOL, "a name haven-drill-<hex>"),
    "sizeBytes": _size,
    "type": _one_of("filesystem", "volume"),
    "streams": _streams,
    "dataset": _text(TARGET, "the name of a dataset below a pool, as zfs allows it"),
    "compare": _one_of("filesystem"),
    "step": _one_of("look", "copy"),
    "path": _path,
    "really": _yes_or_no,
    "pools": _pools,
    "alterations": _alterations,
    "restored": _text(RESTORED, "the name of a restored snapshot, such as drill-000"),
    "source": _source,
}
