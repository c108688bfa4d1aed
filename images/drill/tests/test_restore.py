"""`restore` with fake zpool and zfs: it makes a new dataset, marked at birth, and destroys nothing that is not its own."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import unittest
from typing import Any
from unittest import mock

from haven_drill import receive as receive_module
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Interrupted, Problem
from haven_drill.restore import destroy, receive_command, restore
from haven_drill.stopping import Stopping
from tests.fake_zfs import FakeZfs, send_streams

TARGET = "tank/my restored"
OWNERS = {"tank": {"type": "filesystem", "mark": ""}, "tank/home": {"type": "filesystem", "mark": ""}, "tank/vm": {"type": "volume", "mark": ""}}
CHAIN = [os.urandom(100_000 * n) + b"END" for n in (3, 1)]


class RestoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.zfs = FakeZfs(self.folder)
        self.zfs.change(datasets=OWNERS)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": self.zfs.bin + ":" + os.environ["PATH"]}))
        self.places = Places(pipe=self.folder)
        self.events: list[bytes] = []

    def send(self, *chain: bytes) -> None:
        send_streams(self, self.places, chain)

    def restore(self, stopping: Stopping | None = None, **change: Any) -> dict[str, Any]:
        request = {"dataset": TARGET, "type": "filesystem", "streams": 2, "run": "r1", **change}
        restored: dict[str, Any] = restore(request, Events(self.events.append), stopping or Stopping(), self.places)["restored"]
        return restored

    def assert_fails(self, reason: str, code: str = "failed", **change: Any) -> None:
        with self.assertRaises(Problem) as caught:
            self.restore(**change)
        self.assertRegex(caught.exception.message, reason)
        self.assertEqual(caught.exception.code, code)

    def assert_only_the_owners(self) -> None:
        self.assertEqual(self.zfs.state["datasets"], OWNERS)

    def test_a_chain_is_received_in_order_into_a_new_marked_dataset(self) -> None:
        self.send(*CHAIN)

        restored = self.restore()

        self.assertEqual([s["streamSha256"] for s in restored["streams"]], [hashlib.sha256(data).hexdigest() for data in CHAIN])
        self.assertEqual((restored["snapshot"], restored["guid"]), ("haven-restored-001", "123456789001"))
        self.assertEqual(self.zfs.state["datasets"][TARGET]["mark"], "r1")
        self.assertNotIn("restored\"", str(restored["streams"]))
        self.assertNotIn(b"my restored", b"".join(self.events))

    def test_it_is_marked_by_the_call_that_makes_it_mounted_nowhere_and_nothing_is_forced(self) -> None:
        first = receive_command("tank/x", "filesystem", 0, "r1")
        self.assertEqual(
            " ".join(first),
            "zfs receive -u -o haven:restore=r1 -o readonly=on -o canmount=noauto -o acltype=posixacl -x mountpoint tank/x@haven-restored-000",
        )
        self.assertIn("volmode=none", receive_command("tank/x", "volume", 0, "r1"))
        self.assertEqual(receive_command("tank/x", "filesystem", 1, "r1"), ["zfs", "receive", "-u", "tank/x@haven-restored-001"])

    def test_a_dataset_that_exists_is_never_touched(self) -> None:
        self.assert_fails("already", "bad-request", dataset="tank/home")
        self.assertEqual(self.zfs.calls("zfs", "receive"), [])
        self.assertEqual(self.zfs.calls("zfs", "destroy"), [])
        self.assert_only_the_owners()

    def test_a_parent_that_is_missing_or_a_volume_is_refused(self) -> None:
        for dataset in ("tank/no/such", "tank/vm/x", "other/x"):
            self.assert_fails("parent", "bad-request", dataset=dataset)
        self.assertEqual(self.zfs.calls("zfs", "receive"), [])

    def test_a_pool_that_cannot_be_asked_is_not_taken_for_an_empty_one(self) -> None:
        self.zfs.change(fail={"zfs get": {"times": 9, "err": "cannot open '/dev/zfs': permission denied\n"}})
        self.assert_fails("permission denied")
        self.assertEqual(self.zfs.calls("zfs", "receive"), [])

    def test_a_chain_that_breaks_off_leaves_nothing(self) -> None:
        self.send(CHAIN[0], b"cut off")
        self.assert_fails("incomplete stream.*incremental number 1")
        self.assertEqual(len(self.zfs.calls("zfs", "destroy")), 1)
        self.assert_only_the_owners()

    def test_a_full_pool_says_where_to_make_room(self) -> None:
        self.zfs.change(fail={"zfs receive": {"times": 1, "err": "cannot receive: out of space\n"}})
        self.send(*CHAIN)
        with self.assertRaises(Problem) as caught:
            self.restore()
        self.assertEqual((caught.exception.code, caught.exception.hint), ("local-full", "free space in the pool, or restore into another one"))
        self.assert_only_the_owners()

    def test_only_what_this_run_made_and_nobody_else_uses_is_destroyed(self) -> None:
        mine = {"type": "filesystem", "mark": "r1"}
        self.zfs.change(datasets={**OWNERS, TARGET: {"type": "filesystem", "mark": "r0"}})
        self.assertIn("mark", destroy(TARGET, "r1"))
        self.assertIn("mark", destroy("tank/home", "r1"))
        self.zfs.change(datasets={**OWNERS, TARGET: mine, f"{TARGET}/owners": {"type": "filesystem", "mark": ""}})
        self.assertIn("below", destroy(TARGET, "r1"))
        self.assertEqual(self.zfs.calls("zfs", "destroy"), [])
        self.zfs.change(datasets={**OWNERS, TARGET: mine})
        self.assertEqual(destroy(TARGET, "r1"), "")
        self.assert_only_the_owners()

    def test_what_cannot_be_destroyed_is_told_beside_the_first_reason(self) -> None:
        self.zfs.change(fail={"zfs destroy": {"times": 9, "err": f"cannot destroy '{TARGET}': dataset is busy\n"}})
        self.send(CHAIN[0], b"cut off")
        self.assert_fails("incomplete stream.*left behind.*busy")
        self.assertNotIn(b"my restored", b"".join(self.events))

    def test_sigterm_in_the_middle_destroys_what_was_made(self) -> None:
        stopping = Stopping()
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        stopping.listen()
        self.addCleanup(signal.signal, signal.SIGTERM, before[0])
        self.addCleanup(signal.signal, signal.SIGINT, before[1])
        self.send(CHAIN[0])
        with mock.patch.object(receive_module, "FIFO_SECONDS", 30.0):
            threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
            with self.assertRaises(Interrupted):
                self.restore(stopping)
        self.assertEqual(len(self.zfs.calls("zfs", "destroy")), 1)
        self.assert_only_the_owners()


if __name__ == "__main__":
    unittest.main()
