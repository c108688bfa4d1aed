"""The Swift of test/servers/swift beside these tests, on port 8080, and what can go wrong with it."""

from __future__ import annotations

import io
import json
import unittest
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import replace
from hashlib import md5
from typing import Any

from haven_a.problem import Problem
from haven_a.store import Store
from haven_a.store.auth import check_auth, check_login
from haven_a.store.patience import Patience
from haven_a.store.swift import SwiftStore

URL = "http://127.0.0.1:8080"
V1: dict[str, Any] = {"version": 1, "url": f"{URL}/auth/v1.0"}
V2: dict[str, Any] = {"version": 2, "url": f"{URL}/keystone/v2.0", "project": "haven", "region": "GRA"}
V3: dict[str, Any] = {"version": 3, "url": f"{URL}/keystone/v3", "project": "haven", "region": "GRA"}
LOGIN: dict[str, object] = {"user": "haven:backup", "password": "havenpass"}
KEYSTONE_LOGIN: dict[str, object] = {"user": "backup", "password": "keystonepass"}
QUICK = Patience(give_up_after=0.6, first_wait=0.02, longest_wait=0.1, stall=0.7, answer=1.0)


def admin(method: str, call: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/_faults/{call}", data, method=method), timeout=30) as answer:
        return json.load(answer)


class OnSwift(unittest.TestCase):
    """Each test has a container of its own, and ends by demanding that every fault it planned has happened."""

    def setUp(self) -> None:
        self.container = f"box-{uuid.uuid4().hex}"
        self.store = self.open()
        admin("DELETE", "")
        # What is put first makes the container.
        self.put("first", b"")
        self.store.delete("first")
        admin("DELETE", "requests")
        self.addCleanup(self.all_happened)

    def all_happened(self) -> None:
        self.assertEqual([each for each in admin("GET", "")["remaining"] if each["times"] < 500], [])

    def open(self, auth: dict[str, Any] = V1, login: dict[str, object] | None = None, page: int = 10_000, **patience: Any) -> SwiftStore:
        checked = check_auth(auth)
        login = login or (LOGIN if checked.version == 1 else KEYSTONE_LOGIN)
        return SwiftStore(self.container, checked, check_login(login, checked), replace(QUICK, **patience), page)

    def fault(self, name: str, kind: str = "object", method: str | None = None, **more: float) -> None:
        admin("POST", "", {"name": name, "class": kind, **({"method": method} if method else {}), **more})

    def seen(self, kind: str = "object") -> list[str]:
        return [f"{each['method']} {each.get('status')}" for each in admin("GET", "requests")["requests"] if each["class"] == kind]

    def put(self, name: str, content: bytes, store: Store | None = None) -> int:
        told: list[int] = []
        (store or self.store).put(name, io.BytesIO(content), len(content), md5(content).hexdigest(), told.append)
        return sum(told)

    def got(self, name: str) -> bytes | None:
        into = io.BytesIO(b"left over from before, and longer than what comes")
        return into.getvalue() if self.store.get(name, into) else None

    def names(self, prefix: str = "") -> list[str]:
        return [each.name for each in self.store.list(prefix)]

    def problem(self, code: str, action: Callable[[], Any]) -> Problem:
        with self.assertRaises(Problem) as caught:
            action()
        problem = caught.exception
        self.assertEqual(problem.code, code, problem.message)
        text = json.dumps(problem.as_error())
        for secret in ("havenpass", "keystonepass", "AUTH_tk"):
            self.assertNotIn(secret, text)
        return problem
