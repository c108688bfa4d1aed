"""`parse` with a fake zstream that reads everything and then says what the real one said, word for word, of a stream like this."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_drill import receive as receive_module
from haven_drill.events import Events
from haven_drill.parse import parse
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from tests.fake_zfs import send_streams

STREAM = os.urandom(171_408)
WORDS = """BEGIN record
\thdrtype = 1
\tfeatures = 430004
\tmagic = 2f5bacbac
\tcreation_time = 6b0927be
\ttype = 2
\tflags = 0xc
\ttoguid = 361ba6fd65d7ff3a
\tfromguid = {base}
\ttoname = tank/my secret data@haven-1
\tpayloadlen = 0
END checksum = 1f9765351aa6/f3e82aaa3d6a1f9/9030808824a30941/df88987be60a24e3
SUMMARY:
\tTotal DRR_BEGIN records = {begins} (0 bytes)
\tTotal DRR_END records = {ends} (0 bytes)
\tTotal DRR_OBJECT records = 15 (1840 bytes)
\tTotal DRR_WRITE records = 13 (150528 bytes)
\tTotal records = 60
\tTotal payload size = 152688 (0x25470)
\tTotal header overhead = 18720 (0x4920)
\tTotal stream length = {length} (0x29d90)
"""
GOOD: dict[str, Any] = {"base": "0", "begins": 1, "ends": 1, "length": len(STREAM)}


class ParseTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.enterContext(mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"}))
        self.places = Places(pipe=self.folder)
        self.events: list[bytes] = []

    def zstream(self, words: str, before: str = "cat > /dev/null", code: int = 0) -> None:
        path = os.path.join(self.folder, "zstream")
        with open(os.path.join(self.folder, "words"), "w", encoding="utf-8") as file:
            file.write(words)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\n[ "$*" = dump ] || exit 9\n{before}\ncat "{self.folder}/words"\nexit {code}\n')
        os.chmod(path, 0o755)

    def parse(self, *chain: bytes) -> dict[str, Any]:
        send_streams(self, self.places, chain)
        request = {"contract": "1.0", "verb": "parse", "run": "r1", "streams": len(chain)}
        parsed: dict[str, Any] = parse(request, Events(self.events.append), Stopping(), self.places)["parsed"]
        return parsed

    def assert_wrong(self, reason: str, code: str = "damaged") -> None:
        with self.assertRaises(Problem) as caught:
            self.parse(STREAM)
        self.assertIn(reason, caught.exception.message)
        self.assertEqual(caught.exception.code, code)
        self.assertNotIn("secret", caught.exception.message + caught.exception.hint)

    def test_tells_of_each_stream_what_it_is_and_what_came(self) -> None:
        self.zstream(WORDS.format(**GOOD | {"base": "e50def86ea24266a"}))

        parsed = self.parse(STREAM, STREAM)

        guid, base = "3898893509684887354", "16505111572115629674"
        expected = {"guid": guid, "baseGuid": base, "records": 60, "streamBytes": len(STREAM), "streamSha256": hashlib.sha256(STREAM).hexdigest()}
        self.assertEqual(parsed["streams"], [expected, expected])
        self.assertEqual(parsed["guid"], guid)
        self.assertNotIn(b"secret", b"".join(self.events))

    def test_a_full_has_no_base(self) -> None:
        self.zstream(WORDS.format(**GOOD))
        self.assertIsNone(self.parse(STREAM)["streams"][0]["baseGuid"])

    def test_what_is_no_stream_is_damage(self) -> None:
        self.zstream(WORDS.format(**GOOD | {"begins": 0, "ends": 0}))
        self.assert_wrong("stream 1 of the chain is no whole zfs send stream: it has 0 beginnings")

    def test_a_stream_without_its_end_is_damage(self) -> None:
        self.zstream(WORDS.format(**GOOD | {"ends": 0}))
        self.assert_wrong("without its end")

    def test_two_streams_in_one_are_damage(self) -> None:
        self.zstream(WORDS.format(**GOOD | {"begins": 2}))
        self.assert_wrong("2 beginnings")

    def test_what_is_left_over_behind_the_end_is_damage(self) -> None:
        self.zstream(WORDS.format(**GOOD | {"length": len(STREAM) - 1}))
        self.assert_wrong(f"{len(STREAM)} bytes came, and its records make {len(STREAM) - 1}")

    def test_a_wrong_checksum_is_damage_though_it_ends_with_0_and_reads_no_further(self) -> None:
        said = WORDS.format(**GOOD).replace("SUMMARY:", "Incorrect checksum in record header.\nSUMMARY:")
        self.zstream(said, before="head -c 1000 > /dev/null")
        self.assert_wrong("a checksum in it is not that of its records")

    def test_a_zstream_that_dies_is_damage(self) -> None:
        self.zstream(WORDS.format(**GOOD), code=7)
        self.assert_wrong("exit code 7")

    def test_words_that_say_nothing_prove_nothing(self) -> None:
        self.zstream("")
        self.assert_wrong("0 beginnings")

    def test_no_byte_at_all_is_the_other_halfs_failure(self) -> None:
        self.zstream("")
        with self.assertRaises(Problem) as caught:
            self.parse(b"")
        self.assertEqual((caught.exception.code, "without sending a byte" in caught.exception.message), ("failed", True))

    def test_a_chain_that_ends_too_soon_fails(self) -> None:
        self.zstream(WORDS.format(**GOOD))
        with mock.patch.object(receive_module, "FIFO_SECONDS", 0.5), self.assertRaises(Problem) as caught:
            send_streams(self, self.places, [STREAM])
            parse({"streams": 2}, Events(self.events.append), Stopping(), self.places)
        self.assertIn("no pipe for stream 2", caught.exception.message)
