"""`receive` with fake zpool and zfs: what it asks for, what it measures, and that it leaves nothing behind when it fails."""

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

from haven_drill import receive as receive_module, throwaway_pool
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Interrupted, Problem
from haven_drill.receive import receive, receive_command
from haven_drill.stopping import Stopping
from tests.fake_zfs import FakeZfs, send_streams

POOL = "haven-drill-0123abcd"
STREAM = os.urandom(3_000_000) + b"END"


class ReceiveTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.scratch = os.path.join(self.folder, "scratch")
        os.mkdir(self.scratch)
        self.zfs = FakeZfs(self.folder)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": self.zfs.bin + ":" + os.environ["PATH"]}))
        self.places = Places(pipe=self.folder)
        self.events: list[bytes] = []

    def send(self, *chain: bytes, pause: float = 0.0) -> None:
        send_streams(self, self.places, chain, pause)

    def receive(self, stopping: Stopping | None = None, **change: Any) -> dict[str, Any]:
        request = {"scratch": self.scratch, "pool": POOL, "sizeBytes": 64 << 20, "type": "filesystem", "streams": 1, "run": "r1", **change}
        result = receive(request, Events(self.events.append), stopping or Stopping(), self.places)
        received: dict[str, Any] = result["received"]
        return received

    def assert_fails(self, reason: str, code: str = "failed", **change: Any) -> None:
        with self.assertRaises(Problem) as caught:
            self.receive(**change)
        self.assertIn(reason, caught.exception.message)
        self.assertEqual(caught.exception.code, code)
        self.assert_nothing_left()

    def assert_nothing_left(self) -> None:
        self.assertEqual(self.zfs.state["pools"], {})
        self.assertEqual(os.listdir(self.scratch), [])

    def test_receives_measures_scrubs_and_leaves_the_marked_pool(self) -> None:
        self.send(STREAM)

        received = self.receive()

        (stream,) = received["streams"]
        self.assertEqual(stream["streamBytes"], len(STREAM))
        self.assertEqual(stream["streamSha256"], hashlib.sha256(STREAM).hexdigest())
        self.assertEqual((received["guid"], received["snapshot"]), ("123456789000", f"{POOL}/restored@drill-000"))
        self.assertEqual(received["scrub"]["state"], "finished")
        self.assertEqual(received["tools"]["zfsKernel"], "2.3.9-2")
        self.assertEqual(self.zfs.state["pools"][POOL]["mark"], "r1")
        (create,) = self.zfs.calls("zpool", "create")
        for words in (["-o", "cachefile=none"], ["-R", f"{self.scratch}/alt-{POOL}"], ["-m", "none"], ["-O", "canmount=off"]):
            self.assertIn(" ".join(words), " ".join(create))
        self.assertEqual(os.stat(os.path.join(self.scratch, f"{POOL}.img")).st_size, 64 << 20)

    def test_a_chain_is_received_in_order_into_one_dataset_and_scrubbed_once(self) -> None:
        chain = [os.urandom(1000 * n) + b"END" for n in (3, 1, 2)]
        self.send(*chain)

        received = self.receive(streams=3)

        self.assertEqual([s["streamSha256"] for s in received["streams"]], [hashlib.sha256(data).hexdigest() for data in chain])
        self.assertEqual([s["snapshot"] for s in received["streams"]], [f"{POOL}/restored@drill-00{n}" for n in range(3)])
        self.assertEqual([s["guid"] for s in received["streams"]], ["123456789000", "123456789001", "123456789002"])
        self.assertEqual((received["guid"], received["snapshot"]), ("123456789002", f"{POOL}/restored@drill-002"))
        self.assertEqual([call[-1] for call in self.zfs.calls("zfs", "receive")], [s["snapshot"] for s in received["streams"]])
        self.assertEqual(len(self.zfs.calls("zpool", "scrub")), 1)
        self.assertEqual(self.zfs.calls("zfs", "allow"), [])

    def test_only_a_volume_may_be_sent_by_the_user_who_compares_it(self) -> None:
        self.send(STREAM)
        self.receive(type="volume")
        self.assertEqual(self.zfs.calls("zfs", "allow"), [["zfs", "allow", "-u", "1000", "send", f"{POOL}/restored"]])

    def test_a_chain_that_ends_too_soon_fails_and_leaves_nothing(self) -> None:
        self.send(STREAM)
        with mock.patch.object(receive_module, "FIFO_SECONDS", 1.0):
            self.assert_fails("no pipe for stream 2", streams=2)

    def test_an_incremental_that_does_not_fit_says_which_it_was(self) -> None:
        self.send(b"1END", b"2", b"3END")
        self.assert_fails("incremental number 1 of the chain", streams=3)

    def test_a_file_system_is_received_unmounted_and_a_volume_without_its_device(self) -> None:
        self.assertEqual(
            receive_command("p/restored@drill-000", "filesystem", 0),
            ["zfs", "receive", "-u", "-o", "canmount=off", "-o", "readonly=on", "-x", "mountpoint", "p/restored@drill-000"],
        )
        self.assertEqual(receive_command("p/r@0", "volume", 0), ["zfs", "receive", "-u", "-o", "volmode=none", "p/r@0"])
        self.assertEqual(receive_command("p/r@1", "volume", 1), ["zfs", "receive", "-u", "p/r@1"])

    def test_a_truncated_stream_fails_and_leaves_nothing(self) -> None:
        self.send(STREAM[:-1])
        self.assert_fails("incomplete stream")

    def test_no_stream_at_all_fails_and_leaves_nothing(self) -> None:
        self.send(b"")
        self.assert_fails("without sending a byte")

    def test_a_zfs_receive_that_gives_up_at_once_is_told_by_its_own_words(self) -> None:
        self.zfs.change(fail={"zfs receive": {"times": 1, "err": "cannot receive: invalid stream\n"}})
        self.send(STREAM)
        self.assert_fails("invalid stream")

    def test_a_full_pool_is_local_full(self) -> None:
        self.zfs.change(fail={"zfs receive": {"times": 1, "err": f"cannot receive into '{POOL}/restored': out of space\n"}})
        self.send(STREAM)
        self.assert_fails("out of space", "local-full")

    def test_errors_that_the_scrub_counts_are_damage(self) -> None:
        self.zfs.change(checksumErrors=2)
        self.send(STREAM)
        self.assert_fails("4 errors", "damaged")

    def test_a_scrub_that_fails_leaves_nothing(self) -> None:
        self.zfs.change(fail={"zpool scrub": {"times": 1, "err": "cannot scrub\n"}})
        self.send(STREAM)
        self.assert_fails("cannot scrub")

    def test_a_pool_that_cannot_be_destroyed_is_told_beside_the_first_reason(self) -> None:
        self.zfs.change(fail={"zpool destroy": {"times": 99, "err": f"cannot destroy '{POOL}': I/O error\n"}})
        self.send(STREAM[:-1])
        with self.assertRaises(Problem) as caught:
            self.receive()
        self.assertRegex(caught.exception.message, "incomplete stream.*left behind.*I/O error")
        self.assertIn(b"pool-left-behind", b"".join(self.events))

    def test_a_create_that_fails_leaves_no_file(self) -> None:
        self.zfs.change(fail={"zpool create": {"times": 1, "err": "permission denied\n"}})
        self.assert_fails("permission denied")

    def test_a_pipe_that_never_appears_fails_at_the_deadline(self) -> None:
        with mock.patch.object(receive_module, "FIFO_SECONDS", 0.5):
            self.assert_fails("no pipe for stream 1 appeared")

    def test_a_writer_that_never_comes_fails_at_the_deadline(self) -> None:
        os.mkfifo(self.places.stream(0))
        with mock.patch.object(receive_module, "FIFO_SECONDS", 0.5):
            self.assert_fails("fell silent")

    def test_a_zfs_that_takes_nothing_is_called_a_hang(self) -> None:
        self.zfs.change(hang={"zfs receive": 60})
        self.send(STREAM)
        with mock.patch.object(receive_module, "ZFS_SECONDS", 1.0):
            self.assert_fails("ZFS hangs")

    def test_a_pool_of_that_name_is_left_alone(self) -> None:
        path = os.path.join(self.scratch, f"{POOL}.img")
        with open(path, "wb"):
            pass
        self.zfs.add_pool(POOL, [path])
        with self.assertRaises(Problem):
            self.receive()
        self.assertIn(POOL, self.zfs.state["pools"])
        self.assertTrue(os.path.exists(path))
        self.assertEqual(self.zfs.calls("zpool", "create"), [])

    def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_made(self) -> None:
        with mock.patch.object(throwaway_pool, "free_bytes", lambda _scratch: 1 << 20):
            self.assert_fails("must stay free", "local-full", sizeBytes=1 << 40)
        self.assertEqual(self.zfs.calls("zpool", "create"), [])

    def test_a_disk_that_gets_full_stops_the_receive_in_time(self) -> None:
        free = iter([1 << 40, 1 << 40, 1 << 40])
        with mock.patch.object(throwaway_pool, "free_bytes", lambda _scratch: next(free, 1 << 20)):
            self.send(STREAM)
            self.assert_fails("must stay free", "local-full", sizeBytes=1 << 40)

    def test_a_file_that_can_grow_to_its_full_size_needs_no_reserve(self) -> None:
        with mock.patch.object(throwaway_pool, "free_bytes", lambda _scratch: 65 << 20):
            with mock.patch.object(throwaway_pool, "reserve_bytes", lambda: 33 << 20):
                self.send(STREAM)
                self.assertEqual(self.receive()["streams"][0]["streamBytes"], len(STREAM))

    def test_sigterm_in_the_middle_destroys_what_was_made(self) -> None:
        stopping = Stopping()
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        stopping.listen()
        self.addCleanup(signal.signal, signal.SIGTERM, before[0])
        self.addCleanup(signal.signal, signal.SIGINT, before[1])
        self.send(STREAM, pause=3)
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with self.assertRaises(Interrupted):
            self.receive(stopping)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
