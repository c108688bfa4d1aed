"""Runs inside duplicity's own interpreter: `python3 -m haven_a.inside FD ARGUMENT…` is `duplicity ARGUMENT…`, except that

- what goes to the store goes through haven_a.store: with time-outs, and with the md5 told beforehand, which Swift then demands of what arrives;
  duplicity's own client has no time-out, compares nothing but the size, and takes its deletes for done. Each object that the store confirmed gets a receipt;
- nothing is ever deleted: what must go, Haven deletes itself, by name;
- the passphrase and the store's password come through a pipe: neither argv nor environment ever holds them, nor do those of the gpg that duplicity starts;
- the host has a fixed name: a container's is another one in each run;
- where duplicity would start itself anew (a resume that cannot be), it ends instead, and Haven decides.

What lies in the store is plain duplicity's all the same: the drill reads it with another release's own Swift client.
"""

from __future__ import annotations

import gzip
import json
import os
import runpy
import sys
import time
from typing import Any

from haven_a.hash_while_written import HashWhileWritten

# Exit statuses of ours; duplicity's own end at 69.
STORE_PROBLEM = 91
CANNOT_RESUME = 92
DUPLICITY = "/usr/bin/duplicity"
HOST_NAME = "haven"


def main(arguments: list[str]) -> None:
    with open(int(arguments[0]), "rb") as pipe:
        spec = json.load(pipe)
    os.environ["GNUPGHOME"] = spec["gnupgHome"]
    sys.argv = [DUPLICITY, *arguments[1:]]
    adapt(spec)
    runpy.run_path(DUPLICITY, run_name="__main__")


def adapt(spec: dict[str, Any]) -> None:
    import builtins

    # Its modules expect the translation function that its main program installs.
    builtins.__dict__.setdefault("_", lambda text: text)
    from duplicity import backend, config, dup_main, gpg

    hashes = HashWhileWritten()

    def only_ours() -> None:
        backend.register_backend("haven", lambda url: store_backend(url, spec, hashes))

    def no_restart(*_arguments: object) -> None:
        sys.exit(CANNOT_RESUME)

    passphrase = os.fsdecode(bytes.fromhex(spec["passphraseHex"]))
    config.hostname = HOST_NAME
    backend.import_backends = only_ours
    gpg.GPGWriteFile = hashes.around(gpg.GPGWriteFile)
    dup_main.get_passphrase = lambda *_arguments, **_named: passphrase
    os.execve = no_restart  # type: ignore[assignment]
    if spec["compareWith"]:
        look_closer(spec["compareWith"])


def look_closer(compare_with: dict[str, Any]) -> None:
    """Makes an incremental look into each file that changed after the base's snapshot, whatever its mtime says: duplicity itself goes by nothing else."""
    from duplicity import diffdir, log

    from haven_a.duplicity_log import SUSPECTS
    from haven_a.tree_walk import ChangeIndex

    collate = diffdir.collate2iters
    path = compare_with.get("index")
    index = ChangeIndex(gzip.open(path, "rb")) if path else None
    since = int(compare_with.get("since", 0))

    def changed(new: Any) -> bool:
        found = os.lstat(new.name)
        if index is None:
            return found.st_ctime_ns > since
        return index.of(new.index) != (found.st_ino, found.st_ctime_ns)

    def collate_closely(ours: Any, recorded: Any) -> Any:
        suspects = 0
        for new, old in collate(ours, recorded):
            if new and old and new.isreg() and old.isreg() and new.index[:1] == (b"source",) and changed(new) and new == old:
                # No time of modification that any comparison could take for the file's.
                old.stat.st_mtime = max(int(new.stat.st_mtime), 0) + 1
                suspects += 1
            yield new, old
        log.Log("", log.NOTICE, SUSPECTS, str(suspects))

    diffdir.collate2iters = collate_closely


def store_backend(url: Any, spec: dict[str, Any], hashes: HashWhileWritten) -> Any:
    from duplicity import backend, diffdir, log, util
    from duplicity.errors import BackendException

    from haven_a.duplicity_log import BYTES_SENT, OBJECT_STORED
    from haven_a.problem import Problem
    from haven_a.store import open_store

    def tell(code: int, extra: str) -> None:
        log.Log("", log.NOTICE, code, extra)

    store = open_store(spec["container"], spec["auth"], spec["swift"])
    folder = spec["source"]
    sizes: dict[str, int] = {}

    def guarded(action: Any) -> Any:
        try:
            return action()
        except Problem as problem:
            with open(spec["reportPath"], "w", encoding="utf-8") as report:
                json.dump(problem.as_error(), report)
            # No Exception, so that duplicity does not try again: the store has tried for as long as it makes sense.
            sys.exit(STORE_PROBLEM)

    class Told:
        """Tells of the bytes on their way, every five seconds, so that whoever watches can tell slow from dead."""

        def __init__(self) -> None:
            self.at = time.monotonic()
            self.sent = 0

        def __call__(self, count: int) -> None:
            self.sent += count
            if time.monotonic() - self.at > 5:
                self.at = time.monotonic()
                tell(BYTES_SENT, str(self.sent))

    class HavenBackend(backend.Backend):  # type: ignore[misc]
        def _put(self, source_path: Any, remote_filename: Any) -> None:
            name = util.fsdecode(remote_filename)
            digests, size = hashes.digests_of(source_path.name)
            with open(source_path.name, "rb") as file:
                guarded(lambda: store.put(f"{folder}/{name}", file, size, digests["md5"], Told()))
            receipt = {"name": name, "bytes": size, **digests}
            write_receipt(spec["receiptsPath"], receipt)
            sizes[name] = size
            # How far into the source it has come; there are no statistics where nothing is backed up.
            read = diffdir.stats.SourceFileSize if diffdir.stats else 0
            tell(OBJECT_STORED, json.dumps({**receipt, "read": read}))

        def _get(self, remote_filename: Any, local_path: Any) -> None:
            name = util.fsdecode(remote_filename)
            with open(local_path.name, "wb") as file:
                if not guarded(lambda: store.get(f"{folder}/{name}", file)):
                    raise BackendException(f"not in the store: {name}")

        def _list(self) -> list[str]:
            return [each.name[len(folder) + 1 :] for each in guarded(lambda: store.list(f"{folder}/"))]

        def _query(self, filename: Any) -> dict[str, int]:
            # Of what was just stored the size is proven; a listing may not show it yet.
            name = util.fsdecode(filename)
            if name in sizes:
                return {"size": sizes[name]}
            found = guarded(lambda: store.find(f"{folder}/{name}"))
            return {"size": found.bytes if found else -1}

        def _delete(self, _filename: Any) -> None:
            sys.exit(CANNOT_RESUME)

    return HavenBackend(url)


def write_receipt(path: str, receipt: dict[str, Any]) -> None:
    with open(path, "ab") as file:
        file.write(json.dumps(receipt).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main(sys.argv[1:])
