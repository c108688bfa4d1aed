"""The self-test on a real Swift: what it says of a good store, of a bad one, and that nothing is left of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from haven_a.problem import Problem
from haven_a.stopping import Stopping
from haven_a.verbs.selftest import selftest
from tests_on_swift.swift import LOGIN, V1, OnSwift


class SelftestTest(OnSwift):
    def test_a_good_store_passes_and_is_left_as_it_was(self) -> None:
        self.put("another", b"somebody's")

        result = selftest({}, self.context())["selftest"]

        self.assertEqual([each["id"] for each in result["observations"] if each["settled"]], ["put", "find", "list", "get", "delete"])
        self.assertTrue(result["removed"])
        self.assertGreater(result["calls"], 4)
        self.assertEqual(self.names(), ["another"])

    def test_a_store_that_never_deletes_is_no_success(self) -> None:
        self.fault("delete-does-nothing", method="DELETE", times=1000)

        self.problem("try-later", lambda: selftest({}, self.context()))

    def test_what_is_refused_half_way_is_removed(self) -> None:
        self.fault("forbidden-403", method="GET", times=1)

        with self.assertRaises(Problem) as caught:
            selftest({}, self.context())

        self.assertEqual(caught.exception.code, "credentials-revoked")
        self.assertEqual(self.names(), [])

    def test_a_wrong_password_is_credentials_revoked(self) -> None:
        self.store = self.open(V1, {**LOGIN, "password": "wrong"})

        self.problem("credentials-revoked", lambda: selftest({}, self.context()))

    def context(self) -> Any:
        return SimpleNamespace(store=self.store, stopping=Stopping())
