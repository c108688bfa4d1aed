"""`look`: opens a strategy's store with its half of the recovery kit alone, and says how many backups it finds there. It restores nothing.

Guarantees: the kit's own program is all that is used, so that what is looked at here is what a stranger would see; every manifest was downloaded and decrypted; no name
of a dataset leaves this process.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from typing import Any

from haven_drill import children
from haven_drill.events import Events
from haven_drill.fetch import SCRIPT_CODES, check_kit
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.version import PACKAGES, installed_packages

# Of thousands of manifests, each a request or two, on a bad line.
LONGEST_SECONDS = 3600.0
POLL_SECONDS = 5.0
LINE = re.compile(r"[0-9a-f]{8,64}\t(?:full|incremental)\t(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\t[^\t]+\t\d+")


def look(request: dict[str, Any], events: Events, _stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    strategy = request["strategy"]
    check_kit(strategy, places)
    code, out, err = run_list(strategy, events, places)
    if code != 0:
        raise list_failed(code, strategy, err)
    times = [time_of(line) for line in out.splitlines()]
    tools = {"python": platform.python_version(), **installed_packages(PACKAGES)}
    looked = {"backups": len(times), "newestAt": max(times, default=None), "tools": tools}
    return {"looked": {**looked, "seconds": round(time.monotonic() - began, 3)}}


def run_list(strategy: str, events: Events, places: Places) -> tuple[int, str, str]:
    process = subprocess.Popen(
        ["sh", os.path.join(places.kit, f"restore-{strategy}.sh"), "list"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What encrypted B is not what decrypts it here; A's program knows no such variable.
        env={**os.environ, "HAVEN_SOP": "gosop", "TMPDIR": places.work, "HOME": places.work},
        start_new_session=True,
    )
    deadline = time.monotonic() + LONGEST_SECONDS
    try:
        while True:
            try:
                out, err = process.communicate(timeout=POLL_SECONDS)
                return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                events.progress("look", 0, None, "files")
            if time.monotonic() > deadline:
                message = f"the kit's program did not end within {LONGEST_SECONDS / 60:.0f} minutes"
                raise Problem("try-later", f"run restore-{strategy}.sh", message, "check the network; run it again")
    finally:
        children.end(process, 10)


def list_failed(code: int, strategy: str, err: str) -> Problem:
    def last(prefix: str) -> str:
        return next((line.removeprefix(prefix) for line in reversed(err.splitlines()) if line.startswith(prefix)), "")

    message = last("ERROR: ") or f"restore-{strategy}.sh ended with exit code {code} and gave no reason"
    return Problem(SCRIPT_CODES.get(code, "failed"), f"run restore-{strategy}.sh", message, last("WHAT TO DO: "))


def time_of(line: str) -> str:
    known = LINE.fullmatch(line)
    if known is None:
        raise Problem("failed", "read the list", "the kit's program listed something that is no backup", "is it the kit's own restore program?")
    return known[1]
