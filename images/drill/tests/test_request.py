"""Requests are judged as the contract's own examples demand, and every field on its own."""

from __future__ import annotations

import json
import os
import unittest
from typing import Any

from haven_drill.problem import Problem
from haven_drill.request import FIELDS, check_request

EXAMPLES = os.environ.get("HAVEN_CONTRACT_EXAMPLES", os.path.join(os.path.dirname(__file__), "../../contract/examples"))

VALID: dict[str, dict[str, Any]] = {
    "fetch": {"strategy": "b", "backups": ["0f" * 16, "1f" * 16]},
    "look": {"strategy": "b"},
    "parse": {"streams": 2},
    "receive": {"scratch": "/s", "pool": "haven-drill-0123abcd", "sizeBytes": 1 << 30, "type": "volume", "streams": 2},
    "restore": {"dataset": "tank/my restored/a", "type": "filesystem", "streams": 2},
    "prepare": {"scratch": "/s", "pool": "haven-drill-0123abcd", "sizeBytes": 1 << 30},
    "seal": {"scratch": "/s", "pool": "haven-drill-0123abcd"},
    "verify": {"compare": "filesystem"},
    "verify-volume": {"pool": "haven-drill-0123abcd", "restored": "drill-007", "source": {"dataset": "tank/my vm", "snapshot": "a", "guid": "1"}},
    "copy-out": {"step": "copy", "path": "my letters/a.txt", "really": False},
    "reap": {"scratch": "/s", "pools": ["haven-drill-0123abcd"]},
    "alter": {"alterations": ["content", "owner"]},
}
WRONG: dict[str, list[Any]] = {
    "run": ["", "A", "../x", "a" * 64, "a\n", None, 1],
    "contract": ["1", "2.0", 1.0, None],
    "strategy": ["c", None, ["a"]],
    "backups": [[""], ["0F0F0F0F"], ["0f0f0f0"], ["0f" * 33], ["0f0f0f0f\n"], [12345678], "0f0f0f0f", [], ["0f0f0f0f"] * 2]
    + [[f"{n:08x}" for n in range(121)]],
    "streams": [0, -1, 121, True, "1", 1.0, None],
    "scratch": ["s", "", "/\0", "/" + "a" * 1024, None],
    "pool": ["tank", "haven-drill-", "haven-drill-xyz", "haven-drill-0123abcd\n", "haven-drill-" + "a" * 33, None],
    "sizeBytes": [0, (64 << 20) - 1, "67108864", True, 1e9 + 0.5, None],
    "dataset": ["tank", "tank/", "/tank", "-r/a", "tank/a@b", "tank/a#b", "tank//a", "tank/a\n", "tank/" + "a" * 196, "haven-drill-0123abcd/x", None],
    "type": ["snapshot", None],
    "compare": ["volume", None],
    "restored": ["drill-1", "drill-0000", "drill-000@x", "a", None],
    "source": [{"dataset": d, "snapshot": s, "guid": g} for d, s, g in (("-r", "a", "1"), ("t@x", "a", "1"), ("t", "-r", "1"), ("t", "a", "x"))]
    + [{"dataset": "t", "snapshot": "a"}, {"dataset": "t", "snapshot": "a", "guid": "1", "x": "1"}, None, "t@a"],
    "alterations": [[], ["colour"], ["mode", "mode"], "mode", [1], None],
    "step": ["", "both", None],
    "path": ["/etc", "..", "a/../../b", "a\0b", "a" * 4097, None],
    "really": ["yes", 1, None],
    "pools": ["none", ["tank"], [None], {}, None],
}


def request(verb: str, **change: Any) -> dict[str, Any]:
    return {"contract": "1.0", "verb": verb, "run": "r-1", **VALID[verb], **change}


class RequestTest(unittest.TestCase):
    def assert_refused(self, what: object, verb: str) -> None:
        with self.assertRaises(Problem) as caught:
            check_request(what, verb)
        self.assertEqual(caught.exception.exit_code, 3)

    def test_valid_requests_are_accepted(self) -> None:
        for verb in FIELDS:
            check_request(request(verb), verb)
        check_request(request("reap", pools="all"), "reap")

    def test_each_wrong_value_is_refused(self) -> None:
        for verb in FIELDS:
            for name in request(verb):
                for value in WRONG.get(name, []):
                    with self.subTest(verb=verb, name=name, value=value):
                        self.assert_refused(request(verb, **{name: value}), verb)

    def test_each_missing_field_and_any_unknown_one_is_refused(self) -> None:
        for verb in FIELDS:
            for name in request(verb):
                with self.subTest(verb=verb, missing=name):
                    self.assert_refused({key: value for key, value in request(verb).items() if key != name}, verb)
            self.assert_refused(request(verb, colour="red"), verb)

    def test_what_is_no_object_is_refused(self) -> None:
        nothings: list[object] = [None, [], "x", 1]
        for what in nothings:
            self.assert_refused(what, "fetch")

    def test_the_contracts_examples_are_judged_alike(self) -> None:
        judged = 0
        for kind in ("valid", "invalid"):
            for name in sorted(os.listdir(os.path.join(EXAMPLES, kind))):
                with open(os.path.join(EXAMPLES, kind, name), encoding="utf-8") as file:
                    example = json.load(file)
                if not name.startswith("request.") or example["verb"] not in FIELDS:
                    continue
                judged += 1
                with self.subTest(example=name):
                    if kind == "valid":
                        check_request(example, example["verb"])
                    else:
                        self.assert_refused(example, example["verb"])
        self.assertGreaterEqual(judged, 6)


if __name__ == "__main__":
    unittest.main()
