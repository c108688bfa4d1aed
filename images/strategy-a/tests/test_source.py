from __future__ import annotations

import json
import os
import stat
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_a.problem import Problem
from haven_a.source import check_source

SOURCE = {"id": "data", "dataset": "tank/my data", "snapshot": "haven-1", "guid": "1"}
RIGHT = {"fstype": "zfs", "source": "tank/my data@haven-1", "options": "ro,relatime"}


class SourceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.tree = f"{self.folder}/tree"
        os.mkdir(self.tree)
        with open(f"{self.tree}/file", "w", encoding="ascii") as file:
            file.write("x")

    def check(self, said: Any, code: int = 0) -> None:
        """With a findmnt that says this."""
        program = f"{self.folder}/findmnt"
        text = said if isinstance(said, str) else json.dumps({"filesystems": said})
        with open(program, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n[ \"$5\" = '{self.tree}' ] || exit 9\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        os.chmod(program, stat.S_IRWXU)
        with mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"}):
            check_source(SOURCE, self.tree)

    def test_the_named_snapshot_is_taken(self) -> None:
        self.check([RIGHT])

    def test_what_lies_on_top_counts(self) -> None:
        self.check([{**RIGHT, "source": "tank/other@x"}, RIGHT])
        with self.assertRaises(Problem):
            self.check([RIGHT, {**RIGHT, "source": "tank/other@x"}])

    def test_anything_else_is_refused_without_telling_its_name(self) -> None:
        wrong: dict[str, Any] = {
            "another snapshot": [{**RIGHT, "source": "tank/my data@haven-2"}],
            "the live dataset": [{**RIGHT, "source": "tank/my data"}],
            "another dataset": [{**RIGHT, "source": "tank/my data/child@haven-1"}],
            "another filesystem": [{**RIGHT, "fstype": "ext4"}],
            "writable": [{**RIGHT, "options": "rw,relatime"}],
            "nothing": [],
            "no JSON": "tank",
        }
        for name, said in wrong.items():
            with self.subTest(name), self.assertRaises(Problem) as raised:
                self.check(said)
            self.assertEqual(raised.exception.exit_code, 20)
            self.assertNotIn("tank", raised.exception.message + raised.exception.hint)
        with self.assertRaises(Problem):
            self.check([RIGHT], code=1)

    def test_an_empty_source_is_refused(self) -> None:
        os.unlink(f"{self.tree}/file")

        with self.assertRaises(Problem) as raised:
            self.check([RIGHT])
        self.assertEqual(raised.exception.exit_code, 20)
        self.assertIn("empty", raised.exception.message)

    def test_a_place_where_nothing_is_mounted_is_refused_by_the_real_findmnt(self) -> None:
        with self.assertRaises(Problem) as raised:
            check_source(SOURCE, self.tree)
        self.assertEqual(raised.exception.exit_code, 20)
