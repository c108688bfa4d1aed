from __future__ import annotations

import json
import unittest
from typing import Any

from haven_a.manifest import Unreadable, from_json, summary, to_json
from tests.samples import manifest


class ManifestTest(unittest.TestCase):
    def setUp(self) -> None:
        self.full = manifest(1)
        self.incremental = manifest(2, self.full)

    def test_what_was_written_is_read_again(self) -> None:
        for each in (self.full, self.incremental):
            self.assertEqual(from_json(to_json(each), "data", each.set_time), each)

    def test_what_is_not_as_it_must_be_is_refused(self) -> None:
        def other(**changes: Any) -> dict[str, Any]:
            return {**json.loads(to_json(self.incremental)), **changes}

        objects = json.loads(to_json(self.incremental))["objects"]
        wrong: dict[str, object] = {
            "another format": other(format="haven-a/2"),
            "no format": {},
            "a list": [],
            "another source's": other(source={**self.incremental.source, "id": "other"}),
            "another time than its name's": other(setTime="20250101T000000Z"),
            "an incremental without a base": other(base=None),
            "a full with a base": other(kind="full"),
            "an id that is none": other(backup="../../x"),
            "a volume missing in the middle": other(objects=objects[1:]),
            "no signatures": other(objects=[each for each in objects if "signatures" not in each["name"]]),
            "an object of another set": other(objects=[*objects, {**objects[0], "name": "duplicity-full.20260101T120000Z.vol3.difftar.gpg"}]),
            "an object that is no object of duplicity's": other(objects=[*objects, {**objects[0], "name": "../passwd"}]),
            "an empty object": other(objects=[{**objects[0], "bytes": 0}, *objects[1:]]),
            "half a hash": other(objects=[{**objects[0], "md5": "ab"}, *objects[1:]]),
            "no objects": other(objects=[]),
            "no counts": other(counts={}),
            "a count below zero": other(counts={"entries": -1, "files": 0, "sourceBytes": 0}),
        }
        for name, document in wrong.items():
            with self.subTest(name), self.assertRaises(Unreadable):
                from_json(json.dumps(document).encode(), "data", self.incremental.set_time)
        with self.assertRaises(Unreadable):
            from_json(b"\xff\x00 no JSON", "data", self.incremental.set_time)

    def test_its_summary_is_the_contracts(self) -> None:
        found = summary(self.incremental)

        self.assertEqual((found["parts"], found["kind"], found["base"], found["chain"]), (2, "incremental", self.full.backup, self.full.backup))
        self.assertEqual(found["storedBytes"], sum(each.bytes for each in self.incremental.objects))
        self.assertNotIn("streamSha256", found)
        self.assertEqual(summary(manifest(1, counts={"entries": 1, "files": 1, "sourceBytes": 0}))["streamBytes"], 1)
