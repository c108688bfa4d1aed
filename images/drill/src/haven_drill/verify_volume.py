"""`verify-volume`: the restored volume against the source snapshot, byte for byte.

Both are read by `zfs send`, which an ordinary user may be allowed to: no device node is made, no capability is needed, nothing on the host sees
(or scans, or assembles) a new disk, and no property of the owner's is touched. docs/decisions/0010 says what this proves and what it does not.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import time
from typing import Any

from haven_drill import children, streams, zfs_tools
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.volume_image import Unreadable, VolumeImage

WINDOW = 1 << 20
BLOCK = 4096
SEND_SECONDS = 3600.0
CHECKED = ["size", "every-byte", "content-sha256"]
NOT_CHECKED = ["properties", "block-size"]


class Side:
    """One of the two: its `zfs send`, and the volume's bytes out of it."""

    def __init__(self, name: str, snapshot: str, guid: str, events: Events) -> None:
        self.name = name
        self._snapshot = snapshot
        self._argv = ["zfs", "send", snapshot]
        found = self._property("guid")
        if found != guid:
            raise nothing_compared(f"the {name} snapshot has GUID {found}, not {guid}")
        self.size = int(self._property("volsize"))
        self.digest = hashlib.sha256()
        self._process = subprocess.Popen(
            self._argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
        self._waiting = lambda: events.progress("compare", 0, None, "bytes")
        self._guid = guid
        self._image: VolumeImage | None = None

    def take(self, count: int) -> bytes:
        try:
            self._image = self._image or VolumeImage(self._read, self.size, self._guid)
            data = self._image.take(count)
        except Unreadable as reason:
            raise self._failure(reason) from None
        self.digest.update(data)
        return data

    def finish(self) -> None:
        try:
            assert self._image
            self._image.finish()
        except Unreadable as reason:
            raise self._failure(reason) from None
        _, said = self._process.communicate(timeout=60)
        if self._process.returncode != 0:
            raise zfs_tools.failed(self._argv, children.Finished(self._process.returncode, "", said.decode("utf-8", "replace")))

    def end(self) -> None:
        children.end(self._process, 5)

    def _read(self) -> bytes:
        assert self._process.stdout
        try:
            return streams.read_some(self._process.stdout.fileno(), SEND_SECONDS, self._waiting)
        except streams.Stalled:
            message = f"'zfs send' of the {self.name} gave nothing for {SEND_SECONDS / 60:.0f} minutes: ZFS hangs"
            raise Problem("failed", "zfs send", message, "look at 'dmesg' on the host") from None

    def _failure(self, reason: Unreadable) -> Problem:
        """A stream that makes no sense: what `zfs send` itself says says more, if it failed."""
        try:
            _, said = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            said = b""
        if self._process.returncode:
            return zfs_tools.failed(self._argv, children.Finished(self._process.returncode, "", said.decode("utf-8", "replace")))
        return nothing_compared(f"the stream of the {self.name} cannot be judged: {reason}")

    def _property(self, name: str) -> str:
        return zfs_tools.tool(["zfs", "get", "-H", "-p", "-o", "value", name, self._snapshot]).strip()


def verify_volume(request: dict[str, Any], events: Events, stopping: Stopping, _places: Places) -> dict[str, Any]:
    began = time.monotonic()
    wanted = request["source"]
    sides: list[Side] = []
    try:
        for name, snapshot in (
            ("source", f"{wanted['dataset']}@{wanted['snapshot']}"),
            ("restored", f"{request['pool']}/restored@{request['restored']}"),
        ):
            sides.append(Side(name, snapshot, wanted["guid"], events))
        found = compare(*sides, events)
    finally:
        for side in sides:
            side.end()
    found["tools"] = {"python": platform.python_version(), **zfs_tools.versions()}
    found["seconds"] = round(time.monotonic() - began, 3)
    if found["mismatches"]:
        message = f"the restored volume differs from the source in {found['mismatches']} blocks of {BLOCK} bytes, first at byte {found['firstMismatchAt']}"
        raise Problem("damaged", "compare", message, "keep everything", fields={"comparison": found})
    if not found["written"]:
        message = f"nothing was compared: the source volume holds {found['bytes']} bytes of zeros and nothing else"
        raise Problem("damaged", "compare", message, "is it the right volume?", fields={"comparison": found})
    return {"comparison": found}


def compare(source: Side, restored: Side, events: Events) -> dict[str, Any]:
    if source.size != restored.size:
        message = f"the restored volume has {restored.size} bytes, its source {source.size}"
        raise Problem("damaged", "compare", message, "keep everything")
    size = source.size
    done = mismatches = 0
    written = False
    first: int | None = None
    while done < size:
        ours, theirs = (side.take(min(WINDOW, size - done)) for side in (source, restored))
        written = written or ours.count(0) != len(ours)
        if ours != theirs:
            for at in range(0, len(ours), BLOCK):
                if ours[at : at + BLOCK] != theirs[at : at + BLOCK]:
                    mismatches += 1
                    first = done + at if first is None else first
        done += len(ours)
        events.progress("compare", done, size, "bytes")
    for side in (source, restored):
        side.finish()
    return {
        "entries": 1,
        "files": 0,
        "bytes": done,
        "written": written,
        "mismatches": mismatches,
        **({} if first is None else {"firstMismatchAt": first}),
        "byType": {"volume": 1},
        "checked": CHECKED,
        "notChecked": NOT_CHECKED,
        "sha256": {side.name: side.digest.hexdigest() for side in (source, restored)},
    }


def nothing_compared(reason: str) -> Problem:
    return Problem("damaged", "compare", f"nothing was compared: {reason}", "keep everything; look into it")
