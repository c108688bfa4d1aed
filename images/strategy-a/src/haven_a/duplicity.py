"""Runs duplicity: its log as records, its end as a reason. It has an owner, and a watch that tells slow from dead, which it has not itself."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from haven_a import children
from haven_a.context import Context
from haven_a.duplicity_log import LogReader, Record
from haven_a.inside import CANNOT_RESUME, STORE_PROBLEM
from haven_a.json_file import read_json, remove_file
from haven_a.problem import EXIT_CODES, Problem, local_full

# Neither a record nor a tick of its processor in that time: it hangs. A store that is silent is given up by haven_a.store long before.
STALL_SECONDS = 30 * 60.0
TICK = 5.0
PROGRAM = (sys.executable, "-s", "-m", "haven_a.inside")

NO_SIGNATURES = 17


@dataclass(frozen=True)
class Ended:
    """How duplicity ended, when it was not for the store's or the disk's sake: that is raised."""

    code: int
    #: Of the last ERROR in its log: its code, and the first word after it (a class of exceptions).
    error: str

    @property
    def cannot_resume(self) -> bool:
        return self.code == CANNOT_RESUME


@dataclass(frozen=True)
class Job:
    source: str
    #: This source's folder in the state volume.
    folder: str
    receipts: str
    compare_with: dict[str, Any] | None = None


def run_duplicity(
    arguments: Sequence[str],
    job: Job,
    context: Context,
    on_record: Callable[[Record], None],
    on_tick: Callable[[], None] = lambda: None,
    stall_seconds: float = STALL_SECONDS,
    program: Sequence[str] = PROGRAM,
) -> Ended:
    """Given what to do, return how it ended; throws try-later when it stalls, local-full, and whatever the store's problem was."""
    report = f"{job.folder}/problem.json"
    os.makedirs(job.folder, mode=0o700, exist_ok=True)
    os.makedirs(context.places.temporary, mode=0o700, exist_ok=True)
    remove_file(report)
    context.key.make_home()
    spec = _spec_file(_spec(job, report, context))
    log_read, log_write = os.pipe()
    last = Watched(on_record)
    try:
        with open(f"{job.folder}/duplicity.stderr", "wb") as stderr:
            argv = [*program, str(spec), *arguments, "--log-fd", str(log_write), "--tempdir", context.places.temporary]
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=(spec, log_write),
                # The state volume may be small and /tmp is: GnuPG and Python must not put anything elsewhere.
                env={**children.environment(), "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": context.places.temporary},
                start_new_session=True,
            )
        os.close(log_write)
        log_write = -1
        try:
            _watch(process, log_read, last, on_tick, stall_seconds)
            code = process.wait(timeout=60)
        finally:
            children.end(process, 8)
    finally:
        for descriptor in (spec, log_read, log_write):
            if descriptor >= 0:
                os.close(descriptor)
    return _judge(code, last, report)


class Watched:
    """Passes records on, and remembers the last error."""

    def __init__(self, on_record: Callable[[Record], None]) -> None:
        self._on_record = on_record
        self.error = ""
        self.disk_full = False

    def __call__(self, record: Record) -> None:
        if record.level == "ERROR":
            self.error = f"{record.code} {record.extra.split(' ')[0]}".strip()
            self.disk_full = self.disk_full or any("No space left on device" in line or "Disk quota exceeded" in line for line in record.text)
        self._on_record(record)


def _watch(process: subprocess.Popen[bytes], log: int, on_record: Watched, on_tick: Callable[[], None], stall_seconds: float) -> None:
    reader = LogReader()
    poll = select.poll()
    poll.register(log, select.POLLIN)
    moved, ticks = time.monotonic(), _processor_ticks(process.pid)
    while True:
        if poll.poll(TICK * 1000):
            data = os.read(log, 1 << 16)
            if not data:
                return
            for record in reader.feed(data):
                on_record(record)
            moved = time.monotonic()
        now_ticks = _processor_ticks(process.pid)
        if now_ticks != ticks:
            moved, ticks = time.monotonic(), now_ticks
        on_tick()
        if time.monotonic() - moved > stall_seconds:
            message = f"duplicity did nothing for {stall_seconds / 60:.0f} minutes"
            raise Problem("try-later", "duplicity", message, "look at 'dmesg' on the host: a disk that hangs looks like this; what is stored is kept")


def _processor_ticks(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return " ".join(file.read().decode("ascii", "replace").rpartition(")")[2].split()[11:15])
    except OSError:
        return ""


def _judge(code: int, last: Watched, report: str) -> Ended:
    if code == STORE_PROBLEM:
        found = read_json(report)
        if isinstance(found, dict) and found.get("code") in EXIT_CODES:
            raise Problem(found["code"], str(found.get("operation", "store")), str(found.get("message", "")), str(found.get("hint", "")))
        raise local_full("duplicity")
    # 35: it looks for room before it begins; 34: it cannot even look.
    if last.disk_full or code in (34, 35):
        raise local_full("duplicity")
    return Ended(code, last.error)


def failed(ended: Ended, source: str) -> Problem:
    message = f"duplicity ended with exit code {ended.code}" + (f" (error {ended.error})" if ended.error else "")
    hint = f"what it said is in the state volume, at chains/{source}/duplicity.stderr: it may name files"
    return Problem("failed", "duplicity", message, hint, source)


def _spec(job: Job, report: str, context: Context) -> dict[str, Any]:
    return {
        "source": job.source,
        "container": context.settings.container,
        "auth": context.settings.auth,
        "swift": context.secrets.swift,
        "passphraseHex": context.secrets.passphrase.hex(),
        "gnupgHome": context.key.home,
        "receiptsPath": job.receipts,
        "reportPath": report,
        "compareWith": job.compare_with,
    }


def _spec_file(spec: dict[str, Any]) -> int:
    """A file that has no name and never was on a disk: it holds the secrets."""
    descriptor = os.memfd_create("haven-spec", os.MFD_CLOEXEC)
    with open(os.dup(descriptor), "wb") as file:
        file.write(json.dumps(spec).encode("ascii"))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
