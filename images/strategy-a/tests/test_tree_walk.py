from __future__ import annotations

import gzip
import os
import tempfile
import unittest

from haven_a.problem import Problem
from haven_a.tree_walk import ChangeIndex, entries, walk_source

NAMES = [b"a", b"a-b", b"a.b", b"a/b", b"a/b/c", b"a0", b"new\nline", b"space d", b"\xff\xfe", b"z/z"]


class TreeWalkTest(unittest.TestCase):
    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.tree = f"{self.root}/tree"
        os.mkdir(self.tree)
        self.index = f"{self.root}/state/index.gz"

    def make(self, *names: bytes) -> None:
        for name in names:
            path = os.fsencode(self.tree) + b"/" + name + b".f"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"12345")

    def test_everything_is_counted_and_links_are_not_followed(self) -> None:
        self.make(*NAMES)
        os.symlink("/etc", f"{self.tree}/link")
        os.mkfifo(f"{self.tree}/fifo")

        counts = walk_source("data", self.tree, self.index, lambda _done: None)

        self.assertEqual((counts.files, counts.bytes), (len(NAMES), 5 * len(NAMES)))
        self.assertEqual(counts.entries, len(NAMES) + 3 + 2)
        self.assertGreater(counts.newest_change, 0)

    def test_the_order_is_that_of_paths_by_their_parts(self) -> None:
        self.make(*NAMES)

        paths = [tuple(name.split(b"/")) for name, _found in entries(os.fsencode(self.tree))]

        self.assertEqual(paths, sorted(paths))

    def test_the_index_tells_of_each_file_what_its_ctime_was(self) -> None:
        self.make(*NAMES)
        walk_source("data", self.tree, self.index, lambda _done: None)

        with gzip.open(self.index) as file:
            index = ChangeIndex(file)
            for name, found in entries(os.fsencode(self.tree)):
                expected = (found.st_ino, found.st_ctime_ns) if name.endswith(b".f") else None
                self.assertEqual(index.of((b"source", b"data", *name.split(b"/"))), expected, name)
            self.assertIsNone(index.of((b"source", b"data", b"zz")))

    def test_a_change_that_put_its_mtime_back_is_another_ctime(self) -> None:
        self.make(b"sly")
        path = f"{self.tree}/sly.f"
        before = os.stat(path)
        walk_source("data", self.tree, self.index, lambda _done: None)

        with open(path, "wb") as file:
            file.write(b"54321")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        after = os.stat(path)
        self.assertEqual((after.st_mtime_ns, after.st_size), (before.st_mtime_ns, before.st_size))
        with gzip.open(self.index) as file:
            self.assertNotEqual(ChangeIndex(file).of((b"source", b"data", b"sly.f")), (after.st_ino, after.st_ctime_ns))

    def test_an_entry_that_cannot_be_looked_at_is_exit_20_and_leaves_no_index(self) -> None:
        with self.assertRaises(Problem) as raised:
            walk_source("data", f"{self.root}/none", self.index, lambda _done: None)

        self.assertEqual(raised.exception.exit_code, 20)
        self.assertFalse(os.path.exists(self.index))
