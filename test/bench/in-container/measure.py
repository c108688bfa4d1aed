"""measure.py COMMAND…: runs it and prints, as JSON, what it and all that it started cost. In a container of its own, so every process there is one of them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time

SAMPLE_SECONDS = 0.2


def resident_bytes() -> int:
    """Of all processes but this one, each shared page counted once in all (PSS)."""
    total = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/smaps_rollup", encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024
        except OSError:
            continue  # it ended meanwhile
    return total


def main(command: list[str]) -> int:
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(SAMPLE_SECONDS):
            peak = max(peak, resident_bytes())

    watcher = threading.Thread(target=watch)
    began = time.monotonic()
    watcher.start()
    code = subprocess.run(command, stdout=sys.stderr).returncode
    seconds = time.monotonic() - began
    ended.set()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {"seconds": seconds, "cpuSeconds": used.ru_utime + used.ru_stime, "largestBytes": used.ru_maxrss * 1024, "togetherBytes": peak}
    print(json.dumps(figures))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
