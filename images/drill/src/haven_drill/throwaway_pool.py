"""The throwaway pool: made on a sparse file in the scratch folder, marked at birth, and destroyed only when it is beyond doubt one of ours.

/dev/zfs sees every pool of the host: a mistake here could destroy the owner's. So each destroy asks again: the name's form, the mark, and that the
one and only vdev is a file in the scratch folder. Whatever fails one of these is left alone, loudly.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable

from haven_drill import zfs_tools
from haven_drill.problem import Problem
from haven_drill.request import POOL

PREFIX = "haven-drill-"


def image_path(scratch: str, pool: str) -> str:
    return os.path.join(scratch, f"{pool}.img")


def altroot(scratch: str, pool: str) -> str:
    return os.path.join(scratch, f"alt-{pool}")


def create(scratch: str, pool: str, size: int, run: str) -> None:
    """Given a name of ours, make the file and the marked pool on it; throws local-full, failed."""
    if not POOL.fullmatch(pool):
        raise Problem("bad-request", "create pool", "the pool's name is not one of a throwaway pool", "name it haven-drill-<hex>")
    space = os.statvfs(scratch)
    free = space.f_bavail * space.f_frsize
    # A pool that cannot write is suspended, and nothing but a reboot ends what waits for it: the file must be able to grow to its size.
    if free < size:
        message = f"the scratch folder has {free} bytes free, the drill's pool may need {size}"
        raise Problem("local-full", "create pool", message, "free space on the scratch disk, or give the drill another scratch folder")
    path = image_path(scratch, pool)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        message = "the scratch folder holds a file for a pool of this name already"
        raise Problem("failed", "create pool", message, "let 'reap' remove the leftover; choose a new name for each drill") from None
    try:
        os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)
    zfs_tools.tool(
        # No cachefile: the host must not import it at boot. acltype: the restored ACLs must be visible to whoever compares.
        ["zpool", "create", "-o", "cachefile=none", "-o", "failmode=continue", "-R", altroot(scratch, pool), "-m", "none"]
        + ["-O", "canmount=off", "-O", "atime=off", "-O", "acltype=posixacl", "-O", "xattr=sa"]
        + ["-O", f"haven:throwaway={run}", pool, path]
    )


def create_or_clean_up(scratch: str, pool: str, size: int, run: str, seconds: float) -> None:
    """Like create, but a pool or file that it made is gone when it fails."""
    existed = os.path.lexists(image_path(scratch, pool))
    try:
        create(scratch, pool, size, run)
    except BaseException:
        if not existed and pool in zfs_tools.imported_pools():
            destroy(scratch, pool, seconds)
        elif not existed:
            remove_image(scratch, pool)
        raise


def why_not_ours(scratch: str, pool: str) -> str:
    """'' when the imported pool may be destroyed, else the reason why it must not be touched."""
    if not POOL.fullmatch(pool):
        return "its name is not one of a throwaway pool"
    if not zfs_tools.pool_mark(pool):
        return "it has no mark haven:throwaway"
    vdevs = zfs_tools.pool_vdevs(pool)
    if len(vdevs) != 1:
        return f"it has {len(vdevs)} vdevs instead of one"
    if not os.path.isabs(vdevs[0]) or os.path.dirname(os.path.realpath(vdevs[0])) != os.path.realpath(scratch):
        return "its vdev is not in the scratch folder"
    try:
        if not stat.S_ISREG(os.lstat(vdevs[0]).st_mode):
            return "its vdev is not a file"
    except FileNotFoundError:
        pass  # deleted beneath the pool; the path was in the scratch folder
    return ""


def destroy(scratch: str, pool: str, seconds: float, on_wait: Callable[[], None] = lambda: None) -> None:
    """Destroys the imported pool and its file; throws failed when it is not ours, or still busy at the deadline."""
    reason = why_not_ours(scratch, pool)
    if reason:
        raise refused(pool, reason)
    deadline = time.monotonic() + seconds
    while True:
        try:
            # Snapshots that Docker mounted for `verify` are unmounted a moment after its container ended.
            zfs_tools.tool(["zpool", "destroy", pool], max(5.0, deadline - time.monotonic()), on_wait)
            break
        except Problem as problem:
            if "busy" not in problem.message or time.monotonic() >= deadline:
                raise
        on_wait()
        time.sleep(1)
    remove_image(scratch, pool)


def remove_image(scratch: str, pool: str) -> bool:
    """Removes the file (never a link or anything else) of a pool that is not imported; true when there was one."""
    path = image_path(scratch, pool)
    try:
        if not POOL.fullmatch(pool) or not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        os.unlink(path)
    except FileNotFoundError:
        return False
    try:
        os.rmdir(altroot(scratch, pool))
    except OSError:
        pass  # zpool makes no folder for -R; if somebody did, an empty one is no harm
    return True


def refused(pool: str, reason: str) -> Problem:
    # A name that is not of our form is somebody's own: not to be told.
    subject = pool if POOL.fullmatch(pool) else f"a pool {PREFIX}…"
    return Problem("failed", "destroy pool", f"refused to destroy a pool: {reason}", "look at 'zpool list' on the host; destroy it by hand if it is Haven's", subject)
