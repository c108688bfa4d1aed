"""`fetch` of strategy A with a program in the place of restore-a.sh: what it is given, what is believed of what it says, and what is not."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from typing import Any

from haven_drill.events import Events
from haven_drill.fetch import fetch
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping

FULL, NEXT = "aa" * 16, "bb" * 16
RESTORED = {"entries": 7, "files": 5, "bytes": 100, "problems": {}}


def link(backup: str, **change: Any) -> dict[str, Any]:
    kind = {"kind": "full", "base": None} if backup == FULL else {"kind": "incremental", "base": FULL}
    return {"backup": backup, "chain": FULL, **kind, "guid": "99", "createdAt": "2026-11-26T08:00:00Z", "volumes": 3, "bytes": 500, **change}


class FetchTreeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.places = Places(kit=f"{self.folder}/kit", work=f"{self.folder}/work", restored=f"{self.folder}/restored")
        for path in (self.places.kit, self.places.work, self.places.restored):
            os.mkdir(path)
        for name in ("attributes.py", "store.json", "passphrase", "swift.json"):
            self.kit(name, "")

    def kit(self, name: str, text: str) -> None:
        with open(f"{self.places.kit}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def says(self, *lines: str, code: int = 0) -> None:
        self.kit("restore-a.sh", "".join(f"printf '%s\\n' '{line}' >&2\n" for line in lines) + f"exit {code}\n")

    def good(self, *links: dict[str, Any]) -> list[str]:
        told = ["data: volume 1 of 3: good", "contents: each file has the hash that was recorded", f"restored: {json.dumps(RESTORED)}"]
        return [*(f"manifest: {json.dumps(each)}" for each in links), *told]

    def fetch(self, *backups: str) -> dict[str, Any]:
        self.events: list[bytes] = []
        fetched: dict[str, Any] = fetch({"strategy": "a", "backups": list(backups)}, Events(self.events.append), Stopping(), self.places)["fetched"]
        return fetched

    def fails(self, code: str, words: str, *backups: str) -> Problem:
        with self.assertRaises(Problem) as caught:
            self.fetch(*backups or (NEXT,))
        self.assertEqual(caught.exception.code, code)
        self.assertIn(words, caught.exception.message)
        return caught.exception

    def test_it_tells_of_each_backup_of_the_chain_and_of_what_was_restored(self) -> None:
        self.says(*self.good(link(FULL), link(NEXT, guid="100")))

        fetched = self.fetch(NEXT)

        self.assertEqual([each["id"] for each in fetched["backups"]], [FULL, NEXT])
        self.assertEqual(fetched["backups"][1]["guid"], "100")
        self.assertEqual(fetched["backups"][0]["volumes"], 3)
        self.assertEqual(fetched["restored"]["files"], 5)
        self.assertIn(b'"done":1,"total":3,"unit":"parts"', b"".join(self.events))
        self.assertNotIn(b"restore-program", b"".join(self.events), "nothing to be warned of")

    def test_the_program_gets_the_backup_the_folder_and_silence(self) -> None:
        self.kit("restore-a.sh", f'printf "%s\\n" "$@" "$TMPDIR" "$HAVEN_QUIET" "$HAVEN_NAMES" > {self.folder}/given\nexit 11')

        self.fails("try-later", "exit code 11")

        with open(f"{self.folder}/given", encoding="utf-8") as file:
            given = file.read().split()
        self.assertEqual(given, ["restore", NEXT, self.places.restored, self.places.work, "yes", f"{self.places.work}/problems"])

    def test_its_exit_code_and_its_words_become_the_problem(self) -> None:
        for code, name in ((3, "bad-request"), (11, "try-later"), (22, "credentials-revoked"), (23, "local-full"), (30, "damaged"), (1, "failed"), (9, "failed")):
            self.says(*self.good(link(FULL), link(NEXT)), "ERROR: it broke", "WHAT TO DO: mend it", code=code)
            self.assertEqual(self.fails(name, "it broke").hint, "mend it")

    def test_exit_0_is_not_enough(self) -> None:
        nothing = json.dumps({**RESTORED, "entries": 1})
        lost = json.dumps({**RESTORED, "problems": {"missing": 1}})
        full = f"manifest: {json.dumps(link(FULL))}"
        for lines, code in (
            ([], "failed"),
            ([full], "failed"),
            ([f"restored: {json.dumps(RESTORED)}"], "failed"),
            ([full, f"restored: {nothing}"], "damaged"),
            ([full, f"restored: {lost}"], "damaged"),
        ):
            self.says(*lines)
            self.fails(code, "restore", FULL)

    def test_another_backup_than_the_one_asked_for_is_damage(self) -> None:
        self.says(*self.good(link(FULL)))
        self.fails("damaged", "another backup", NEXT)

    def test_a_chain_that_does_not_hold_together_is_damage(self) -> None:
        for links in (
            [link(NEXT)],
            [link(FULL, base=NEXT), link(NEXT)],
            [link(FULL), link(NEXT, base=NEXT)],
            [link(FULL), link(NEXT, kind="full")],
            [link(FULL), link(NEXT, chain=NEXT)],
        ):
            self.says(*self.good(*links))
            self.fails("damaged", "chain is broken")

    def test_a_kit_that_is_not_whole_is_refused(self) -> None:
        self.says()
        for name in ("swift.json", "attributes.py", "restore-a.sh"):
            self.kit(name, "")
            os.unlink(f"{self.places.kit}/{name}")
            self.fails("bad-request", name)
            self.kit(name, "")


if __name__ == "__main__":
    unittest.main()
