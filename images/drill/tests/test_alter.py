"""`alter` changes what it says and nothing else: verify finds one kind of difference, once, or in a copy that was not altered none at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import unittest

from haven_drill.alter import ALTERATIONS, alter
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.verify import verify
from tests.test_compare import make_tree

QUIET = Events(lambda line: None)


class Altered(unittest.TestCase):
    def setUp(self) -> None:
        # Not in /tmp: it may be a tmpfs without user xattrs.
        self.folder = tempfile.mkdtemp(prefix="haven-alter-", dir=os.environ.get("HAVEN_TEST_DISK", "/var/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.places = Places(source=f"{self.folder}/tree", altered=f"{self.folder}/altered", out=self.folder)
        os.mkdir(self.places.altered)

    def differences(self, name: str) -> dict[str, int]:
        places = Places(source=f"{self.places.altered}/source", restored=f"{self.places.altered}/{name}", out=self.folder)
        try:
            verify({"compare": "filesystem"}, QUIET, Stopping(), places)
        except Problem:
            pass
        with open(f"{self.folder}/comparison.json", encoding="ascii") as file:
            kinds = json.load(file)["byKind"]
        assert isinstance(kinds, dict)
        return kinds

    def test_each_alteration_is_one_difference_of_its_kind(self) -> None:
        make_tree(os.fsencode(self.places.source))

        result = alter({"alterations": list(ALTERATIONS)}, QUIET, Stopping(), self.places)

        self.assertGreater(result["altered"]["entries"], 20)
        once = {"content": "content", "mode": "mode", "owner": "uid", "time": "mtime", "xattr": "xattr", "extra": "extra", "missing": "missing"}
        for name, kind in once.items():
            self.assertEqual(self.differences(name), {kind: 1}, name)
        self.assertEqual(self.differences("name"), {"extra": 1, "missing": 1})
        self.assertEqual(list(self.differences("empty")), ["missing"])
        self.assertEqual(os.listdir(f"{self.places.altered}/empty"), [])
        self.assertEqual(self.differences("unaltered"), {})

    def test_a_tree_without_a_file_cannot_be_altered(self) -> None:
        os.makedirs(f"{self.places.source}/folder")

        with self.assertRaises(Problem) as raised:
            alter({"alterations": ["mode"]}, QUIET, Stopping(), self.places)

        self.assertIn("no file that could be altered", raised.exception.message)
