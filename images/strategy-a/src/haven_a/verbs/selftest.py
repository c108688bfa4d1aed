"""`selftest`: can this account store, show, give back and delete? With one small object of its own, which goes again, whatever happens."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from typing import Any

from haven_a.context import Context
from haven_a.problem import Problem

BYTES = 65536


def selftest(request: dict[str, Any], context: Context) -> dict[str, Any]:
    store = context.store
    # Without a slash: no source's folder, and no name that any other verb knows.
    name = f"haven-selftest-{secrets.token_hex(8)}"
    observations: list[dict[str, Any]] = []
    removed = False
    try:
        _observe(name, observations, context)
        observations.append(observed("delete", "does what is deleted go away?", "it is gone", True))
        removed = True
    finally:
        if not removed:
            with context.stopping.shield():
                removed = _removed(name, context)
    result = {"selftest": {"observations": observations, "calls": store.calls(), "removed": removed}}
    unsettled = [each["id"] for each in observations if not each["settled"]]
    if unsettled:
        message = f"the store does not do what a backup needs: {', '.join(unsettled)}"
        raise Problem("failed", "selftest", message, "see the observations; ask the provider", fields=result)
    return result


def observed(which: str, question: str, saw: str, settled: bool) -> dict[str, Any]:
    return {"id": which, "question": question, "saw": saw, "settled": settled}


def _observe(name: str, observations: list[dict[str, Any]], context: Context) -> None:
    store, content = context.store, os.urandom(BYTES)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    store.put(name, io.BytesIO(content), BYTES, md5, lambda _count: None)
    observations.append(observed("put", "does the store take an object, and tell the md5 of what it took?", f"{BYTES} bytes, the same md5", True))
    found = store.find(name)
    right = found is not None and (found.bytes, found.md5) == (BYTES, md5)
    observations.append(observed("find", "is an object there at once, asked for by its name?", "yes, as it was stored" if right else "no, or another one", right))
    listed = any(each.name == name for each in store.list(name))
    # A listing may lag: audit then asks for the object by its name.
    observations.append(observed("list", "does the listing show it at once?", "yes" if listed else "not yet: it lags", True))
    back = io.BytesIO()
    same = store.get(name, back) and back.getvalue() == content
    observations.append(observed("get", "does it come back as it was?", "the same bytes" if same else "other bytes, or none", bool(same)))
    store.delete(name)


def _removed(name: str, context: Context) -> bool:
    try:
        context.store.delete(name)
        return True
    except Problem:
        # What ended the test is what is told; that something may be left is in the result where there is one.
        return False
