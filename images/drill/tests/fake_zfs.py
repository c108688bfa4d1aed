"""Fakes of zpool and zfs, put first in PATH: they keep pools in a JSON file, record every call, and can fail, hang or be busy on purpose."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
import unittest
from collections.abc import Sequence
from typing import Any

from haven_drill.places import Places

PROGRAM = """#!{python}
import fcntl, json, sys, time
state_path, tool = {state!r}, {tool!r}
args = sys.argv[1:]
lock = open(state_path + ".lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
state = json.load(open(state_path))
state["calls"].append([tool, *args])
pools, datasets, verb, last = state["pools"], state["datasets"], args[0], args[-1]
code, out, err = 0, "", ""
fails = state["fail"].get(tool + " " + verb)
hangs = state["hang"].get(tool + " " + verb)
if fails and fails["times"] > 0:
    fails["times"] -= 1
    code, err = fails.get("code", 1), fails["err"]
elif (tool, verb) == ("zpool", "list") and "-v" not in args:
    out = "".join(name + "\\n" for name in pools)
elif (tool, verb) == ("zpool", "list"):
    out = last + "\\t1G\\n" + "".join("\\t" + vdev + "\\t1G\\n" for vdev in pools[last]["vdevs"])
elif (tool, verb) == ("zpool", "create"):
    mark = [a.split("=", 1)[1] for a in args if a.startswith("haven:throwaway=")]
    pools[args[-2]] = {{"vdevs": [last], "mark": mark[0]}}
elif (tool, verb) == ("zpool", "destroy"):
    del pools[last]
elif (tool, verb) == ("zpool", "status"):
    vdev = {{"read_errors": 0, "write_errors": 0, "checksum_errors": state["checksumErrors"]}}
    scan = {{"function": "SCRUB", "state": "FINISHED", "errors": 0, "processed": 0}}
    pool = {{"state": "ONLINE", "scan_stats": scan, "error_count": 0, "vdevs": {{last: {{**vdev, "vdevs": {{"f": vdev}}}}}}}}
    out = json.dumps({{"pools": {{last: pool}}}})
elif (tool, verb) == ("zfs", "get") and "guid" in args:
    out = "123456789" + last[-3:] + "\\n"
elif (tool, verb) == ("zfs", "get") and "type" in args and last not in datasets:
    code, err = 1, "cannot open '" + last + "': dataset does not exist\\n"
elif (tool, verb) == ("zfs", "get") and "type" in args:
    out = datasets[last]["type"] + "\\n"
elif (tool, verb) == ("zfs", "get") and "haven:restore" in args:
    out = datasets[last]["mark"] + "\\n"
elif (tool, verb) == ("zfs", "list") and "-r" in args:
    out = "".join(name + "\\n" for name in datasets if name == last or name.startswith(last + "/"))
elif (tool, verb) == ("zfs", "destroy"):
    del datasets[last]
elif (tool, verb) == ("zfs", "get"):
    out = pools[last]["mark"] + "\\n" if pools[last]["mark"] else ""
elif (tool, verb) == ("zfs", "version"):
    out = "zfs-2.3.9-1\\nzfs-kmod-2.3.9-2\\n"
json.dump(state, open(state_path, "w"))
lock.close()
if hangs:
    time.sleep(hangs)
if (tool, verb) == ("zfs", "receive") and not code:
    data = sys.stdin.buffer.read()
    if not data.endswith(b"END"):
        code, err = 1, "cannot receive new filesystem stream: incomplete stream"
    # As the kernel does it: what began with a full and failed is gone.
    name = last.split("@")[0]
    mark = [a.split("=", 1)[1] for a in args if a.startswith("haven:restore=")]
    if not code and mark:
        lock = open(state_path + ".lock", "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.load(open(state_path))
        state["datasets"][name] = {{"type": "filesystem", "mark": mark[0]}}
        json.dump(state, open(state_path, "w"))
        lock.close()
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


class FakeZfs:
    def __init__(self, folder: str) -> None:
        self.bin = os.path.join(folder, "bin")
        self.state_path = os.path.join(folder, "zfs.json")
        os.mkdir(self.bin)
        self.change(pools={}, datasets={}, calls=[], fail={}, hang={}, checksumErrors=0)
        for tool in ("zpool", "zfs"):
            path = os.path.join(self.bin, tool)
            with open(path, "w", encoding="utf-8") as file:
                file.write(PROGRAM.format(python=sys.executable, state=self.state_path, tool=tool))
            os.chmod(path, stat.S_IRWXU)

    @property
    def state(self) -> dict[str, Any]:
        with open(self.state_path, encoding="utf-8") as file:
            state: dict[str, Any] = json.load(file)
            return state

    def change(self, **fields: Any) -> None:
        state = self.state if os.path.exists(self.state_path) else {}
        with open(self.state_path, "w", encoding="utf-8") as file:
            json.dump({**state, **fields}, file)

    def add_pool(self, name: str, vdevs: list[str], mark: str = "drill-1") -> None:
        self.change(pools={**self.state["pools"], name: {"vdevs": vdevs, "mark": mark}})

    def calls(self, *beginning: str) -> list[list[str]]:
        return [call for call in self.state["calls"] if tuple(call[: len(beginning)]) == beginning]


def send_streams(case: unittest.TestCase, places: Places, chain: Sequence[bytes], pause: float = 0.0) -> None:
    """The fetching half: a FIFO for each stream, written in two pieces."""

    def write() -> None:
        for n, data in enumerate(chain):
            os.mkfifo(places.stream(n))
            with open(places.stream(n), "wb") as pipe:
                try:
                    pipe.write(data[: len(data) // 2])
                    pipe.flush()
                    time.sleep(pause)
                    pipe.write(data[len(data) // 2 :])
                except BrokenPipeError:
                    return

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    case.addCleanup(writer.join, 10)
