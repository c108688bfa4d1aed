"""`audit`: every manifest against the store's listing: presence, size, md5 of each volume, signature and manifest. Data is never downloaded.

Nothing compared is a failure, never a pass: an empty store is either rolled back (when backups are remembered) or no proof of anything.
"""

from __future__ import annotations

import os
from typing import Any

from haven_a.context import Context
from haven_a.examine import Examination, Finding, examine
from haven_a.memory import Memory, ids_of
from haven_a.problem import Problem
from haven_a.state_lock import take_lock

# As many as a person reads; the error tells how many there are in all.
SHOWN = 100
KEEP = "delete nothing; 'docs/sabotage-a.md' says what each finding means; make a new full backup, and drill it"


def audit(request: dict[str, Any], context: Context) -> dict[str, Any]:
    seen = examine(context)
    _remember(seen, context)
    manifests = seen.loaded.all()
    facts = {
        "backups": len(manifests),
        "parts": sum(len(manifest.volumes) for manifest in manifests),
        "storedBytes": sum(manifest.stored_bytes for manifest in manifests),
        "calls": context.store.calls(),
        "askedById": seen.asked_by_id,
        "downloads": seen.loaded.downloads,
        "findings": shown(seen.findings),
    }
    if seen.findings:
        first = seen.findings[0].message
        message = first if len(seen.findings) == 1 else f"{len(seen.findings)} findings; the first: {first}"
        raise Problem("damaged", "audit", message, KEEP, fields={"audit": facts})
    if not manifests:
        message = "the store holds no backup in this container: nothing was compared"
        hint = "make a backup first; if there were some, this is the wrong account or container"
        raise Problem("damaged", "audit", message, hint, fields={"audit": facts})
    return {"audit": facts}


def _remember(seen: Examination, context: Context) -> None:
    """What was seen once must not vanish unnoticed, also when it was not this state volume's own backups that wrote it."""
    try:
        lock = take_lock(context.places.state)
    except (Problem, OSError):
        # A backup or a prune is at work on the same record, or nothing can be written here: the next audit will do.
        return
    try:
        memory = Memory(context.places.state, context.settings.container)
        # Else a prune was at work since this audit looked, and what it deleted on purpose would be missed.
        if memory.known() == seen.remembered:
            memory.remember(ids_of(seen.loaded))
    finally:
        os.close(lock)


def shown(findings: list[Finding]) -> list[dict[str, Any]]:
    hidden = len(findings) - SHOWN
    events = [each.as_event() for each in findings[:SHOWN]]
    if hidden > 0:
        events.append({"kind": findings[SHOWN].kind, "message": f"and {hidden} more findings"})
    return events
