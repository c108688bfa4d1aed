"""Children that are slow, that end badly, and that do not end."""

from __future__ import annotations

import unittest

from haven_a.children import run_tool
from haven_a.problem import Problem


class RunToolTest(unittest.TestCase):
    def test_a_child_that_takes_longer_than_a_look_still_gets_all_of_its_input(self) -> None:
        # More than a pipe holds, and nothing of it is read before the first looks: gpg on a slow machine is like that.
        data = bytes(range(256)) * 1024
        waits = []

        finished = run_tool(["sh", "-c", "sleep 0.3; cat"], 30, data, on_wait=lambda: waits.append(1), poll_seconds=0.05)

        self.assertEqual((finished.code, finished.stdout), (0, data))
        self.assertGreater(len(waits), 1)

    def test_what_it_said_and_how_it_ended_is_told(self) -> None:
        finished = run_tool(["sh", "-c", "echo out; echo err >&2; exit 7"], 30)

        self.assertEqual((finished.code, finished.stdout, finished.stderr), (7, b"out\n", b"err\n"))

    def test_one_that_does_not_end_is_ended(self) -> None:
        with self.assertRaises(Problem) as caught:
            run_tool(["sleep", "60"], 0.2, poll_seconds=0.05)

        self.assertIn("did not end", caught.exception.message)

    def test_one_that_cannot_be_started_is_told(self) -> None:
        with self.assertRaises(Problem) as caught:
            run_tool(["/no/such/program"], 1)

        self.assertEqual(caught.exception.code, "failed")
