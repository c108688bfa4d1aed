"""What differs: every mismatch is counted, the first thousand are kept for /haven/out/comparison.json (never for a log)."""

from __future__ import annotations

import base64
from typing import Any

LISTED = 1000


class Mismatches:
    def __init__(self) -> None:
        self.count = 0
        self.by_kind: dict[str, int] = {}
        self.listed: list[dict[str, Any]] = []

    def add(self, path: bytes, kind: str, source: Any, restored: Any, detail: str = "") -> None:
        self.count += 1
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1
        if len(self.listed) >= LISTED:
            return
        entry: dict[str, Any] = {**readable("path", path or b"."), "kind": kind}
        if detail:
            entry.update(readable("detail", detail.encode("utf-8", "surrogateescape")))
        entry["source"], entry["restored"] = value(source), value(restored)
        self.listed.append(entry)


def readable(key: str, data: bytes) -> dict[str, str]:
    """The bytes as text, and in base64 as well when they are no valid text."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        data.decode("utf-8")
        return {key: text}
    except UnicodeDecodeError:
        return {key: text, f"{key}Base64": base64.b64encode(data).decode("ascii")}


def value(of: Any) -> Any:
    return readable("text", of) if isinstance(of, bytes) else of
