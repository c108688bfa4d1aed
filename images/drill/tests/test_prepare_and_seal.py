"""`prepare` and `seal` with fake zpool and zfs: what they ask for, whom they refuse, and that a failed `prepare` leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_drill import throwaway_pool
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.prepare import prepare
from haven_drill.problem import Problem
from haven_drill.seal import seal
from haven_drill.stopping import Stopping
from tests.fake_zfs import FakeZfs

POOL = "haven-drill-0123abcd"
GIB = 1 << 30


class PrepareAndSealTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.scratch = os.path.join(self.folder, "scratch")
        os.mkdir(self.scratch)
        self.zfs = FakeZfs(self.folder)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": self.zfs.bin + ":" + os.environ["PATH"]}))
        self.disk(free=100 * GIB, reserve=GIB)

    def disk(self, free: int, reserve: int) -> None:
        self.enterContext(mock.patch.object(throwaway_pool, "free_bytes", lambda _scratch: free))
        self.enterContext(mock.patch.object(throwaway_pool, "reserve_bytes", lambda: reserve))

    def prepare(self, size: int = 10 * GIB) -> dict[str, Any]:
        request = {"scratch": self.scratch, "pool": POOL, "sizeBytes": size, "run": "r1"}
        prepared: dict[str, Any] = prepare(request, Events(lambda _line: None), Stopping(), Places())["prepared"]
        return prepared

    def seal(self, pool: str = POOL) -> dict[str, Any]:
        sealed: dict[str, Any] = seal({"scratch": self.scratch, "pool": pool, "run": "r1"}, Events(lambda _line: None), Stopping(), Places())["sealed"]
        return sealed

    def test_prepare_makes_the_marked_pool_and_an_empty_dataset_that_nobody_mounts(self) -> None:
        prepared = self.prepare()

        self.assertEqual((prepared["pool"], prepared["dataset"], prepared["quotaBytes"]), (POOL, f"{POOL}/restored", 10 * GIB))
        self.assertEqual(self.zfs.state["pools"][POOL]["mark"], "r1")
        (create,) = self.zfs.calls("zfs", "create")
        self.assertEqual(create[2:], ["-o", "mountpoint=legacy", "-o", f"quota={10 * GIB}", f"{POOL}/restored"])

    def test_the_dataset_is_full_before_the_disk_is(self) -> None:
        self.disk(free=5 * GIB, reserve=GIB)

        self.assertEqual(self.prepare()["quotaBytes"], 4 * GIB)

    def test_a_disk_without_room_is_refused_before_anything_is_made(self) -> None:
        self.disk(free=GIB + 1, reserve=GIB)

        with self.assertRaises(Problem) as caught:
            self.prepare()

        self.assertEqual(caught.exception.code, "local-full")
        self.assertEqual((self.zfs.state["pools"], os.listdir(self.scratch)), ({}, []))

    def test_a_dataset_that_cannot_be_made_takes_the_pool_with_it(self) -> None:
        self.zfs.change(fail={"zfs create": {"times": 1, "err": "cannot create: out of space"}})

        with self.assertRaises(Problem) as caught:
            self.prepare()

        self.assertEqual(caught.exception.code, "local-full")
        self.assertEqual((self.zfs.state["pools"], os.listdir(self.scratch)), ({}, []))

    def test_seal_makes_the_snapshot_tells_its_guid_and_scrubs(self) -> None:
        self.prepare()

        sealed = self.seal()

        self.assertEqual((sealed["snapshot"], sealed["guid"]), (f"{POOL}/restored@drill-000", "123456789000"))
        self.assertEqual((sealed["scrub"]["state"], sealed["scrub"]["errors"]), ("finished", 0))
        order = [call[:2] for call in self.zfs.state["calls"] if call[1] in ("snapshot", "scrub")]
        self.assertEqual(order, [["zfs", "snapshot"], ["zpool", "scrub"]])

    def test_a_scrub_that_found_something_is_damage(self) -> None:
        self.prepare()
        self.zfs.change(checksumErrors=2)

        with self.assertRaises(Problem) as caught:
            self.seal()

        self.assertEqual(caught.exception.code, "damaged")

    def test_seal_touches_no_pool_that_is_not_beyond_doubt_one_of_ours(self) -> None:
        self.zfs.add_pool(POOL, [f"{self.scratch}/{POOL}.img"], mark="")
        self.zfs.add_pool("haven-drill-11111111", ["/elsewhere/disk.img"])

        for pool in (POOL, "haven-drill-11111111", "haven-drill-22222222"):
            with self.assertRaises(Problem):
                self.seal(pool)

        self.assertEqual(self.zfs.calls("zfs", "snapshot"), [])


if __name__ == "__main__":
    unittest.main()
