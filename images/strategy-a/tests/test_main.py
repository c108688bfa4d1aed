from __future__ import annotations

import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_a import __main__ as main
from haven_a import VERBS
from haven_a.places import Places
from haven_a.problem import EXIT_CODES, Interrupted, Problem, foreseen
from haven_a.stopping import Stopping
from tests.samples import Told


class MainTest(unittest.TestCase):
    def run_it(self, *arguments: str, raises: BaseException | None = None) -> tuple[int, dict[str, Any]]:
        told = Told()
        patch = mock.patch.object(main, "perform", side_effect=raises or main.perform)
        with patch, mock.patch("sys.stderr"):
            code = main.run([*arguments], told.events, Stopping(), Places(root=tempfile.mkdtemp(), request="/none"))
        self.assertEqual([line["event"] for line in told.lines], ["result"], "one result, and it is the last line")
        return code, told.lines[-1]

    def test_version_needs_nothing(self) -> None:
        code, result = self.run_it("version")

        self.assertEqual((code, result["version"]["strategy"], result["version"]["verbs"]), (0, "a", list(VERBS)))

    def test_anything_but_one_known_verb_is_a_bad_request(self) -> None:
        for arguments in ((), ("sing",), ("version", "version")):
            code, result = self.run_it(*arguments)
            self.assertEqual((code, result["error"]["code"]), (3, "bad-request"))

    def test_each_code_of_the_contract_is_its_exit_status(self) -> None:
        for name, status in EXIT_CODES.items():
            code, result = self.run_it("list", raises=Problem(name, "x", "y", fields={"count": 3}))
            outcome = name if name in ("partial", "interrupted") else "failed"
            self.assertEqual((code, result["outcome"], result["count"]), (status, outcome, 3))

    def test_sigterm_is_interrupted_and_a_crash_tells_no_name(self) -> None:
        self.assertEqual(self.run_it("list", raises=Interrupted())[0], 143)
        code, result = self.run_it("list", raises=FileNotFoundError(2, "No such file", "/secret/name"))
        self.assertEqual(code, 1)
        self.assertNotIn("secret", str(result))

    def test_a_full_disk_anywhere_is_exit_23(self) -> None:
        self.assertEqual(foreseen(OSError(28, "No space left on device"), "x").exit_code, 23)
