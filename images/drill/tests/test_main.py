"""A run as a process: one result as the last line, nothing else on stdout, and no name of a file anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any

WRAPPER = """
import sys
from haven_drill import __main__ as program
from haven_drill.places import Places
folder = sys.argv.pop(1)
program.Places = lambda: Places(**{name: f"{folder}/{name}" for name in ("request", "kit", "pipe", "work", "out", "restored", "source")})
if "--crash" in sys.argv:
    sys.argv.remove("--crash")
    import haven_drill.verify
    def crash(places):
        print("a stray print")
        open("/nowhere/secret-name")
    haven_drill.verify.refuse_same_tree = crash
program.main()
"""


class MainTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="haven-drill-", dir="/var/tmp")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        for name in ("kit", "pipe", "work", "out", "restored", "source"):
            os.mkdir(os.path.join(self.folder, name))

    def request(self, **fields: Any) -> None:
        with open(os.path.join(self.folder, "request"), "w", encoding="utf-8") as file:
            json.dump({"contract": "1.0", "run": "r1", **fields}, file)

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", WRAPPER, self.folder, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def ended(self, process: subprocess.Popen[bytes]) -> tuple[int, list[dict[str, Any]], str]:
        out, err = process.communicate(timeout=60)
        return process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()

    def test_a_crash_is_a_failed_result_without_the_name_that_it_choked_on(self) -> None:
        self.request(verb="verify", compare="filesystem")

        code, events, said = self.ended(self.start("verify", "--crash"))

        self.assertEqual(code, 1)
        self.assertEqual([event["event"] for event in events], ["started", "result"])
        self.assertEqual(events[-1]["outcome"], "failed")
        self.assertIn("FileNotFoundError", events[-1]["error"]["message"])
        self.assertNotIn("secret-name", json.dumps(events))
        self.assertIn("a stray print", said)

    def test_a_green_verify_exits_0(self) -> None:
        self.request(verb="verify", compare="filesystem")
        for tree in ("source", "restored"):
            path = os.path.join(self.folder, tree)
            with open(os.path.join(path, "a"), "wb") as file:
                file.write(b"same")
            os.utime(os.path.join(path, "a"), ns=(0, 5))
            os.utime(path, ns=(0, 5))

        code, events, said = self.ended(self.start("verify"))

        self.assertEqual((code, said), (0, ""))
        self.assertEqual(events[-1]["outcome"], "ok")

    def test_sigterm_while_waiting_for_the_other_half_is_143(self) -> None:
        self.request(verb="fetch", strategy="b", backups=["0f" * 16])
        for name in ("restore-b.sh", "store.json", "passphrase", "google-oauth.json"):
            with open(os.path.join(self.folder, "kit", name), "wb"):
                pass
        process = self.start("fetch")
        while not os.path.exists(os.path.join(self.folder, "pipe/stream-000")):
            time.sleep(0.05)

        process.send_signal(signal.SIGTERM)
        code, events, _said = self.ended(process)

        self.assertEqual((code, events[-1]["outcome"], events[-1]["error"]["code"]), (143, "interrupted", "interrupted"))

    def test_an_incomplete_kit_is_a_bad_request_that_names_the_file(self) -> None:
        self.request(verb="fetch", strategy="b", backups=["0f" * 16])

        code, events, _said = self.ended(self.start("fetch"))

        self.assertEqual((code, events[-1]["error"]["code"]), (3, "bad-request"))
        self.assertIn("restore-b.sh", events[-1]["error"]["message"])


if __name__ == "__main__":
    unittest.main()
