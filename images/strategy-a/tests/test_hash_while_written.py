from __future__ import annotations

import hashlib
import os
import tempfile
import time
import unittest
from typing import Any
from unittest import mock

from haven_a.hash_while_written import HashWhileWritten

PIECES = [os.urandom(300_000) for _ in range(9)]
ALL = b"".join(PIECES)


def expected(data: bytes) -> tuple[dict[str, str], int]:
    return {name: hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256")}, len(data)


class HashWhileWrittenTest(unittest.TestCase):
    def setUp(self) -> None:
        self.path = f"{tempfile.mkdtemp()}/volume"
        self.hashes = HashWhileWritten()

    def write(self, pieces: list[bytes], pause: float = 0.02) -> None:
        def slowly(blocks: list[bytes], path: str, _size: int) -> None:
            time.sleep(pause)
            with open(path, "wb", buffering=0) as file:
                for piece in blocks:
                    file.write(piece)
                    time.sleep(pause)

        self.hashes.around(slowly)(pieces, self.path, 5)

    def test_what_grows_slowly_is_hashed_whole_and_never_read_again(self) -> None:
        self.write(PIECES)

        with mock.patch("haven_a.hash_while_written.digests_of", side_effect=AssertionError("read again")):
            self.assertEqual(self.hashes.digests_of(self.path), expected(ALL))

    def test_what_is_written_at_once_is_hashed_whole(self) -> None:
        for pieces in ([ALL], [b""], []):
            with self.subTest(len(b"".join(pieces))):
                self.write(pieces, 0)
                self.assertEqual(self.hashes.digests_of(self.path), expected(b"".join(pieces)))

    def test_what_has_another_size_since_then_is_read(self) -> None:
        self.write(PIECES)
        with open(self.path, "ab") as file:
            file.write(b"more")

        self.assertEqual(self.hashes.digests_of(self.path), expected(ALL + b"more"))

    def test_what_it_did_not_see_written_is_read(self) -> None:
        with open(self.path, "wb") as file:
            file.write(ALL)

        self.assertEqual(self.hashes.digests_of(self.path), expected(ALL))

    def test_digests_are_good_for_one_time(self) -> None:
        self.write(PIECES)
        self.hashes.digests_of(self.path)
        with open(self.path, "r+b") as file:
            file.write(b"other")

        self.assertEqual(self.hashes.digests_of(self.path), expected(b"other" + ALL[5:]))

    def test_the_answer_and_the_failure_of_what_it_wraps_are_passed_on(self) -> None:
        def refuses(_blocks: Any, _path: str) -> bool:
            raise ValueError("no")

        self.assertEqual(self.hashes.around(lambda blocks, path, size=1: (blocks, size))([1], self.path, size=7), ([1], 7))
        with self.assertRaisesRegex(ValueError, "no"):
            self.hashes.around(refuses)([], self.path)
        with self.assertRaises(FileNotFoundError):
            self.hashes.digests_of(self.path)
