"""`copy-out` on real folders: what it copies is the same, into an empty folder or where the owner insists, and nothing that was there is removed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_drill import copy_out as copy_out_module
from haven_drill.copy_out import copy_out
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from tests.test_compare import make_tree


@unittest.skipUnless(os.getuid() == 0, "needs root")
class CopyOutTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-", dir=os.environ.get("HAVEN_TEST_DISK"))
        self.addCleanup(shutil.rmtree, self.folder)
        names = ("restored", "into", "out")
        self.places = Places(**{name: os.path.join(self.folder, name) for name in names})
        for name in names:
            os.mkdir(os.path.join(self.folder, name))
        make_tree(os.fsencode(self.places.restored))
        self.put(self.places.restored, "docs/letters/first", "dear aunt")
        os.link(self.at(self.places.restored, "docs/letters/first"), self.at(self.places.restored, "elsewhere"))
        self.events: list[bytes] = []

    def at(self, root: str, path: str) -> str:
        return os.path.join(root, path)

    def put(self, root: str, path: str, text: str) -> None:
        os.makedirs(os.path.dirname(self.at(root, path)), exist_ok=True)
        with open(self.at(root, path), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, path: str) -> str:
        with open(self.at(self.places.into, path), encoding="utf-8") as file:
            return file.read()

    def copy(self, **change: Any) -> dict[str, Any]:
        request = {"step": "copy", "path": "", "really": False, **change}
        copied: dict[str, Any] = copy_out(request, Events(self.events.append), Stopping(), self.places)["copiedOut"]
        return copied

    def refused(self, code: str, **change: Any) -> Problem:
        with self.assertRaises(Problem) as caught:
            self.copy(**change)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        return caught.exception

    def test_a_whole_tree_of_awkward_entries_comes_out_as_it_was(self) -> None:
        copied = self.copy()

        self.assertEqual(copied["differences"], {})
        self.assertGreater(copied["files"], 18)
        self.assertEqual(os.stat(self.places.into).st_mtime_ns, os.stat(self.places.restored).st_mtime_ns)

    def test_a_folder_or_a_file_comes_out_alone_under_its_own_name(self) -> None:
        self.assertEqual(self.copy(path="docs/letters")["differences"], {})
        self.assertEqual(os.listdir(self.places.into), ["letters"])
        copied = self.copy(path="docs/letters/first", really=True)
        self.assertEqual((copied["entries"], copied["files"], copied["bytes"], copied["differences"]), (1, 1, 9, {}))
        self.assertEqual(sorted(os.listdir(self.places.into)), ["first", "letters"])

    def test_a_path_that_is_not_there_or_leads_through_a_link_is_refused(self) -> None:
        os.symlink("docs", self.at(self.places.restored, "link"))
        for path in ("no", "docs/no", "docs/letters/first/x", "link/letters"):
            self.refused("bad-request", path=path)
        self.assertEqual(os.listdir(self.places.into), [])

    def test_a_folder_with_something_in_it_needs_a_real_wish_and_loses_nothing(self) -> None:
        self.put(self.places.into, "precious", "mine")
        self.put(self.places.into, "docs/letters/second", "mine too")
        for step in ("look", "copy"):
            self.assertIn("already", self.refused("bad-request", step=step).message)

        self.assertEqual(self.copy(path="docs", really=True)["differences"], {})

        self.assertEqual([self.read(path) for path in ("precious", "docs/letters/second", "docs/letters/first")], ["mine", "mine too", "dear aunt"])

    def test_a_look_copies_nothing(self) -> None:
        there = self.copy(step="look")
        self.assertEqual(there["entries"], 0)
        self.assertGreater(there["freeBytes"], 0)
        self.assertEqual(os.listdir(self.places.into), [])

    def test_a_copy_that_differs_is_damage_and_no_event_names_a_file(self) -> None:
        def spoilt(source: bytes, target: bytes, events: Events, places: Places) -> str:
            said = real(source, target, events, places)
            self.put(self.places.into, "docs/letters/first", "Dear aunt")
            return said

        real = copy_out_module.copy
        with mock.patch.object(copy_out_module, "copy", spoilt):
            problem = self.refused("damaged")

        self.assertIn("1 content", problem.message)
        self.assertNotIn(b"letters", b"".join(self.events))
        with open(os.path.join(self.places.out, "comparison.json"), encoding="ascii") as file:
            self.assertIn("docs/letters/first", str(json.load(file)["listed"]))

    def test_attributes_that_cannot_be_kept_are_told_but_are_no_damage(self) -> None:
        def without_times(source: bytes, target: bytes, events: Events, places: Places) -> str:
            said = real(source, target, events, places)
            os.utime(self.at(self.places.into, "docs/letters/first"), (0, 0))
            return said

        real = copy_out_module.copy
        with mock.patch.object(copy_out_module, "copy", without_times):
            self.assertEqual(self.copy()["differences"], {"mtime": 2})

    def test_a_copy_that_made_nothing_is_no_success(self) -> None:
        with mock.patch.object(copy_out_module, "copy", lambda *_given: "cp: No space left on device"):
            self.refused("local-full", path="docs")
        with mock.patch.object(copy_out_module, "copy", lambda *_given: ""):
            self.refused("damaged", path="docs/letters/first")
            self.refused("damaged", path="docs")


if __name__ == "__main__":
    unittest.main()
