"""`parse`: reads a chain's streams and keeps nothing. What a drill of level `stream` has in the place of a pool.

Guarantees: each stream is one whole `zfs send` stream to ZFS's own reader (`zstream dump`): it has its beginning and its end, every checksum in
it is right, and no byte is left over; its own GUIDs are told, and what came is counted and hashed. It needs no device, no module of the kernel, no network
and no disk. Whether `zfs receive` would take the stream, and what files it makes, is for a full drill to say.
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
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.receive import open_next, pump
from haven_drill.stopping import Stopping
from haven_drill.version import installed_packages

READER_SECONDS = 300.0
NUMBER = r"([0-9a-f]{1,16})"


def parse(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    began = time.monotonic()
    taken = [parse_next(n, events, places) for n in range(request["streams"])]
    tools = {"python": platform.python_version(), **installed_packages(("zfsutils-linux",))}
    return {"parsed": {"guid": taken[-1]["guid"], "streams": taken, "tools": tools, "seconds": round(time.monotonic() - began, 3)}}


def parse_next(n: int, events: Events, places: Places) -> dict[str, Any]:
    pipe = open_next(n, events, places)
    process = subprocess.Popen(
        ["zstream", "dump"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )
    try:
        count, digest, _taken = pump(pipe, process, events, lambda: None, "zstream dump")
        # Its words name the dataset: they stay here.
        said, complaint = process.communicate(timeout=READER_SECONDS)
    except subprocess.TimeoutExpired:
        raise Problem("failed", "zstream dump", f"it did not end within {READER_SECONDS:.0f} s of the stream's end") from None
    finally:
        children.end(process, 5)
        os.close(pipe)
    return {**judge(n, process.returncode, said + complaint, count), "streamBytes": count, "streamSha256": digest}


def judge(n: int, code: int, said: bytes, count: int) -> dict[str, Any]:
    """`zstream dump` ends with 0 whatever it reads: what it counted says whether that was a stream, and a whole one."""
    words = said.decode("utf-8", "replace")
    if code != 0:
        raise wrong(n, f"'zstream dump' ended with exit code {code}")
    if re.search("checksum in record header|checksum differs|invalid checksum", words):
        raise wrong(n, "a checksum in it is not that of its records")
    begins, ends, records, read = (counted(words, name) for name in ("DRR_BEGIN records", "DRR_END records", "records", "stream length"))
    if begins != 1:
        raise wrong(n, f"it has {begins} beginnings of a zfs send stream")
    if ends != 1:
        raise wrong(n, "it is a zfs send stream without its end" if ends == 0 else f"it has {ends} ends")
    if read != count:
        raise wrong(n, f"{count} bytes came, and its records make {read}")
    guid, base = (re.search(rf"^\t{field} = {NUMBER}$", words, re.MULTILINE) for field in ("toguid", "fromguid"))
    if guid is None or base is None:
        raise wrong(n, "it does not say of which snapshot it is")
    based_on = int(base[1], 16)
    return {"guid": str(int(guid[1], 16)), "baseGuid": None if based_on == 0 else str(based_on), "records": records}


def counted(words: str, name: str) -> int:
    found = re.search(rf"^\tTotal {name} = (\d+)", words, re.MULTILINE)
    return int(found[1]) if found else 0


def wrong(n: int, what: str) -> Problem:
    message = f"what was stored as stream {n + 1} of the chain is no whole zfs send stream: {what}"
    return Problem("damaged", "zstream dump", message, "keep everything; restore another backup")
