"""Strategy A's two secrets, from files: never from the environment, never told to anybody."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from haven_a.problem import Problem

LONGEST = 65536


@dataclass(frozen=True)
class Secrets:
    passphrase: bytes = field(repr=False)
    #: user and password, as swift.json has them; haven_a.store judges them.
    swift: dict[str, object] = field(repr=False)


def read_secrets(folder: str) -> Secrets:
    """Given the folder, return the secrets; throws bad-request when one is missing, empty or not readable."""
    # GnuPG takes the first line of what it is given, so whoever restores with this very file uses the same.
    passphrase = _read(folder, "passphrase").split(b"\n", 1)[0].rstrip(b"\r")
    if not passphrase:
        raise _bad("passphrase", "is empty")
    try:
        swift = json.loads(_read(folder, "swift.json"))
    except (ValueError, RecursionError):
        raise _bad("swift.json", "is not JSON") from None
    if not isinstance(swift, dict):
        raise _bad("swift.json", "is not a JSON object")
    return Secrets(passphrase, swift)


def _read(folder: str, name: str) -> bytes:
    try:
        with open(f"{folder}/{name}", "rb") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise _bad(name, f"cannot be read: {error.strerror}") from None
    if len(text) > LONGEST:
        raise _bad(name, "is longer than 64 KiB")
    return text


def _bad(name: str, reason: str) -> Problem:
    hint = "put A's passphrase and swift.json ({\"user\": …, \"password\": …}) into secrets/a in Haven's home"
    return Problem("bad-request", "read secrets", f"the secret {name} {reason}", hint)
