"""The runner of duplicity, on programs that end as duplicity can; what duplicity itself does is tested on the real one (test/strategy-a)."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from unittest import mock

from haven_a.duplicity import Job, run_duplicity
from haven_a.duplicity_log import LogReader, Record, sets_of, statistics
from haven_a.inside import CANNOT_RESUME, STORE_PROBLEM
from haven_a.problem import Interrupted, Problem
from tests.samples import MemoryStore, Told, context_of

PRELUDE = "import json, os, sys, time\nlog = int(sys.argv[sys.argv.index('--log-fd') + 1])\nspec = json.loads(os.read(int(sys.argv[1]), 1 << 20))\n"


class DuplicityTest(unittest.TestCase):
    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.context = context_of(self.root, MemoryStore(), Told())
        self.context.key.make_home = lambda: None  # type: ignore[method-assign]
        self.records: list[Record] = []
        patch = mock.patch("haven_a.duplicity.TICK", 0.2)
        patch.start()
        self.addCleanup(patch.stop)

    def run_it(self, code: str, stall_seconds: float = 60, on_tick: Callable[[], None] = lambda: None) -> int:
        job = Job("data", f"{self.root}/state/chains/data", f"{self.root}/receipts")
        ended = run_duplicity(["full"], job, self.context, self.records.append, on_tick, stall_seconds, (sys.executable, "-c", PRELUDE + code))
        return ended.code

    def test_its_log_comes_as_records_and_its_end_as_a_code(self) -> None:
        code = self.run_it("os.write(log, b'INFO 2 100\\n. Processed volume 1\\n\\nERROR 31 GPGError\\n. gpg: no\\n\\n'); sys.exit(31)")

        self.assertEqual(code, 31)
        self.assertEqual([(each.level, each.code, each.extra) for each in self.records], [("INFO", 2, "100"), ("ERROR", 31, "GPGError")])

    def test_it_gets_its_secrets_by_neither_argv_nor_environment(self) -> None:
        self.assertEqual(self.run_it("text = open('/proc/self/environ').read() + open('/proc/self/cmdline').read(); secret = 'hunter' + '2'; sys.exit(5 if secret in text or bytes.fromhex(spec['passphraseHex']).decode() != secret else 0)"), 0)

    def test_what_stalls_is_ended_and_is_exit_11(self) -> None:
        with self.assertRaises(Problem) as raised:
            self.run_it("os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '600'); open(os.environ['TMPDIR'] + '/pid', 'w').write(str(os.getpid())); time.sleep(600)", stall_seconds=1)

        self.assertEqual(raised.exception.exit_code, 11)
        with open(f"{self.context.places.temporary}/pid", encoding="ascii") as file:
            self.assertFalse(os.path.exists(f"/proc/{file.read()}"))

    def test_what_only_computes_does_not_stall(self) -> None:
        began = time.monotonic()
        self.assertEqual(self.run_it("end = time.monotonic() + 4\nwhile time.monotonic() < end: pass", stall_seconds=2), 0)
        self.assertGreater(time.monotonic() - began, 2)

    def test_what_the_store_was_to_blame_for_is_told_as_the_store_told_it(self) -> None:
        with self.assertRaises(Problem) as raised:
            self.run_it(f"open(spec['reportPath'], 'w').write(json.dumps(dict(code='store-full', operation='store object', message='full'))); sys.exit({STORE_PROBLEM})")

        self.assertEqual((raised.exception.exit_code, raised.exception.message), (21, "full"))

    def test_a_full_disk_is_exit_23_however_duplicity_says_it(self) -> None:
        for code in ("sys.exit(35)", "os.write(log, b'ERROR 30 OSError\\n. OSError: [Errno 28] No space left on device\\n\\n'); sys.exit(30)", f"sys.exit({STORE_PROBLEM})"):
            with self.subTest(code), self.assertRaises(Problem) as raised:
                self.run_it(code)
            self.assertEqual(raised.exception.exit_code, 23)

    def test_a_killed_one_is_no_success(self) -> None:
        self.assertEqual(self.run_it("os.kill(os.getpid(), 9)"), -9)
        self.assertEqual(self.run_it(f"sys.exit({CANNOT_RESUME})"), CANNOT_RESUME)

    def test_sigterm_ends_it_and_all_that_it_started(self) -> None:
        def pids() -> list[str]:
            try:
                with open(f"{self.context.places.temporary}/pids", encoding="ascii") as file:
                    return file.read().split()
            except FileNotFoundError:
                return []

        def interrupt() -> None:
            if len(pids()) == 2:
                raise Interrupted

        with self.assertRaises(Interrupted):
            self.run_it("child = os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '600'); open(os.environ['TMPDIR'] + '/pids', 'w').write(f'{os.getpid()} {child}'); time.sleep(600)", on_tick=interrupt)

        # A process that was killed is gone in a moment, not at once.
        deadline = time.monotonic() + 10
        while any(alive(pid) for pid in pids()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual([pid for pid in pids() if alive(pid)], [])


def alive(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class LogTest(unittest.TestCase):
    def test_records_are_put_together_whatever_pieces_they_come_in(self) -> None:
        text = b"NOTICE 1\n. one\n. . two\n\nINFO 4 'a file'\n. A a file\n\nnonsense\n. x\n\n"
        for size in (1, 7, len(text)):
            reader = LogReader()
            found = [record for at in range(0, len(text), size) for record in reader.feed(text[at : at + size])]
            self.assertEqual(found, [Record("NOTICE", 1, "", ["one", ". two"]), Record("INFO", 4, "'a file'", ["A a file"])])

    def test_statistics_and_sets_are_read(self) -> None:
        numbers = Record("NOTICE", 1, "", ["--------------[ Backup Statistics ]--------------", "SourceFiles 12", "SourceFileSize 5000 (4.9 KB)", "Errors 2"])
        status = Record("INFO", 3, "", ["backend haven://x", "archive-dir (())", "chain-complete", "full 20260101T120000Z 5 enc", "inc 20260102T120000Z 1 enc", "orphaned-sets-num 0"])

        self.assertEqual(statistics(numbers), {"SourceFiles": 12, "SourceFileSize": 5000, "Errors": 2})
        self.assertEqual(statistics(status), {})
        self.assertEqual(sets_of(status), {"20260101T120000Z": 5, "20260102T120000Z": 1})
