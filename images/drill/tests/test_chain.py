"""A chain's links: each way in which a manifest may not continue the one before it."""

from __future__ import annotations

import unittest
from typing import Any

from haven_drill.chain import check_link
from haven_drill.problem import Problem

FULL: dict[str, Any] = {"backup": "a" * 32, "chain": "a" * 32, "kind": "full", "base": None, "baseGuid": None, "guid": "1", "type": "filesystem"}
NEXT: dict[str, Any] = {**FULL, "backup": "b" * 32, "kind": "incremental", "base": "a" * 32, "baseGuid": "1", "guid": "2"}


class ChainTest(unittest.TestCase):
    def test_links_that_fit_are_accepted(self) -> None:
        check_link(None, FULL)
        check_link(FULL, NEXT)
        check_link(NEXT, {**NEXT, "backup": "c" * 32, "base": "b" * 32, "baseGuid": "2", "guid": "3"})

    def test_each_link_that_does_not_fit_is_damage(self) -> None:
        cases: list[tuple[dict[str, Any] | None, object, str]] = [
            (None, NEXT, "must begin with a full"),
            (None, {**FULL, "base": "b" * 32}, "must begin with a full"),
            (None, {**FULL, "baseGuid": "1"}, "must begin with a full"),
            (None, {**FULL, "chain": "b" * 32}, "another chain"),
            (None, None, "must begin with a full"),
            (FULL, {**FULL, "backup": "b" * 32}, "no incremental"),
            (FULL, {**NEXT, "base": "c" * 32}, "builds upon backup cccccccc, not upon aaaaaaaa"),
            (FULL, {**NEXT, "base": None}, "builds upon"),
            (FULL, {**NEXT, "baseGuid": "9"}, "starts from snapshot 9"),
            (FULL, {**NEXT, "baseGuid": None}, "starts from snapshot None"),
            (FULL, {**NEXT, "chain": "b" * 32}, "another chain"),
            (FULL, {**NEXT, "type": "volume"}, "another type"),
            (FULL, [], "no incremental"),
        ]
        for before, manifest, reason in cases:
            with self.subTest(reason=reason, manifest=manifest):
                with self.assertRaises(Problem) as caught:
                    check_link(before, manifest)
                self.assertEqual(caught.exception.code, "damaged")
                self.assertIn(reason, caught.exception.message)


if __name__ == "__main__":
    unittest.main()
