"""`reap` destroys what is ours and nothing else. zpool and zfs are fakes that record what they were asked for."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_drill import reap as reap_module
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.reap import reap
from haven_drill.stopping import Stopping
from tests.fake_zfs import FakeZfs

OURS = "haven-drill-0123abcd"
OTHER = "haven-drill-4567cdef"


class ReapTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.scratch = os.path.join(self.folder, "scratch")
        os.mkdir(self.scratch)
        self.zfs = FakeZfs(self.folder)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": self.zfs.bin + ":" + os.environ["PATH"]}))
        self.enterContext(mock.patch.object(reap_module, "BUSY_SECONDS", 3.0))
        self.events: list[bytes] = []
        # The owner's pool is always there, and must always be afterwards.
        self.zfs.add_pool("tank", ["/dev/sda"], mark="")

    def tearDown(self) -> None:
        self.assertIn("tank", self.zfs.state["pools"])
        self.assertEqual(self.zfs.calls("zpool", "destroy", "tank"), [])

    def image(self, pool: str) -> str:
        path = os.path.join(self.scratch, f"{pool}.img")
        with open(path, "wb"):
            pass
        return path

    def reap(self, pools: Any = "all") -> list[str]:
        result = reap({"scratch": self.scratch, "pools": pools}, Events(self.events.append), Stopping(), Places())
        reaped: list[str] = result["reaped"]
        return reaped

    def assert_refused(self, reason: str, pools: Any = "all") -> Problem:
        with self.assertRaises(Problem) as caught:
            self.reap(pools)
        self.assertEqual((caught.exception.code, caught.exception.exit_code), ("failed", 1))
        self.assertIn(reason, caught.exception.message)
        return caught.exception

    def test_destroys_a_pool_of_ours_and_its_file(self) -> None:
        path = self.image(OURS)
        self.zfs.add_pool(OURS, [path])

        self.assertEqual(self.reap(), [OURS])

        self.assertEqual(list(self.zfs.state["pools"]), ["tank"])
        self.assertFalse(os.path.exists(path))

    def test_nothing_to_reap_is_fine(self) -> None:
        self.assertEqual(self.reap(), [])

    def test_a_pool_without_the_mark_is_refused_and_the_others_are_reaped(self) -> None:
        self.zfs.add_pool(OURS, [self.image(OURS)], mark="")
        self.zfs.add_pool(OTHER, [self.image(OTHER)])

        problem = self.assert_refused("no mark")

        self.assertEqual(problem.fields["reaped"], [OTHER])
        self.assertEqual(self.zfs.calls("zpool", "destroy"), [["zpool", "destroy", OTHER]])
        self.assertTrue(os.path.exists(os.path.join(self.scratch, f"{OURS}.img")))

    def test_vdevs_that_are_not_one_file_in_scratch_are_refused(self) -> None:
        outside = os.path.join(self.folder, f"{OURS}.img")
        os.symlink(outside, os.path.join(self.scratch, "link.img"))
        for vdevs, reason in (
            (["/dev/sdb"], "not in the scratch"),
            ([outside], "not in the scratch"),
            ([self.scratch + "/../" + f"{OURS}.img"], "not in the scratch"),
            ([os.path.join(self.scratch, "link.img")], "not in the scratch"),
            ([self.image(OURS), "/dev/sdb"], "2 vdevs"),
            (["mirror-0", self.image(OURS), self.image(OTHER)], "3 vdevs"),
            ([], "0 vdevs"),
            (["relative.img"], "not in the scratch"),
        ):
            with self.subTest(vdevs=vdevs):
                self.zfs.add_pool(OURS, vdevs)
                self.assert_refused(reason)
                self.assertEqual(self.zfs.calls("zpool", "destroy"), [])

    def test_a_name_that_only_begins_like_ours_is_refused_and_not_told(self) -> None:
        name = "haven-drill-of-my-own"
        self.zfs.add_pool(name, [self.image(name)])

        problem = self.assert_refused("not one of a throwaway pool")

        self.assertNotIn("of-my-own", str(problem.as_error()) + repr(self.events))

    def test_only_the_pools_asked_for_are_reaped(self) -> None:
        for pool in (OURS, OTHER):
            self.zfs.add_pool(pool, [self.image(pool)])

        self.assertEqual(self.reap([OTHER, "haven-drill-99999999"]), [OTHER])

        self.assertIn(OURS, self.zfs.state["pools"])

    def test_leftover_files_are_removed_only_when_they_have_our_form_and_no_pool(self) -> None:
        self.image(OURS)
        kept = [self.image("holiday"), self.image("haven-drill-xyz"), os.path.join(self.scratch, f"{OTHER}.img")]
        os.symlink("/etc/hostname", kept[2])
        os.mkdir(os.path.join(self.scratch, "haven-drill-aaaaaaaa.img"))

        self.assertEqual(self.reap(), [OURS])

        for path in kept:
            self.assertTrue(os.path.lexists(path), path)

    def test_a_busy_pool_is_tried_again(self) -> None:
        self.zfs.add_pool(OURS, [self.image(OURS)])
        self.zfs.change(fail={"zpool destroy": {"times": 1, "err": f"cannot destroy '{OURS}': pool is busy\n"}})

        self.assertEqual(self.reap(), [OURS])

    def test_a_pool_that_stays_busy_is_a_failure(self) -> None:
        self.zfs.add_pool(OURS, [self.image(OURS)])
        self.zfs.change(fail={"zpool destroy": {"times": 99, "err": f"cannot destroy '{OURS}': pool is busy\n"}})

        self.assert_refused("pool is busy")

        self.assertTrue(os.path.exists(os.path.join(self.scratch, f"{OURS}.img")))

    def test_a_zpool_list_that_fails_is_a_failure_not_an_empty_list(self) -> None:
        self.image(OURS)
        self.zfs.change(fail={"zpool list": {"times": 9, "err": "The ZFS modules cannot be auto-loaded.\n"}})

        self.assert_refused("cannot be auto-loaded")

        self.assertTrue(os.path.exists(os.path.join(self.scratch, f"{OURS}.img")))

    def test_names_of_other_pools_in_a_tool_s_complaint_are_not_told(self) -> None:
        self.zfs.add_pool(OURS, [self.image(OURS)])
        complaint = "cannot open 'tank/my secret': dataset /srv/secret is tank2/secret@snap\n"
        self.zfs.change(fail={"zpool destroy": {"times": 9, "err": complaint}})

        problem = self.assert_refused("cannot open")

        self.assertNotIn("secret", str(problem.as_error()) + repr(self.events))


if __name__ == "__main__":
    unittest.main()
