"""Strategy A's own section of the configuration, as the owner writes it in haven.yaml at strategies.a.settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from haven_a.problem import Problem

DURATION = re.compile(r"([1-9][0-9]{0,5})([hdwy])")
UNIT_SECONDS = {"h": 3600, "d": 86400, "w": 604800, "y": 31557600}
# Swift's rule is longer names, without a slash. These need no quoting anywhere.
CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

DEFAULTS: dict[str, Any] = {
    "container": "haven",
    "fullEvery": "90d",
    "chainLength": 60,
    "volumeMiB": 200,
    "keepWithin": "1y",
    "keepChains": 2,
    "allowShrink": False,
    "compression": "zlib",
    "hashContents": False,
}


@dataclass(frozen=True)
class Settings:
    container: str
    #: As the owner wrote it; haven_a.store judges it.
    auth: dict[str, Any]
    full_every: str
    chain_length: int
    volume_mib: int
    keep_within: str
    keep_chains: int
    #: The owner says that a source which lost more than half of its bytes or entries is meant to be so.
    allow_shrink: bool
    #: Of GnuPG: "zlib", or "none" where the data is compressed already and the processor slow.
    compression: str
    #: With a SHA-256 of each file in the record beside the data, so that an old backup can be judged after its snapshot is gone. Reads everything, each time.
    hash_contents: bool


def read_settings(raw: dict[str, Any]) -> Settings:
    """Given the settings of a request, return them with defaults; throws bad-request naming each wrong field."""
    wrong = [f"{name}: is no setting of strategy A" for name in raw if name != "auth" and name not in DEFAULTS]
    values = {**DEFAULTS, **{name: value for name, value in raw.items() if name in DEFAULTS}}
    wrong += [f"{name}: {rule}" for name, (rule, good) in RULES.items() if not good(values[name])]
    if not isinstance(raw.get("auth"), dict):
        wrong.append("auth: must say where to sign in: version, url, …")
    if wrong:
        raise Problem("bad-request", "read settings", "; ".join(wrong)[:3000], "mend strategies.a.settings in haven.yaml")
    return Settings(
        container=values["container"],
        auth=raw["auth"],
        full_every=values["fullEvery"],
        chain_length=values["chainLength"],
        volume_mib=values["volumeMiB"],
        keep_within=values["keepWithin"],
        keep_chains=values["keepChains"],
        allow_shrink=values["allowShrink"],
        compression=values["compression"],
        hash_contents=values["hashContents"],
    )


def seconds_of(duration: str) -> int:
    """`12h`, `90d`, `8w`, `1y` as seconds."""
    match = DURATION.fullmatch(duration)
    assert match
    return int(match[1]) * UNIT_SECONDS[match[2]]


def _duration(value: object) -> bool:
    return isinstance(value, str) and DURATION.fullmatch(value) is not None


def _between(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


RULES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "container": ("1 to 100 letters, digits, dots, dashes or underscores", lambda value: isinstance(value, str) and CONTAINER.fullmatch(value) is not None),
    "fullEvery": ("a number and h, d, w or y, such as 90d", _duration),
    "keepWithin": ("a number and h, d, w or y, such as 1y", _duration),
    "chainLength": ("a whole number from 1 to 120: what one drill can restore", _between(1, 120)),
    "volumeMiB": ("a whole number from 1 to 4096", _between(1, 4096)),
    "keepChains": ("a whole number from 1 to 10000", _between(1, 10000)),
    "hashContents": ("true or false", lambda value: isinstance(value, bool)),
    "allowShrink": ("true or false", lambda value: isinstance(value, bool)),
    "compression": ("zlib or none", lambda value: isinstance(value, str) and value in ("zlib", "none")),
}
