#!/usr/bin/env python3
"""Writes one backup as images/strategy-a/FORMAT.md says, without any of strategy A's code: plain duplicity, plain swiftclient, plain gpg. Runs in a container.

    write_backup.py full|incremental ID BACKUP [BASE-MANIFEST]     prints the manifest that it stored; the tree is /haven/source/ID
TEST_RECORD_OPTIONS="--hash": with the hashes of contents in the record.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import os
import subprocess
import sys
import time
from typing import Any

from swiftclient.client import Connection

AUTH = {"SWIFT_AUTHURL": os.environ["SWIFT_URL"], "SWIFT_USERNAME": "haven:backup", "SWIFT_PASSWORD": os.environ["SWIFT_KEY"], "SWIFT_AUTHVERSION": "1"}
# duplicity 0.8.22 has two Swift clients; with auth version 1 the second, which asks for the size of what was stored, knows these names only.
AUTH |= {"ST_AUTH": AUTH["SWIFT_AUTHURL"], "ST_USER": AUTH["SWIFT_USERNAME"], "ST_KEY": AUTH["SWIFT_PASSWORD"]}
PASSPHRASE = os.environ["TEST_PASSPHRASE"]
KIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../controller/kit")


def main(kind: str, source: str, backup: str, base: dict[str, Any] | None) -> None:
    attributes = f"/haven/state/attributes/{source}"
    os.makedirs(attributes, exist_ok=True)
    subprocess.run([sys.executable, f"{KIT}/attributes.py", "record", f"/haven/source/{source}", f"{attributes}/record", *os.environ.get("TEST_RECORD_OPTIONS", "").split()], check=True, stdout=sys.stderr)
    with open(f"{attributes}/record", "rb") as file:
        entries = int(file.readlines()[-1].split()[1]) - 1
    began = int(time.time())
    if base:
        began = max(began, calendar.timegm(time.strptime(base["setTime"], "%Y%m%dT%H%M%SZ")) + 1)
    set_time = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(began))
    argv = ["duplicity", kind, "--archive-dir", "/haven/state/archive", "--name", "haven", "--current-time", str(began), "--volsize", "1", "--allow-source-mismatch"]
    argv += ["--include", f"/haven/source/{source}", "--include", attributes, "--exclude", "**", "/haven", f"swift://haven/{source}"]
    subprocess.run(argv, check=True, stdout=sys.stderr, env={**os.environ, **AUTH, "PASSPHRASE": PASSPHRASE})
    store = Connection(authurl=AUTH["SWIFT_AUTHURL"], user=AUTH["SWIFT_USERNAME"], key=AUTH["SWIFT_PASSWORD"], auth_version="1")
    objects = []
    for found in store.get_container("haven", prefix=f"{source}/duplicity-", full_listing=True)[1]:
        if f".{set_time}." in found["name"] and (kind == "full") == ("-full" in found["name"]):
            body = store.get_object("haven", found["name"])[1]
            objects.append({"name": found["name"].split("/")[1], "bytes": found["bytes"], "md5": found["hash"], "sha256": hashlib.sha256(body).hexdigest()})
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    manifest = {
        "format": "haven-a/1",
        "backup": backup,
        "chain": base["chain"] if base else backup,
        "kind": kind,
        "base": base["backup"] if base else None,
        "source": {"id": source, "dataset": "tank/test", "snapshot": "haven-test", "guid": "12345678901234567890"},
        "setTime": set_time,
        "baseTime": base["setTime"] if base else None,
        "objects": objects,
        "counts": {"entries": entries, "files": 1, "sourceBytes": 1},
        "writer": {"haven": "a test"},
        "createdAt": now,
        "committedAt": now,
    }
    store.put_object("haven", f"{source}/haven-manifest.{set_time}.json.gpg", encrypted(json.dumps(manifest).encode()))
    print(json.dumps(manifest))


def encrypted(plain: bytes) -> bytes:
    argv = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--symmetric", "--cipher-algo", "AES256"]
    return subprocess.run(argv, input=plain, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4]) if len(sys.argv) > 4 else None)
