from __future__ import annotations

import contextlib
import json
import os
import tempfile
import unittest
from typing import Any

from haven_a.problem import Problem
from haven_a.request import FIELDS, check_request, read_request
from haven_a.secrets import read_secrets
from haven_a.settings import read_settings, seconds_of

EXAMPLES = os.environ.get("HAVEN_CONTRACT_EXAMPLES", os.path.join(os.path.dirname(__file__), "../../contract/examples"))
SOURCE = {"id": "data", "dataset": "tank/my data", "snapshot": "haven-1", "guid": "12345678901234567890"}
AUTH = {"version": 1, "url": "http://swift/auth/v1.0"}


def request(**changes: Any) -> dict[str, Any]:
    return {"contract": "1.0", "verb": "backup", "run": "r-1", "sources": [SOURCE], "kind": "auto", "settings": {}, **changes}


class RequestTest(unittest.TestCase):
    def test_the_contracts_requests_are_understood(self) -> None:
        check_request(request(), "backup")
        check_request({"contract": "1.0", "verb": "prune", "run": "r", "settings": {}, "proven": [], "plan": {"digest": "ab" * 32, "goes": 1}}, "prune")

    def test_the_contracts_own_examples_are_judged_as_it_judges_them(self) -> None:
        judged = 0
        for kind in ("valid", "invalid"):
            for name in sorted(os.listdir(f"{EXAMPLES}/{kind}")) if os.path.isdir(EXAMPLES) else []:
                with open(f"{EXAMPLES}/{kind}/{name}", encoding="utf-8") as file:
                    example = json.load(file)
                if not name.startswith("request.") or example.get("verb") not in FIELDS:
                    continue
                judged += 1
                with self.subTest(name), contextlib.nullcontext() if kind == "valid" else self.assertRaises(Problem):
                    check_request(example, example["verb"])
        self.assertGreater(judged, 8)

    def test_what_is_wrong_is_a_bad_request_that_names_it(self) -> None:
        wrong: dict[str, Any] = {
            "sources": [[], "data", [{**SOURCE, "guid": "x"}], [{**SOURCE, "id": "../x"}], [{**SOURCE, "dataset": "-o"}], [{**SOURCE, "more": 1}], [SOURCE, SOURCE]],
            "kind": ["incremental", None, []],
            "settings": [None, []],
            "run": ["", "../x", 1],
        }
        for name, values in wrong.items():
            for value in values:
                with self.subTest(name=name, value=value), self.assertRaises(Problem) as raised:
                    check_request(request(**{name: value}), "backup")
                self.assertEqual(raised.exception.exit_code, 3)
                self.assertIn(name, raised.exception.message)

    def test_a_file_that_is_no_request_is_a_bad_request(self) -> None:
        folder = tempfile.mkdtemp()
        for n, text in enumerate([b"", b"{", b"[]", b"\xff", b"[" * 100_000, json.dumps(request(colour=1)).encode()]):
            with open(f"{folder}/{n}", "wb") as file:
                file.write(text)
            with self.subTest(text=text[:20]), self.assertRaises(Problem) as raised:
                read_request(f"{folder}/{n}", "backup")
            self.assertEqual(raised.exception.exit_code, 3)
        with self.assertRaises(Problem):
            read_request(f"{folder}/none", "backup")


class SettingsTest(unittest.TestCase):
    def test_what_is_not_said_has_a_default(self) -> None:
        found = read_settings({"auth": AUTH})

        self.assertEqual((found.container, found.full_every, found.volume_mib, found.allow_shrink), ("haven", "90d", 200, False))
        self.assertEqual(seconds_of(found.keep_within), 31557600)

    def test_each_wrong_field_is_named(self) -> None:
        with self.assertRaises(Problem) as raised:
            read_settings({"colour": 1, "container": "a/b", "fullEvery": "90", "chainLength": 121, "volumeMiB": True, "keepWithin": "0d", "keepChains": 0, "allowShrink": 1, "compression": "xz", "hashContents": None})

        message = raised.exception.message
        for name in ("colour", "container", "fullEvery", "chainLength", "volumeMiB", "keepWithin", "keepChains", "allowShrink", "compression", "hashContents", "auth"):
            self.assertIn(f"{name}:", message)
        self.assertEqual(raised.exception.exit_code, 3)


class SecretsTest(unittest.TestCase):
    def folder(self, passphrase: bytes, swift: bytes) -> str:
        folder = tempfile.mkdtemp()
        for name, content in (("passphrase", passphrase), ("swift.json", swift)):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        return folder

    def test_the_passphrase_is_the_first_line(self) -> None:
        for text in (b"word", b"word\n", b"word\r\nmore"):
            self.assertEqual(read_secrets(self.folder(text, b"{}")).passphrase, b"word")

    def test_a_secret_is_in_no_representation(self) -> None:
        found = read_secrets(self.folder(b"hunter2", b'{"password": "hunter2"}'))

        self.assertNotIn("hunter2", repr(found))

    def test_missing_empty_and_broken_secrets_are_bad_requests_that_name_them(self) -> None:
        for passphrase, swift, name in ((b"", b"{}", "passphrase"), (b"\nword", b"{}", "passphrase"), (b"w", b"", "swift.json"), (b"w", b"[]", "swift.json"), (b"w" * 70000, b"{}", "passphrase")):
            with self.subTest(swift=swift), self.assertRaises(Problem) as raised:
                read_secrets(self.folder(passphrase, swift))
            self.assertEqual(raised.exception.exit_code, 3)
            self.assertIn(name, raised.exception.message)
        with self.assertRaises(Problem):
            read_secrets(tempfile.mkdtemp())
