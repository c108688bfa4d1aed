"""Child processes: every one has an owner, a deadline and an end; none has Haven's environment or an open descriptor that it was not given."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from haven_a.problem import Problem



def environment() -> dict[str, str]:
    """All that a child gets of it: no proxy, no ST_* or OS_*, no secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/tmp", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: bytes
    stderr: bytes


def run_tool(
    argv: Sequence[str],
    seconds: float,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    on_wait: Callable[[], None] = lambda: None,
    poll_seconds: float = 5.0,
) -> Finished:
    """Given a command and its deadline, return how it ended, calling on_wait meanwhile; throws failed when it cannot be started or does not end."""
    name = os.path.basename(argv[0])
    given = _unnamed_file(stdin)
    try:
        process = subprocess.Popen(
            argv,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            env=environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise Problem("failed", name, f"'{name}' cannot be started: {error.strerror}", "the image is broken: build it again") from None
    finally:
        os.close(given)
    deadline = time.monotonic() + seconds
    try:
        while True:
            try:
                out, err = process.communicate(timeout=min(poll_seconds, max(0.05, deadline - time.monotonic())))
                return Finished(process.returncode, out, err)
            except subprocess.TimeoutExpired:
                on_wait()
            if time.monotonic() >= deadline:
                raise Problem("failed", name, f"'{name}' did not end within {seconds:.0f} s", "look at 'dmesg' on the host")
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
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    return leader_gone


def _unnamed_file(data: bytes) -> int:
    """Not a pipe: Python's `communicate` cannot go on with the rest of an input after a look at the clock. It is in memory alone, for a secret may be in it."""
    descriptor = os.memfd_create("haven-stdin", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
