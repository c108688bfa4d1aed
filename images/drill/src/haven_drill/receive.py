"""`receive`: makes the throwaway pool, receives the FIFO's stream into it, scrubs. On failure it destroys what it made.

The stream is received by kernel code that was not made for hostile input and may hang: every wait has a deadline, and a hang is reported as one.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import time
from collections.abc import Callable
from typing import Any

from haven_drill import children, streams, throwaway_pool, zfs_tools
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping

FIFO_SECONDS = 900.0
# Between two parts the other half downloads and checks one; on a bad line that takes hours.
SILENCE_SECONDS = 8 * 3600.0
ZFS_SECONDS = 3600.0
SCRUB_SECONDS = 48 * 3600.0
# Within what the contract grants after SIGTERM.
CLEAN_UP_SECONDS = 20.0


def receive(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    scratch, pool = request["scratch"], request["pool"]
    with stopping.shield():
        throwaway_pool.create_or_clean_up(scratch, pool, request["sizeBytes"], request["run"], CLEAN_UP_SECONDS)
    try:
        received = fill(pool, request["type"], events, places)
    except BaseException as reason:
        with stopping.shield():
            abandon(scratch, pool, reason)
        raise
    received["tools"] = {"python": platform.python_version(), **zfs_tools.versions()}
    received["seconds"] = round(time.monotonic() - began, 3)
    return {"received": received}


def abandon(scratch: str, pool: str, reason: BaseException) -> None:
    try:
        throwaway_pool.destroy(scratch, pool, CLEAN_UP_SECONDS)
    except Problem as also:
        left = f"; the throwaway pool is left behind ({also.message})"
        if isinstance(reason, Problem):
            reason.message += left
            reason.hint += "; run 'reap'"
        else:
            raise Problem("failed", "destroy pool", f"stopped{left}", "run 'reap'") from None


def fill(pool: str, kind: str, events: Events, places: Places) -> dict[str, Any]:
    dataset = f"{pool}/restored"
    waiting = lambda: events.progress("wait for the fetching half", 0, None, "bytes")  # noqa: E731
    try:
        pipe = streams.open_fifo_to_read(places.pipe, FIFO_SECONDS, waiting)
    except streams.Stalled:
        raise Problem("failed", "open pipe", f"no pipe appeared within {FIFO_SECONDS:.0f} s", "see what the fetching half says") from None
    try:
        count, digest = receive_stream(pipe, dataset, kind, events)
    finally:
        os.close(pipe)
    scrub_began = time.monotonic()
    zfs_tools.tool(["zpool", "scrub", "-w", pool], SCRUB_SECONDS, lambda: events.progress("scrub", count, None, "bytes"))
    scrub = zfs_tools.scrub_report(pool)
    scrub["seconds"] = round(time.monotonic() - scrub_began, 3)
    if scrub["errors"] > 0 or scrub["state"] != "finished":
        message = f"the scrub of the restored pool found {scrub['errors']} errors, state {scrub['state']}"
        raise Problem("damaged", "zpool scrub", message, "is the scratch disk sound? run the drill again on another one")
    guid = zfs_tools.tool(["zfs", "get", "-H", "-p", "-o", "value", "guid", f"{dataset}@drill"]).strip()
    received = {"pool": pool, "dataset": dataset, "snapshot": f"{dataset}@drill", "guid": guid}
    return {**received, "streamBytes": count, "streamSha256": digest, "scrub": scrub}


def receive_command(dataset: str, kind: str) -> list[str]:
    options = ["-o", "volmode=none"]
    if kind == "filesystem":
        options = ["-o", "canmount=off", "-o", "readonly=on", "-x", "mountpoint"]
    return ["zfs", "receive", "-u", *options, f"{dataset}@drill"]


def receive_stream(pipe: int, dataset: str, kind: str, events: Events) -> tuple[int, str]:
    """Pumps the FIFO into `zfs receive`; returns count and sha256 of what came; throws failed, damaged, local-full."""
    argv = receive_command(dataset, kind)
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )
    try:
        count, digest, taken = pump(pipe, process, events)
        finish(process, argv, count, lambda: events.progress("receive", count, None, "bytes"))
        if not taken:
            message = f"'zfs receive' was content before the stream's end (after less than {count} bytes)"
            raise Problem("damaged", "zfs receive", message, "what was stored is not one zfs send stream; keep everything")
        return count, digest
    finally:
        children.end(process, 5)


def pump(pipe: int, process: subprocess.Popen[bytes], events: Events) -> tuple[int, str, bool]:
    """Count and sha256 of what came, and whether `zfs receive` took all of it."""
    assert process.stdin
    sink = process.stdin.fileno()
    os.set_blocking(sink, False)
    count, digest, taken = 0, hashlib.sha256(), True
    while True:
        progress = lambda: events.progress("receive", count, None, "bytes")  # noqa: E731,B023
        try:
            data = streams.read_some(pipe, SILENCE_SECONDS if count else FIFO_SECONDS, progress)
        except streams.Stalled:
            raise Problem("failed", "read pipe", "the fetching half fell silent", "see what it says") from None
        if not data:
            break
        count += len(data)
        digest.update(data)
        try:
            streams.write_all(sink, data, ZFS_SECONDS, progress)
        except BrokenPipeError:
            taken = False  # zfs receive gave up; its exit code says why
            break
        except streams.Stalled:
            message = f"'zfs receive' took nothing for {ZFS_SECONDS / 60:.0f} minutes: ZFS hangs"
            raise Problem("failed", "zfs receive", message, "look at 'dmesg' on the host; a reboot may be needed") from None
        progress()
    if count == 0 and process.poll() is None:
        raise Problem("failed", "read pipe", "the fetching half ended without sending a byte", "see what it says")
    return count, digest.hexdigest(), taken


def finish(process: subprocess.Popen[bytes], argv: list[str], count: int, on_wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + ZFS_SECONDS
    said = b""
    while True:
        try:
            _, said = process.communicate(timeout=streams.TICK)
            break
        except subprocess.TimeoutExpired:
            on_wait()
        if time.monotonic() >= deadline:
            message = f"'zfs receive' did not end within {ZFS_SECONDS / 60:.0f} minutes of the stream's end: ZFS hangs"
            raise Problem("failed", "zfs receive", message, "look at 'dmesg' on the host; a reboot may be needed")
    if process.returncode != 0:
        problem = zfs_tools.failed(argv, children.Finished(process.returncode, "", said.decode("utf-8", "replace")))
        problem.message += f" (after {count} bytes of the stream)"
        raise problem
