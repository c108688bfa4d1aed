"""Whether a manifest continues the one before it. A link that is missing, swapped or somebody else's ends the fetch before a byte of it passes."""

from __future__ import annotations

from typing import Any

from haven_drill.problem import Problem


def check_link(before: dict[str, Any] | None, manifest: object) -> None:
    """Given the backup before (None: there is none) and the next one's manifest, as the kit's program sums it up; throws damaged."""
    reason = why_not_next(before, manifest if isinstance(manifest, dict) else {})
    if reason:
        raise Problem("damaged", "check chain", f"the chain is broken: {reason}", "keep everything; drill another chain, and make a new full backup")


def why_not_next(before: dict[str, Any] | None, manifest: dict[str, Any]) -> str:
    name = f"backup {str(manifest.get('backup'))[:8]}"
    kind, base = manifest.get("kind"), manifest.get("base")
    if before is None:
        if kind != "full" or base is not None or manifest.get("baseGuid") is not None:
            return f"it must begin with a full backup, but {name} is an incremental"
        return "" if manifest.get("chain") == manifest.get("backup") else f"{name} is a full, but names another chain than its own"
    if kind != "incremental":
        return f"{name} is no incremental, but another backup came before it"
    if base != before["backup"]:
        return f"{name} builds upon backup {str(base)[:8]}, not upon {before['backup'][:8]}, which came before it"
    if not isinstance(manifest.get("baseGuid"), str) or manifest["baseGuid"] != before["guid"]:
        return f"{name} starts from snapshot {manifest.get('baseGuid')}, but the backup before it is of snapshot {before['guid']}"
    for field, what in (("chain", "another chain"), ("type", "another type")):
        if manifest.get(field) != before[field]:
            return f"{name} has {what} than the backup before it"
    return ""
