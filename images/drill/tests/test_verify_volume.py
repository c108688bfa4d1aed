"""`verify-volume` with a fake zfs that sends made-up streams: what it calls equal, what it calls different, and what it refuses to judge."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.verify_volume import verify_volume

POOL = "haven-drill-0123abcd"
SOURCE = "tank/my vm@haven-1"
RESTORED = f"{POOL}/restored@drill-001"
GUID = 12345678901234567890
BLOCK = 8192
SIZE = 3 << 20

ZFS = """#!{python}
import json, sys
state = json.load(open({state!r}))
verb, last = sys.argv[1], sys.argv[-1]
if verb == "version":
    print("zfs-2.3.9-1\\nzfs-kmod-2.3.9-1")
elif verb == "get":
    print(state[last][sys.argv[-2]])
else:
    sys.stdout.buffer.write(open(state[last]["stream"], "rb").read())
    sys.stderr.write(state[last].get("said", ""))
    sys.exit(state[last].get("code", 0))
"""


def record(kind: int, fields: bytes, payload: bytes = b"", length: int = 0) -> bytes:
    return struct.pack("=II", kind, length) + fields.ljust(304, b"\0") + payload


def begin(guid: int = GUID, kind: int = 3, base: int = 0, magic: int = 0x2F5BACBAC) -> bytes:
    return record(0, struct.pack("=QQQIIQQ", magic, 17, 0, kind, 0, guid, base) + b"tank/secret name")


def write(offset: int, data: bytes, number: int = 1, compression: int = 0) -> bytes:
    return record(3, struct.pack("=QIIQQQBBB", number, 23, 0, offset, len(data), GUID, 0, 0, compression), data)


def free(offset: int, length: int, number: int = 1) -> bytes:
    return record(4, struct.pack("=QQQQ", number, offset, length, GUID))


def an_object(number: int, bonus: bytes = b"") -> bytes:
    return record(1, struct.pack("=QIIIIBBBBI", number, 23, 0, BLOCK, len(bonus), 0, 0, 1, 0, 0), bonus.ljust(-(-len(bonus) // 8) * 8, b"\0"))


END = record(5, b"")
DATA = [os.urandom(BLOCK) for _ in range(4)]


def stream(*blocks: tuple[int, bytes], extra: bytes = b"") -> bytes:
    whole = begin() + an_object(2, b"zap bonus") + write(0, b"size" * 128, number=2) + free(2, 1 << 60, number=2) + an_object(1)
    whole += b"".join(write(offset, data) for offset, data in blocks) + extra
    last = max((offset + len(data) for offset, data in blocks), default=0)
    return whole + free(last, (1 << 64) - 1) + record(2, b"") + END


GOOD = stream((0, DATA[0]), (BLOCK, DATA[1]), (1 << 20, DATA[2]), (SIZE - BLOCK, DATA[3]))
IMAGE = bytearray(SIZE)
for at, block in ((0, DATA[0]), (BLOCK, DATA[1]), (1 << 20, DATA[2]), (SIZE - BLOCK, DATA[3])):
    IMAGE[at : at + BLOCK] = block


class VerifyVolumeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.state: dict[str, dict[str, Any]] = {}
        for name, snapshot in (("source", SOURCE), ("restored", RESTORED)):
            self.state[snapshot] = {"stream": os.path.join(self.folder, name), "guid": GUID, "volsize": SIZE}
            self.sends(snapshot, GOOD)
        os.mkdir(os.path.join(self.folder, "bin"))
        zfs = os.path.join(self.folder, "bin", "zfs")
        with open(zfs, "w", encoding="utf-8") as file:
            file.write(ZFS.format(python=sys.executable, state=os.path.join(self.folder, "state.json")))
        os.chmod(zfs, stat.S_IRWXU)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]}))
        self.events: list[bytes] = []

    def sends(self, snapshot: str, data: bytes) -> None:
        with open(self.state[snapshot]["stream"], "wb") as file:
            file.write(data)

    def verify(self) -> dict[str, Any]:
        with open(os.path.join(self.folder, "state.json"), "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        source = {"dataset": "tank/my vm", "snapshot": "haven-1", "guid": str(GUID)}
        request = {"pool": POOL, "restored": "drill-001", "source": source, "run": "r1"}
        compared: dict[str, Any] = verify_volume(request, Events(self.events.append), Stopping(), Places())["comparison"]
        return compared

    def assert_red(self, reason: str, code: str = "damaged") -> Problem:
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertEqual(caught.exception.code, code)
        self.assertIn(reason, caught.exception.message)
        self.assertNotIn("my vm", str(caught.exception.as_error()) + repr(self.events))
        return caught.exception

    def test_the_same_bytes_are_equal_and_their_hash_is_that_of_the_volume(self) -> None:
        compared = self.verify()

        self.assertEqual((compared["bytes"], compared["mismatches"], compared["byType"]), (SIZE, 0, {"volume": 1}))
        digest = hashlib.sha256(IMAGE).hexdigest()
        self.assertEqual(compared["sha256"], {"source": digest, "restored": digest})

    def test_zeros_that_were_written_equal_zeros_that_were_not(self) -> None:
        blocks = [(0, DATA[0]), (BLOCK, DATA[1]), (2 * BLOCK, bytes(BLOCK)), (1 << 20, DATA[2]), (SIZE - BLOCK, DATA[3])]
        self.sends(RESTORED, stream(*blocks))

        self.assertEqual(self.verify()["mismatches"], 0)

    def test_blocks_of_another_size_with_the_same_bytes_are_equal(self) -> None:
        self.sends(RESTORED, stream((0, DATA[0] + DATA[1]), (1 << 20, DATA[2]), (SIZE - BLOCK, DATA[3])))

        self.assertEqual(self.verify()["mismatches"], 0)

    def test_one_flipped_bit_is_found_wherever_it_is(self) -> None:
        for at in (0, BLOCK + 4096, (1 << 20) + 1, SIZE - 1, 2 << 20):
            with self.subTest(at=at):
                image = bytearray(IMAGE)
                image[at] ^= 1
                self.sends(RESTORED, stream(*((n, bytes(image[n : n + BLOCK])) for n in range(0, SIZE, BLOCK))))

                problem = self.assert_red("differs from the source in 1 blocks")

                self.assertEqual(problem.fields["comparison"]["firstMismatchAt"], at // 4096 * 4096)

    def test_a_block_that_was_lost_is_found(self) -> None:
        for snapshot in (SOURCE, RESTORED):
            with self.subTest(snapshot=snapshot):
                self.setUp()
                self.sends(snapshot, stream((0, DATA[0]), (BLOCK, DATA[1]), (SIZE - BLOCK, DATA[3])))
                self.assert_red("2 blocks of 4096 bytes, first at byte 1048576")

    def test_swapped_blocks_are_found(self) -> None:
        self.sends(RESTORED, stream((0, DATA[1]), (BLOCK, DATA[0]), (1 << 20, DATA[2]), (SIZE - BLOCK, DATA[3])))
        self.assert_red("4 blocks")

    def test_another_size_is_red(self) -> None:
        self.state[RESTORED]["volsize"] = SIZE * 2
        self.assert_red("6291456 bytes")

    def test_a_volume_of_nothing_but_zeros_is_nothing_compared(self) -> None:
        for snapshot in (SOURCE, RESTORED):
            self.sends(snapshot, stream((BLOCK, bytes(BLOCK))))
        self.assert_red("nothing was compared")

    def test_another_snapshot_is_not_compared(self) -> None:
        self.state[RESTORED]["guid"] = 7
        self.assert_red("has GUID 7")

    def test_what_is_no_plain_full_stream_of_this_volume_is_not_judged(self) -> None:
        tail = GOOD[len(begin()) :]
        cases: list[tuple[bytes, str]] = [
            (b"", "breaks off"),
            (GOOD[: len(GOOD) // 2], "breaks off"),
            (GOOD[:-1], "breaks off"),
            (GOOD + b"x", "goes on after its end"),
            (GOOD + GOOD, "goes on after its end"),
            (begin(guid=7) + tail, "of snapshot 7"),
            (begin(kind=2) + tail, "not the full stream of a volume"),
            (begin(base=7) + tail, "not the full stream of a volume"),
            (begin(magic=7) + tail, "does not begin like"),
            (stream((BLOCK, DATA[0]), (0, DATA[1])), "not in order"),
            (stream((0, DATA[0]), (0, DATA[1])), "not in order"),
            (stream((SIZE, DATA[0])), "not in order"),
            (stream((0, DATA[0]), extra=free(0, BLOCK)), "frees what it has written"),
            (stream((0, DATA[0]), extra=write(BLOCK, DATA[1], compression=15)), "compressed"),
            (stream((0, DATA[0]), extra=record(8, b"")), "records of kind 8"),
            (stream((0, DATA[0]), extra=record(10, b"")), "records of kind 10"),
            (stream((0, DATA[0]), extra=struct.pack("=II", 3, 0) + b"\xff" * 304), "compressed or oversized"),
        ]
        for data, reason in cases:
            for snapshot in (SOURCE, RESTORED):
                with self.subTest(reason=reason, snapshot=snapshot, length=len(data)):
                    self.sends(SOURCE, GOOD)
                    self.sends(RESTORED, GOOD)
                    self.sends(snapshot, data)
                    self.assert_red(reason)

    def test_a_zfs_send_that_fails_says_why_without_names(self) -> None:
        for change in (lambda: None, lambda: self.sends(SOURCE, GOOD[:5000])):
            with self.subTest():
                make: Callable[[], None] = change
                make()
                self.state[SOURCE].update(code=1, said="warning: cannot send 'tank/my vm@haven-1': permission denied\n")
                self.assert_red("permission denied", "failed")


if __name__ == "__main__":
    unittest.main()
