"""`fetch`: runs the recovery kit's own program once for each backup of a chain, and passes each plain stream on into a FIFO of its own.
(Of strategy A, which keeps no streams: fetch_tree.)

Guarantees: the kit is all that is used; what passes is counted and hashed; a stream's last bytes are written only after the program exited 0
and count and hash are the manifest's, so whoever reads a FIFO never gets a whole stream out of a failed fetch. No byte of a backup passes whose
manifest does not continue the one before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import select
import stat
import subprocess
import time
from typing import Any

from haven_drill import children, streams
from haven_drill.chain import check_link
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.version import installed_packages

# The receiving half makes a pool first, on a machine that may be slow.
READER_SECONDS = 900.0
# Before it opens the next FIFO it lets ZFS finish the stream before.
NEXT_READER_SECONDS = 2 * 3600.0
# The kit's program has watchdogs of its own; a part on a bad line takes long. Silence for longer than this is a hang.
SILENCE_SECONDS = 6 * 3600.0
WRITE_SECONDS = 3600.0

KIT_FILES = {
    "a": ("restore-a.sh", "attributes.py", "store.json", "passphrase", "swift.json"),
    "b": ("restore-b.sh", "store.json", "passphrase", "google-oauth.json"),
}
SCRIPT_CODES = {3: "bad-request", 11: "try-later", 22: "credentials-revoked", 23: "local-full", 30: "damaged"}
PART_LINE = re.compile(r"part (\d+) of (\d+): good")


class Narration:
    """What the kit's program says on stderr: progress, the manifest's summary, and the error that it ended with."""

    def __init__(self, events: Events, before: dict[str, Any] | None) -> None:
        self._events = events
        self._before = before
        self._rest = b""
        self.manifest: dict[str, Any] | None = None
        self.error = ""
        self.hint = ""
        self.parts_done = 0

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace"))
        self._rest = self._rest[-65536:]

    def _line(self, line: str) -> None:
        part = PART_LINE.fullmatch(line)
        if line.startswith("manifest: "):
            self.manifest = json.loads(line.removeprefix("manifest: "))
            check_link(self._before, self.manifest)
        elif line.startswith("ERROR: "):
            self.error = line.removeprefix("ERROR: ")
        elif line.startswith("WHAT TO DO: "):
            self.hint = line.removeprefix("WHAT TO DO: ")
        elif part:
            self.parts_done = int(part[1])
            self._events.progress("fetch", self.parts_done, int(part[2]), "parts")
        elif line:
            self._events.note("warn", "restore-program", line)


def fetch(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    check_kit(request["strategy"], places)
    if request["strategy"] == "a":
        # There is no stream to pass on: strategy A restores files.
        from haven_drill.fetch_tree import fetch_tree

        return fetch_tree(request, events, places)
    fetched: list[dict[str, Any]] = []
    for n, backup in enumerate(request["backups"]):
        fetched.append(fetch_one(n, backup, fetched[-1] if fetched else None, events, places))
    tools = {"python": platform.python_version(), **installed_packages(("gosop", "curl", "jq", "xz-utils", "zstd"))}
    return {"fetched": {"backups": fetched, "tools": tools, "seconds": round(time.monotonic() - began, 3)}}


def fetch_one(n: int, backup: str, before: dict[str, Any] | None, events: Events, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    fifo = places.stream(n)
    make_fifo(fifo)
    waiting = lambda: events.progress("wait for the receiving half", 0, None, "bytes")  # noqa: E731
    patience = NEXT_READER_SECONDS if n else READER_SECONDS
    try:
        pipe = streams.open_fifo_to_write(fifo, patience, waiting)
    except streams.Stalled:
        message = f"nobody opened the pipe within {patience:.0f} s"
        raise Problem("failed", "open pipe", message, "see what the receiving half says") from None
    # Closed only when all went well. After a failure it ends with this process, so that the reason is known before the reader sees an end.
    fetched = run_script(backup, before, pipe, events, places)
    os.close(pipe)
    return {**fetched, "seconds": round(time.monotonic() - began, 3)}


def check_kit(strategy: str, places: Places) -> None:
    for name in KIT_FILES[strategy]:
        if not os.access(os.path.join(places.kit, name), os.R_OK):
            raise Problem("bad-request", "read kit", f"the recovery kit has no readable {name}", "make the kit again: haven kit")


def make_fifo(path: str) -> None:
    try:
        if stat.S_ISFIFO(os.lstat(path).st_mode):
            os.unlink(path)  # an earlier run's
    except FileNotFoundError:
        pass
    os.mkfifo(path, 0o644)
    os.chmod(path, 0o644)  # whatever the umask: the receiving half is another user


def run_script(backup: str, before: dict[str, Any] | None, pipe: int, events: Events, places: Places) -> dict[str, Any]:
    process = subprocess.Popen(
        ["sh", os.path.join(places.kit, "restore-b.sh"), "stream", backup],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "HAVEN_SOP": "gosop", "TMPDIR": places.work, "HOME": places.work},
        start_new_session=True,
    )
    narration = Narration(events, before)
    try:
        held, count, digest = pump(process, pipe, narration, events)
        code = process.wait(timeout=60)
        if code != 0:
            raise script_failed(code, narration)
        fetched = judge(backup, count, digest, narration)
        pass_on(pipe, held, count, events)
        return fetched
    finally:
        children.end(process, 10)


def pump(process: subprocess.Popen[bytes], pipe: int, narration: Narration, events: Events) -> tuple[bytes, int, str]:
    """Passes all but the last piece on; returns that piece, the count of all bytes and their sha256."""
    assert process.stdout and process.stderr
    out, err = process.stdout.fileno(), process.stderr.fileno()
    held, count, digest = b"", 0, hashlib.sha256()
    # A hang-up shows when the reader is gone, even while nothing is being written.
    open_ends = select.poll()
    for descriptor in (out, err):
        os.set_blocking(descriptor, False)
        open_ends.register(descriptor, select.POLLIN)
    open_ends.register(pipe, 0)
    left, heard_at = {out, err}, time.monotonic()
    while left:
        for descriptor, _happened in open_ends.poll(streams.TICK * 1000):
            if descriptor == pipe:
                raise reader_gone(count)
            heard_at = time.monotonic()
            data = os.read(descriptor, streams.CHUNK)
            if not data:
                left.discard(descriptor)
                open_ends.unregister(descriptor)
            elif descriptor == err:
                narration.feed(data)
            else:
                pass_on(pipe, held, count, events)
                held = data
                count += len(data)
                digest.update(data)
        events.progress("fetch", count, stream_bytes(narration), "bytes")
        if time.monotonic() - heard_at > SILENCE_SECONDS:
            message = f"the kit's program was silent for {SILENCE_SECONDS / 3600:.0f} hours"
            raise Problem("try-later", "run restore-b.sh", message, "check the network; run the drill again")
    return held, count, digest.hexdigest()


def pass_on(pipe: int, data: bytes, count: int, events: Events) -> None:
    try:
        streams.write_all(pipe, data, WRITE_SECONDS, lambda: events.progress("fetch", count, None, "bytes"))
    except BrokenPipeError:
        raise reader_gone(count) from None
    except streams.Stalled:
        message = f"the receiving half took nothing for {WRITE_SECONDS / 60:.0f} minutes"
        raise Problem("failed", "write pipe", message, "see what it says; does ZFS hang?") from None


def reader_gone(count: int) -> Problem:
    return Problem("failed", "write pipe", f"the receiving half stopped reading after {count} bytes", "see what it says")


def stream_bytes(narration: Narration) -> int | None:
    total = (narration.manifest or {}).get("streamBytes")
    return total if isinstance(total, int) else None


def script_failed(code: int, narration: Narration) -> Problem:
    name = SCRIPT_CODES.get(code, "failed")
    message = narration.error or f"restore-b.sh ended with exit code {code} and gave no reason"
    return Problem(name, "run restore-b.sh", message, narration.hint)


def judge(backup: str, count: int, digest: str, narration: Narration) -> dict[str, Any]:
    """What was measured here must be what the manifest says; the program's own word is not enough."""
    said = narration.manifest
    if said is None:
        raise Problem("failed", "check stream", "restore-b.sh exited 0 without naming a manifest", "is the kit's restore-b.sh its own?")
    if said.get("backup") != backup:
        raise Problem("damaged", "check stream", "restore-b.sh restored another backup than the one asked for", "keep everything; look into it")
    if count == 0 or said.get("streamBytes") != count or said.get("streamSha256") != digest:
        message = f"{count} bytes with sha256 {digest} came, the manifest says {said.get('streamBytes')} with {said.get('streamSha256')}"
        raise Problem("damaged", "check stream", message, "keep everything; restore another backup")
    names = ("backup", "chain", "kind", "base", "baseGuid", "guid", "parts", "storedBytes", "createdAt", "type")
    return {**{name: said[name] for name in names}, "streamBytes": count, "streamSha256": digest}
