"""`fetch` of strategy A: runs the recovery kit's own program, which restores a backup's files into the empty dataset at /haven/restored.

Guarantees: the kit is all that is used, cold (the program begins with an empty cache); it exited 0; the backup that was asked for is the last of the chain that
the manifests tell of, and each continues the one before it; the record of attributes was applied to every entry, none missing and none too many. Whether
contents and attributes are the source's is for `verify` to say.
"""

from __future__ import annotations

import json
import os
import platform
import re
import select
import subprocess
import time
from typing import Any

from haven_drill import children, streams
from haven_drill.events import Events
from haven_drill.fetch import SCRIPT_CODES, SILENCE_SECONDS
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.version import installed_packages

TOOLS = ("duplicity", "gnupg", "python3-swiftclient", "python3-keystoneclient", "jq")
VOLUME_LINE = re.compile(r"data: volume (\d+) of (\d+): good")
QUIET_LINE = re.compile(r"(record of attributes: volume \d+ of \d+: good|attributes: \d+ entries|contents: each file has the hash that was recorded|Done: .*)")


class Narration:
    """What the kit's program says on stderr: the manifests of the chain, how far it is, what was restored, and the error that it ended with."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._rest = b""
        self.links: list[dict[str, Any]] = []
        self.restored: dict[str, Any] | None = None
        self.error = ""
        self.hint = ""
        self.done = 0
        self.total: int | None = None

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace"))
        self._rest = self._rest[-65536:]

    def progress(self) -> None:
        self._events.progress("fetch", self.done, self.total, "parts")

    def _line(self, line: str) -> None:
        volume = VOLUME_LINE.fullmatch(line)
        if line.startswith("manifest: "):
            self.links.append(json.loads(line.removeprefix("manifest: ")))
        elif line.startswith("restored: "):
            self.restored = json.loads(line.removeprefix("restored: "))
        elif line.startswith("ERROR: "):
            self.error = line.removeprefix("ERROR: ")
        elif line.startswith("WHAT TO DO: "):
            self.hint = line.removeprefix("WHAT TO DO: ")
        elif volume:
            self.done, self.total = int(volume[1]), int(volume[2])
            self.progress()
        elif line and not QUIET_LINE.fullmatch(line):
            self._events.note("warn", "restore-program", line)


def fetch_tree(request: dict[str, Any], events: Events, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    (backup,) = request["backups"]
    narration = Narration(events)
    code = run_program(backup, narration, places)
    if code != 0:
        message = narration.error or f"restore-a.sh ended with exit code {code} and gave no reason"
        raise Problem(SCRIPT_CODES.get(code, "failed"), "run restore-a.sh", message, narration.hint)
    links = judge(backup, narration)
    tools = {"python": platform.python_version(), **installed_packages(TOOLS)}
    return {"fetched": {"backups": links, "restored": narration.restored, "tools": tools, "seconds": round(time.monotonic() - began, 3)}}


def run_program(backup: str, narration: Narration, places: Places) -> int:
    process = subprocess.Popen(
        ["sh", os.path.join(places.kit, "restore-a.sh"), "restore", backup, places.restored],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # duplicity's own words and the list of what was not restored name files: neither gets out of here.
        env={**os.environ, "TMPDIR": places.work, "HOME": places.work, "HAVEN_QUIET": "yes", "HAVEN_NAMES": os.path.join(places.work, "problems")},
        start_new_session=True,
    )
    try:
        listen(process, narration)
        return process.wait(timeout=60)
    finally:
        children.end(process, 10)


def listen(process: subprocess.Popen[bytes], narration: Narration) -> None:
    assert process.stderr
    said = process.stderr.fileno()
    poll = select.poll()
    poll.register(said, select.POLLIN)
    heard_at = time.monotonic()
    while True:
        if poll.poll(streams.TICK * 1000):
            data = os.read(said, streams.CHUNK)
            if not data:
                return
            heard_at = time.monotonic()
            narration.feed(data)
        else:
            narration.progress()
        if time.monotonic() - heard_at > SILENCE_SECONDS:
            message = f"the kit's program was silent for {SILENCE_SECONDS / 3600:.0f} hours"
            raise Problem("try-later", "run restore-a.sh", message, "check the network; run the drill again")


def judge(backup: str, narration: Narration) -> list[dict[str, Any]]:
    """What the program said must make sense; that it exited 0 is not enough."""
    if not narration.links or narration.restored is None:
        raise Problem("failed", "check restore", "restore-a.sh exited 0 without saying what it restored", "is the kit's restore-a.sh its own?")
    restored = narration.restored
    if restored.get("problems") != {} or not isinstance(restored.get("entries"), int) or restored["entries"] < 2:
        raise Problem("damaged", "check restore", "nothing was restored, or not all of it", "is it the right backup?")
    fetched: list[dict[str, Any]] = []
    for link in narration.links:
        reason = why_not_next(fetched[-1] if fetched else None, link)
        if reason:
            raise Problem("damaged", "check chain", f"the chain is broken: {reason}", "keep everything; drill another chain, and make a new full backup")
        names = ("chain", "kind", "base", "guid", "volumes", "bytes", "createdAt")
        fetched.append({"id": link["backup"], **{name: link[name] for name in names}})
    if fetched[-1]["id"] != backup:
        raise Problem("damaged", "check restore", "restore-a.sh restored another backup than the one asked for", "keep everything; look into it")
    return fetched


def why_not_next(before: dict[str, Any] | None, link: dict[str, Any]) -> str:
    name = f"backup {str(link.get('backup'))[:8]}"
    if before is None:
        good = link.get("kind") == "full" and link.get("base") is None and link.get("chain") == link.get("backup")
        return "" if good else f"it must begin with a full backup, which {name} is not"
    if link.get("kind") != "incremental" or link.get("base") != before["id"]:
        return f"{name} does not build upon backup {before['id'][:8]}, which came before it"
    return "" if link.get("chain") == before["chain"] else f"{name} has another chain than the backup before it"
