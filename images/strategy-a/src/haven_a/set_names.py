"""The names that duplicity gives to what it stores, as far as Haven must understand them. Lists of files decide what is deleted, so no guessing:
a name that does not match in full is nobody's."""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass

TIME = r"[0-9]{8}T[0-9]{6}Z"
PATTERNS = (
    re.compile(rf"duplicity-full\.(?P<end>{TIME})\.(?P<what>vol(?P<volume>[1-9][0-9]{{0,6}})\.difftar|manifest)\.gpg"),
    re.compile(rf"duplicity-full-signatures\.(?P<end>{TIME})\.(?P<what>sigtar)\.gpg"),
    re.compile(rf"duplicity-inc\.(?P<start>{TIME})\.to\.(?P<end>{TIME})\.(?P<what>vol(?P<volume>[1-9][0-9]{{0,6}})\.difftar|manifest)\.gpg"),
    re.compile(rf"duplicity-new-signatures\.(?P<start>{TIME})\.to\.(?P<end>{TIME})\.(?P<what>sigtar)\.gpg"),
)


@dataclass(frozen=True)
class SetName:
    """Which set of duplicity's an object belongs to, and as what."""

    #: The set's time, such as 20261126T081500Z.
    end: str
    #: Of an incremental: the time of the set that it builds upon; None: a full.
    start: str | None
    #: volume, manifest or signatures
    what: str
    volume: int | None


def parse_name(name: str) -> SetName | None:
    """Given an object's name without its folder, return what it is of; None when it is not one of duplicity's."""
    for pattern in PATTERNS:
        match = pattern.fullmatch(name)
        if match:
            found = match.groupdict()
            volume = found.get("volume")
            what = {"manifest": "manifest", "sigtar": "signatures"}.get(found["what"], "volume")
            return SetName(found["end"], found.get("start"), what, int(volume) if volume else None)
    return None


def of_set(start: str | None, end: str, volume: int) -> str:
    kind = f"duplicity-full.{end}" if start is None else f"duplicity-inc.{start}.to.{end}"
    return f"{kind}.vol{volume}.difftar.gpg"


def manifest_of_set(start: str | None, end: str) -> str:
    kind = f"duplicity-full.{end}" if start is None else f"duplicity-inc.{start}.to.{end}"
    return f"{kind}.manifest.gpg"


def signatures_of_set(start: str | None, end: str) -> str:
    kind = f"duplicity-full-signatures.{end}" if start is None else f"duplicity-new-signatures.{start}.to.{end}"
    return f"{kind}.sigtar.gpg"


def to_seconds(set_time: str) -> int:
    return calendar.timegm(time.strptime(set_time, "%Y%m%dT%H%M%SZ"))


def to_set_time(seconds: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
