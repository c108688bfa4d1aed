"""`receive`: makes the throwaway pool, receives a chain's streams into one dataset of it, in order, scrubs. On failure it destroys what it made.

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
from haven_drill.scrub import scrubbed
from haven_drill.stopping import Stopping

READER = "1000"
FIFO_SECONDS = 900.0
# Between two parts the other half downloads and checks one; on a bad line that takes hours.
SILENCE_SECONDS = 8 * 3600.0
ZFS_SECONDS = 3600.0
# Within what the contract grants after SIGTERM.
CLEAN_UP_SECONDS = 20.0


def receive(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    scratch, pool = request["scratch"], request["pool"]
    with stopping.shield():
        throwaway_pool.create_or_clean_up(scratch, pool, request["sizeBytes"], request["run"], CLEAN_UP_SECONDS)
    try:
        received = fill(request, events, places)
    except BaseException as reason:
        with stopping.shield():
            abandon(scratch, pool, reason, events)
        raise
    received["tools"] = {"python": platform.python_version(), **zfs_tools.versions()}
    received["seconds"] = round(time.monotonic() - began, 3)
    return {"received": received}


def abandon(scratch: str, pool: str, reason: BaseException, events: Events) -> None:
    """Takes the pool away; when even that fails, the first reason stays the result and the pool is left to `reap`."""
    try:
        throwaway_pool.destroy(scratch, pool, CLEAN_UP_SECONDS)
    except Problem as also:
        left = f"the throwaway pool is left behind, for 'reap': {also.message}"
        events.note("warn", "pool-left-behind", left)
        if isinstance(reason, Problem):
            reason.message += f"; {left}"


def fill(request: dict[str, Any], events: Events, places: Places) -> dict[str, Any]:
    scratch, pool = request["scratch"], request["pool"]
    dataset = f"{pool}/restored"
    reserve = throwaway_pool.reserve_bytes()

    def watch_disk() -> None:
        throwaway_pool.demand_space(scratch, throwaway_pool.left_to_grow(scratch, pool), reserve)

    taken: list[dict[str, Any]] = []
    for n in range(request["streams"]):
        snapshot = f"{dataset}@drill-{n:03}"
        taken.append(receive_next(n, receive_command(snapshot, request["type"], n), events, places, watch_disk))
    if request["type"] == "volume":
        # verify-volume, an ordinary user without a capability, reads the restored volume by sending it.
        zfs_tools.tool(["zfs", "allow", "-u", READER, "send", dataset])
    scrub = scrubbed(pool, sum(stream["streamBytes"] for stream in taken), events)
    last = taken[-1]
    return {"pool": pool, "dataset": dataset, "snapshot": last["snapshot"], "guid": last["guid"], "streams": taken, "scrub": scrub}


def receive_next(n: int, argv: list[str], events: Events, places: Places, on_data: Callable[[], None]) -> dict[str, Any]:
    """Receives the n-th stream by argv, whose last word is the snapshot that it becomes. ZFS itself refuses an incremental that does not start from the newest one there is."""
    snapshot = argv[-1]
    pipe = open_next(n, events, places)
    try:
        count, digest = receive_stream(pipe, argv, events, on_data)
    except Problem as problem:
        if n:
            problem.message += f"; it was the incremental number {n} of the chain"
        raise
    finally:
        os.close(pipe)
    guid = zfs_tools.tool(["zfs", "get", "-H", "-p", "-o", "value", "guid", snapshot]).strip()
    return {"snapshot": snapshot, "guid": guid, "streamBytes": count, "streamSha256": digest}


def open_next(n: int, events: Events, places: Places) -> int:
    """The reading end of the n-th stream's FIFO, once the fetching half has made it."""
    waiting = lambda: events.progress("wait for the fetching half", 0, None, "bytes")  # noqa: E731
    try:
        return streams.open_fifo_to_read(places.stream(n), FIFO_SECONDS, waiting)
    except streams.Stalled:
        message = f"no pipe for stream {n + 1} appeared within {FIFO_SECONDS:.0f} s"
        raise Problem("failed", "open pipe", message, "see what the fetching half says") from None


def receive_command(snapshot: str, kind: str, n: int) -> list[str]:
    # Never -F: it would roll back or destroy what does not fit, and a chain that does not fit must be seen.
    options = ["-o", "volmode=none"]
    if kind == "filesystem":
        options = ["-o", "canmount=off", "-o", "readonly=on", "-x", "mountpoint"]
    return ["zfs", "receive", "-u", *([] if n else options), snapshot]


def receive_stream(pipe: int, argv: list[str], events: Events, on_data: Callable[[], None]) -> tuple[int, str]:
    """Pumps the FIFO into `zfs receive`; returns count and sha256 of what came; throws failed, damaged, local-full."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )
    try:
        count, digest, taken = pump(pipe, process, events, on_data)
        finish(process, argv, count, lambda: events.progress("receive", count, None, "bytes"))
        if not taken:
            message = f"'zfs receive' was content before the stream's end (after less than {count} bytes)"
            raise Problem("damaged", "zfs receive", message, "what was stored is not one zfs send stream; keep everything")
        return count, digest
    finally:
        children.end(process, 5)


def pump(
    pipe: int, process: subprocess.Popen[bytes], events: Events, on_data: Callable[[], None], reader: str = "zfs receive"
) -> tuple[int, str, bool]:
    """Count and sha256 of what came, and whether the reader took all of it."""
    assert process.stdin
    sink = process.stdin.fileno()
    os.set_blocking(sink, False)
    count, digest, taken = 0, hashlib.sha256(), True

    def progress() -> None:
        events.progress(reader.split()[-1], count, None, "bytes")

    while True:
        try:
            data = streams.read_some(pipe, SILENCE_SECONDS if count else FIFO_SECONDS, progress)
        except streams.Stalled:
            raise Problem("failed", "read pipe", "the fetching half fell silent", "see what it says") from None
        if not data:
            break
        count += len(data)
        digest.update(data)
        on_data()
        try:
            streams.write_all(sink, data, ZFS_SECONDS, progress)
        except BrokenPipeError:
            taken = False  # it gave up; its exit code or its words say why
            break
        except streams.Stalled:
            message = f"'{reader}' took nothing for {ZFS_SECONDS / 60:.0f} minutes: ZFS hangs"
            raise Problem("failed", reader, message, "look at 'dmesg' on the host; a reboot may be needed") from None
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
