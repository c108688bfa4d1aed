"""Swift by python-swiftclient, for the time being."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, BinaryIO

from haven_a.problem import Problem
from haven_a.store import StoredObject


def check_auth(auth: dict[str, Any]) -> dict[str, Any]:
    if auth.get("version") not in (1, 2, 3) or not isinstance(auth.get("url"), str):
        raise Problem("bad-request", "read settings", "auth: needs version (1, 2 or 3) and url", "mend strategies.a.settings in haven.yaml")
    return auth


class SwiftStore:
    def __init__(self, container: str, auth: dict[str, Any], secret: dict[str, object]) -> None:
        from swiftclient import client

        self._client = client
        self._container = container
        self._calls = 0
        self._connection = client.Connection(
            authurl=auth["url"], user=secret["user"], key=secret["password"], auth_version=str(auth["version"]), timeout=60, retries=0
        )

    def _try(self, what: str, action: Callable[[], Any]) -> Any:
        for attempt in range(4):
            self._calls += 1
            try:
                return action()
            except self._client.ClientException as error:
                status = error.http_status
                if status == 404:
                    return None
                if status in (401, 403) or "nauthorized" in str(error):
                    raise Problem("credentials-revoked", what, "the store refuses the credentials", "mend swift.json") from None
                if status in (507, 413):
                    raise Problem("store-full", what, "the store is full", "free space there") from None
                reason = f"the store answered {status}" if status else "the store cannot be reached"
            except OSError:
                reason = "the store cannot be reached"
            except Exception as error:
                reason = f"the store cannot be reached ({type(error).__name__})"
            if attempt < 3:
                time.sleep(2**attempt)
        raise Problem("try-later", what, reason, "is it up? run it again later")

    def list(self, prefix: str = "") -> list[StoredObject]:
        found = self._try("list objects", lambda: self._connection.get_container(self._container, prefix=prefix or None, full_listing=True))
        if found is None:
            return []
        return [StoredObject(each["name"], each["bytes"], each["hash"], each["last_modified"] + "Z") for each in found[1]]

    def get(self, name: str, into: BinaryIO) -> bool:
        def read() -> bool:
            into.seek(0)
            into.truncate()
            _headers, body = self._connection.get_object(self._container, name, resp_chunk_size=1 << 20)
            for chunk in body:
                into.write(chunk)
            return True

        return bool(self._try("read object", read))

    def find(self, name: str) -> StoredObject | None:
        head = self._try("ask for object", lambda: self._connection.head_object(self._container, name))
        return None if head is None else StoredObject(name, int(head["content-length"]), head["etag"], "")

    def put(self, name: str, content: BinaryIO, size: int, md5: str, on_bytes: Callable[[int], None]) -> None:
        def write() -> bool:
            content.seek(0)
            etag = self._connection.put_object(self._container, name, contents=content, content_length=size, etag=md5)
            if etag != md5:
                raise Problem("failed", "store object", "the store's md5 is another one", "run it again")
            on_bytes(size)
            return True

        if self._try("store object", write) is None:
            self._try("make container", lambda: self._connection.put_container(self._container))
            if self._try("store object", write) is None:
                raise Problem("failed", "store object", "the container cannot be made", "")

    def delete(self, name: str) -> None:
        self._try("delete object", lambda: self._connection.delete_object(self._container, name))

    def calls(self) -> int:
        return self._calls
