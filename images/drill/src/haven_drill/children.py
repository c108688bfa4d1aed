"""Child processes: every one has an owner, a deadline, a quiet stdin, and an end, even when the kernel will not let it go."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from haven_drill.problem import Problem


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str


def run_tool(
    argv: Sequence[str], seconds: float, on_wait: Callable[[], None] = lambda: None, poll_seconds: float = 5.0
) -> Finished:
    """Given a command and its deadline, return how it ended, calling on_wait meanwhile; throws failed when it does not end."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                out, err = process.communicate(timeout=min(poll_seconds, max(0.05, deadline - time.monotonic())))
                return Finished(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
            except subprocess.TimeoutExpired:
                on_wait()
            if time.monotonic() >= deadline:
                raise Problem(
                    "failed",
                    " ".join(argv[:2]),
                    f"'{' '.join(argv[:2])}' did not end within {seconds:.0f} s: the disk or ZFS hangs",
                    "look at 'dmesg' and 'zpool status' on the host; a reboot may be needed",
                )
    finally:
        end(process, 5)


def end(process: subprocess.Popen[bytes], grace: float) -> bool:
    """Ends a child that leads its own process group, and all that it started. False: the kernel holds it (state D)."""
    leader_gone = process.poll() is not None
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
        if leader_gone:
            continue
        try:
            process.wait(timeout=grace)
            leader_gone = True
        except subprocess.TimeoutExpired:
            pass
    return leader_gone
