"""`alter`: makes trees that `verify` must call red. Of the tree at /haven/source a sample is taken, and put into /haven/altered again and again: as `source`,
as `unaltered`, and once under the name of each alteration, which is then made to it.

Guarantees: nothing else differs, not even the time of the folder that a file was taken out of; so whatever verify finds beside the alteration is a fault of its own.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections import deque
from collections.abc import Callable
from typing import Any

from haven_drill import children
from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping

# What is compared ten times need not be large: verify looks at each entry by itself.
MOST_ENTRIES = 200
MOST_BYTES = 16 << 20
SECONDS = 600.0
TAR = ("tar", "--format=posix", "--xattrs", "--acls", "--numeric-owner", "--sparse")


def alter(request: dict[str, Any], events: Events, stopping: Stopping, places: Places) -> dict[str, Any]:
    root, into = os.fsencode(places.source), os.fsencode(places.altered)
    sample, victim = choose(root)
    if victim is None:
        message = "the tree holds no file that could be altered: a regular one of at most 16 MiB, with content and a single name"
        raise Problem("failed", "choose a sample", message, "name another backup")
    archive = os.path.join(into, b"sample.tar")
    pack(root, sample, archive)
    for name in ("source", "unaltered", *request["alterations"]):
        events.progress("alter", 0, None, "files")
        copy = os.path.join(into, name.encode("ascii"))
        unpack(archive, copy)
        if name in ALTERATIONS:
            keeping_times(ALTERATIONS[name], copy, os.path.join(copy, victim))
    os.remove(archive)
    return {"altered": {"entries": len(sample), "alterations": request["alterations"]}}


def choose(root: bytes) -> tuple[list[bytes], bytes | None]:
    """Paths below the root, folders before what is in them, and the file among them that will be altered."""
    found: list[bytes] = []
    victim: bytes | None = None
    size, folders = 0, deque([b""])
    while folders and len(found) < MOST_ENTRIES:
        folder = folders.popleft()
        for name in sorted(os.listdir(os.path.join(root, folder))):
            path = os.path.join(folder, name)
            seen = os.lstat(os.path.join(root, path))
            if stat.S_ISSOCK(seen.st_mode) or len(found) == MOST_ENTRIES:
                continue
            if stat.S_ISREG(seen.st_mode):
                if size + seen.st_size > MOST_BYTES:
                    continue
                size += seen.st_size
                if victim is None and may_be_altered(os.path.join(root, path), seen):
                    victim = path
            elif stat.S_ISDIR(seen.st_mode):
                folders.append(path)
            found.append(path)
    return found, victim


def may_be_altered(path: bytes, seen: os.stat_result) -> bool:
    """One whose owner, mode or content can change and nothing else with it: a new owner would take setuid bits and capabilities away."""
    plain = seen.st_size > 0 and seen.st_nlink == 1 and not seen.st_mode & (stat.S_ISUID | stat.S_ISGID)
    return plain and not any(name.startswith("security.") for name in os.listxattr(path))


def pack(root: bytes, sample: list[bytes], archive: bytes) -> None:
    names = b"".join(b"./" + path + b"\0" for path in sample)
    run([*TAR, "--create", "--file", archive, "--directory", root, "--no-recursion", "--null", "--verbatim-files-from", "--files-from=-"], names)


def unpack(archive: bytes, into: bytes) -> None:
    os.mkdir(into, 0o755)
    run([*TAR, "--extract", "--delay-directory-restore", "--same-owner", "--preserve-permissions", "--file", archive, "--directory", into], b"")
    # The root itself is in no archive: it gets one time, whichever copy it is of.
    os.utime(into, ns=(0, 0))


def run(command: list[str | bytes], given: bytes) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        # Its words name files.
        process.communicate(given, SECONDS)
        if process.returncode != 0:
            raise Problem("failed", "copy the sample", f"tar ended with {process.returncode}", "is the disk full? does it keep extended attributes?")
    except subprocess.TimeoutExpired:
        raise Problem("failed", "copy the sample", f"tar did not end within {SECONDS:.0f} s", "look at the disk") from None
    finally:
        children.end(process, 5)


def keeping_times(act: Callable[[bytes, bytes], None], root: bytes, victim: bytes) -> None:
    """Alters, and gives root, folder and file the times back that they had."""
    around = {path: os.lstat(path).st_mtime_ns for path in (victim, os.path.dirname(victim), root)}
    act(root, victim)
    if act is moment:
        del around[victim]
    for path, time in around.items():
        if os.path.lexists(path):
            os.utime(path, ns=(time, time))


def content(root: bytes, victim: bytes) -> None:
    with open(victim, "r+b") as file:
        byte = file.read(1)[0]
        file.seek(0)
        file.write(bytes([byte ^ 1]))


def mode(root: bytes, victim: bytes) -> None:
    os.chmod(victim, stat.S_IMODE(os.lstat(victim).st_mode) ^ stat.S_IXOTH)


def owner(root: bytes, victim: bytes) -> None:
    os.chown(victim, os.lstat(victim).st_uid + 1, -1)


def moment(root: bytes, victim: bytes) -> None:
    before = os.lstat(victim).st_mtime_ns
    os.utime(victim, ns=(before, before + 1))


def xattr(root: bytes, victim: bytes) -> None:
    os.setxattr(victim, "user.haven-sabotage", b"1")


def rename(root: bytes, victim: bytes) -> None:
    os.rename(victim, victim + b"~")


def extra(root: bytes, victim: bytes) -> None:
    os.close(os.open(os.path.join(os.path.dirname(victim), b"haven-sabotage"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))


def missing(root: bytes, victim: bytes) -> None:
    os.remove(victim)


def empty(root: bytes, victim: bytes) -> None:
    """By hand, as rmtree follows nothing but says nothing either of what it left."""
    for folder, folders, files in os.walk(root, topdown=False):
        for name in files:
            os.remove(os.path.join(folder, name))
        for name in folders:
            path = os.path.join(folder, name)
            os.remove(path) if os.path.islink(path) else os.rmdir(path)


ALTERATIONS: dict[str, Callable[[bytes, bytes], None]] = {
    "content": content,
    "mode": mode,
    "owner": owner,
    "time": moment,
    "xattr": xattr,
    "name": rename,
    "extra": extra,
    "missing": missing,
    "empty": empty,
}
