"""`look` with a program in the place of the kit's own: what it is given, what it counts, and what it does not believe."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from typing import Any

from haven_drill.events import Events
from haven_drill.look import look
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping

OLD = "\t".join(["aa" * 16, "full", "2026-11-20T08:00:00Z", "home", "500"])
NEW = "\t".join(["bb" * 16, "incremental", "2026-11-26T08:00:00.250Z", "secret-name", "70"])
FILES = {"a": ("attributes.py", "store.json", "passphrase", "swift.json"), "b": ("store.json", "passphrase", "google-oauth.json")}


class LookTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.places = Places(kit=f"{self.folder}/kit", work=f"{self.folder}/work")
        os.mkdir(self.places.kit)
        os.mkdir(self.places.work)

    def kit(self, strategy: str, program: str) -> None:
        for name, text in ((f"restore-{strategy}.sh", program), *((name, "") for name in FILES[strategy])):
            with open(f"{self.places.kit}/{name}", "w", encoding="utf-8") as file:
                file.write(text)

    def lists(self, *lines: str, strategy: str = "b") -> None:
        self.kit(strategy, "".join(f"printf '%s\\n' '{line}'\n" for line in lines))

    def look(self, strategy: str = "b") -> dict[str, Any]:
        self.events: list[bytes] = []
        looked: dict[str, Any] = look({"strategy": strategy}, Events(self.events.append), Stopping(), self.places)["looked"]
        return looked

    def fails(self, code: str, words: str) -> Problem:
        with self.assertRaises(Problem) as caught:
            self.look()
        self.assertEqual(caught.exception.code, code)
        self.assertIn(words, caught.exception.message)
        return caught.exception

    def test_it_counts_the_backups_and_says_how_old_the_newest_is_but_names_none(self) -> None:
        for strategy in ("a", "b"):
            self.lists(NEW, OLD, strategy=strategy)

            looked = self.look(strategy)

            self.assertEqual((looked["backups"], looked["newestAt"]), (2, "2026-11-26T08:00:00.250Z"))
            self.assertNotIn("secret-name", json.dumps(looked))

    def test_an_empty_store_is_an_open_store(self) -> None:
        self.kit("b", "echo 'There is no backup' >&2")

        looked = self.look()

        self.assertEqual((looked["backups"], looked["newestAt"]), (0, None))

    def test_the_program_is_asked_for_its_list_and_for_nothing_else(self) -> None:
        self.kit("b", f'printf "%s\\n" "$@" "$TMPDIR" "$HAVEN_SOP" > {self.folder}/given')

        self.look()

        with open(f"{self.folder}/given", encoding="utf-8") as file:
            self.assertEqual(file.read().split(), ["list", self.places.work, "gosop"])

    def test_its_exit_code_and_its_words_become_the_problem(self) -> None:
        for code, name in ((3, "bad-request"), (11, "try-later"), (22, "credentials-revoked"), (23, "local-full"), (30, "damaged"), (9, "failed")):
            self.kit("b", f"printf '%s\\n' 'ERROR: no luck' 'WHAT TO DO: wait' >&2\nexit {code}")

            self.assertEqual(self.fails(name, "no luck").hint, "wait")

    def test_what_is_no_list_is_not_counted(self) -> None:
        self.lists(NEW, "hello")

        self.fails("failed", "no backup")

    def test_an_incomplete_kit_is_refused(self) -> None:
        self.lists(NEW)
        os.unlink(f"{self.places.kit}/google-oauth.json")

        self.fails("bad-request", "google-oauth.json")
