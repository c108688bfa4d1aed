"""The zpool and zfs commands, with deadlines. What they say goes through `scrubbed`: it may name the owner's datasets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from haven_drill.children import Finished, run_tool
from haven_drill.problem import Problem

SECONDS = 300.0


def tool(argv: Sequence[str], seconds: float = SECONDS, on_wait: Callable[[], None] = lambda: None) -> str:
    """Given a command, return its stdout; throws failed with what it said."""
    finished = run_tool(argv, seconds, on_wait)
    if finished.code != 0:
        raise failed(argv, finished)
    return finished.stdout


def failed(argv: Sequence[str], finished: Finished) -> Problem:
    what = " ".join(argv[:2])
    said = scrubbed(finished.stderr)
    code = "local-full" if "out of space" in said or "No space left" in said else "failed"
    hint = "see 'dmesg' and 'zpool status' on the host"
    if code == "local-full":
        hint = "free space in the scratch folder, or let the drill's pool be larger (sizeBytes)"
    return Problem(code, what, f"'{what}' ended with exit code {finished.code}: {said or 'no reason given'}", hint)


def scrubbed(text: str) -> str:
    """Only the throwaway pools' own names may be told; everything quoted or path-like is somebody else's."""
    text = re.sub(r"'(?!haven-drill-)[^']*'", "'…'", " ".join(text.split()))
    text = re.sub(r"(?<![\w/-])(?!haven-drill-|/dev/)[^\s:'…]*[/@][^\s:']*", "…", text)
    return text[:1000]


def imported_pools() -> list[str]:
    return tool(["zpool", "list", "-H", "-o", "name"]).splitlines()


def pool_mark(pool: str) -> str:
    """The run that made the pool, '' when nobody marked it."""
    value = tool(["zfs", "get", "-H", "-p", "-s", "local", "-o", "value", "haven:throwaway", pool]).strip()
    return "" if value == "-" else value


def pool_vdevs(pool: str) -> list[str]:
    """The paths of all the vdevs, and the names of mirrors and the like among them, as `zpool list -v` has them."""
    lines = tool(["zpool", "list", "-H", "-P", "-v", pool]).splitlines()
    if not lines or lines[0].split("\t")[0] != pool:
        raise Problem("failed", "zpool list", "the list of a pool's vdevs has an unknown form", "report this with the zfs version")
    return [line.lstrip("\t").split("\t")[0] for line in lines[1:]]


def versions() -> dict[str, str]:
    """{'zfs': tools, 'zfsKernel': module}"""
    text = tool(["zfs", "version"])
    kernel = re.search(r"^zfs-kmod-(\S+)", text, re.MULTILINE)
    tools = re.search(r"^zfs-(?!kmod-)(\S+)", text, re.MULTILINE)
    return {"zfs": tools[1] if tools else "unknown", "zfsKernel": kernel[1] if kernel else "unknown"}


def scrub_report(pool: str) -> dict[str, Any]:
    """{'state', 'errors', 'repairedBytes'} of the pool's last scrub; throws failed when the status does not say so clearly."""
    return read_scrub_report(tool(["zpool", "status", "-j", "--json-int", "-p", pool]), pool)


def read_scrub_report(text: str, pool: str) -> dict[str, Any]:
    try:
        status = json.loads(text)["pools"][pool]
        scan = status["scan_stats"]
        counts = [int(scan["errors"]), int(status["error_count"]), *_vdev_errors(status["vdevs"])]
        function, state, repaired = str(scan["function"]), str(scan["state"]), _bytes(scan.get("processed", 0))
        health = str(status["state"])
    except (KeyError, TypeError, ValueError):
        raise Problem("failed", "zpool status", "the pool's status has an unknown form", "report this with the zfs version") from None
    if function != "SCRUB" or state != "FINISHED":
        raise Problem("failed", "zpool scrub", f"the scrub did not finish: {function} {state}", "see 'dmesg' on the host")
    errors = sum(counts)
    return {"state": "finished" if health == "ONLINE" else health.lower(), "errors": errors, "repairedBytes": repaired}


def _vdev_errors(vdevs: dict[str, Any]) -> list[int]:
    if not vdevs:
        raise ValueError("no vdevs")
    counts: list[int] = []
    for vdev in vdevs.values():
        counts += [int(vdev[name]) for name in ("read_errors", "write_errors", "checksum_errors")]
        if "vdevs" in vdev:
            counts += _vdev_errors(vdev["vdevs"])
    return counts


def _bytes(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]
    except (TypeError, ValueError):
        return 0
