"""OpenStack Swift by python-swiftclient's functions; what they do not do is done here: time-outs, retries, whole listings, proof of what was stored, read and deleted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, BinaryIO

from haven_a.problem import Problem
from haven_a.store import StoredObject, Usage
from haven_a.store.auth import Auth, Login
from haven_a.store.failures import Again, OursFailed, full
from haven_a.store.patience import Patience
from haven_a.store.session import Link, Session

MD5 = re.compile(r"[0-9a-f]{32}")
PIECE = 1 << 20
# A block must be on its way before the connection counts as stalled.
SENT = 1 << 15


class SwiftStore:
    def __init__(self, container: str, auth: Auth, login: Login, patience: Patience, page: int = 10_000) -> None:
        self._session = Session(auth, login, patience)
        self._client = self._session.client
        self._container = container
        self._page = page

    def list(self, prefix: str = "") -> list[StoredObject]:
        found: list[StoredObject] = []
        while True:
            after = found[-1].name if found else ""
            page = self._session.ask("list objects", lambda link, after=after: self._page_after(link, prefix, after))
            if page is None and found:
                raise Problem("failed", "list objects", "the container went away in the middle of the listing", "who else works with this account?")
            # Not until a page is short: a provider's pages may be shorter than what we ask for.
            if not page:
                return found
            found += page

    def _page_after(self, link: Link, prefix: str, after: str) -> list[StoredObject]:
        _headers, entries = self._client.get_container(
            link.url, link.token, self._container, marker=after or None, limit=self._page, prefix=prefix or None, http_conn=link.http
        )
        page = []
        for entry in entries if isinstance(entries, list) else [None]:
            stored = stored_object(entry)
            # Else there would be no end to it.
            if stored is None or stored.name.encode() <= after.encode() or not stored.name.startswith(prefix):
                raise Again("the store's listing cannot be understood")
            page.append(stored)
            after = stored.name
        return page

    def find(self, name: str) -> StoredObject | None:
        return self._session.ask("ask for object", lambda link: self._head(link, name))

    def _head(self, link: Link, name: str) -> StoredObject:
        head = self._client.head_object(link.url, link.token, self._container, name, http_conn=link.http)
        return StoredObject(name, int(head["content-length"]), head.get("etag", "").strip('"'), "")

    def get(self, name: str, into: BinaryIO) -> bool:
        differed = 0

        def read(link: Link) -> bool:
            nonlocal differed
            count, md5, told = self._read(link, name, into)
            if count != told.bytes:
                raise Again("the connection broke off")
            if md5 == told.md5:
                return True
            differed += 1
            # Once may be the line; the store's own check of its disks would have answered otherwise.
            if differed > 1:
                hint = "keep everything; make a new full backup; ask the provider"
                raise Problem("damaged", "read object", "what the store gives is not what it says that it stored", hint, name)
            raise Again("what arrived was not what the store sent")

        return bool(self._session.ask("read object", read))

    def _read(self, link: Link, name: str, into: BinaryIO) -> tuple[int, str, StoredObject]:
        _ours(lambda: (into.seek(0), into.truncate()))
        head, body = self._client.get_object(link.url, link.token, self._container, name, resp_chunk_size=PIECE, http_conn=link.http)
        digest, count = hashlib.md5(usedforsecurity=False), 0
        for piece in body:
            _ours(lambda piece=piece: into.write(piece))
            digest.update(piece)
            count += len(piece)
        return count, digest.hexdigest(), StoredObject(name, int(head["content-length"]), head.get("etag", "").strip('"'), "")

    def put(self, name: str, content: BinaryIO, size: int, md5: str, on_bytes: Callable[[int], None]) -> None:
        broken = False

        def write(link: Link) -> bool:
            nonlocal broken
            if broken and self._is_there_after_all(name, size, md5):
                return True
            broken = True
            _ours(lambda: content.seek(0))
            body: Any = sending(content, size, on_bytes) if size else b""
            etag = self._client.put_object(
                link.url, link.token, self._container, name, contents=body, content_length=size, etag=md5, content_type="application/octet-stream", http_conn=link.http
            )
            if etag != md5:
                raise Again("what arrived at the store was not what was sent")
            return True

        if self._session.ask("store object", write, upload=True):
            return
        # Only whoever stores makes the container: a misspelt name must not look like an empty store to those who read.
        self._session.ask("make container", lambda link: self._client.put_container(link.url, link.token, self._container, http_conn=link.http))
        broken = False
        if not self._session.ask("store object", write, upload=True):
            raise Problem("failed", "store object", "the container was made, and is not there", "run it again")

    def _is_there_after_all(self, name: str, size: int, md5: str) -> bool:
        """After a try that went wrong in an unknown way: its answer may be what was lost, or the store hung up because it is full."""
        found = self.find(name)
        if found is not None and (found.bytes, found.md5) == (size, md5):
            return True
        room = self.usage().room
        if room is not None and room < size:
            raise full("store object")
        return False

    def delete(self, name: str) -> None:
        def remove(link: Link) -> bool:
            self._client.delete_object(link.url, link.token, self._container, name, http_conn=link.http)
            if self.find(name) is not None:
                raise Again("the store says that it deleted an object, and still shows it")
            return True

        self._session.ask("delete object", remove)

    def usage(self) -> Usage:
        account = self._told(lambda link: self._client.head_account(link.url, link.token, http_conn=link.http))
        container = self._told(lambda link: self._client.head_container(link.url, link.token, self._container, http_conn=link.http))
        used = _number(account, "x-account-bytes-used") or 0
        rooms = [
            quota - taken
            for quota, taken in (
                (_number(account, "x-account-meta-quota-bytes"), used),
                (_number(container, "x-container-meta-quota-bytes"), _number(container, "x-container-bytes-used") or 0),
            )
            if quota is not None
        ]
        return Usage(used, max(0, min(rooms)) if rooms else None)

    def _told(self, head: Callable[[Link], dict[str, str]]) -> dict[str, str]:
        try:
            return self._session.ask("ask for usage", head) or {}
        except Problem as problem:
            # Some may use one container and not look at the account: that is no reason to store nothing.
            if problem.code != "credentials-revoked":
                raise
            return {}

    def calls(self) -> int:
        return self._session.calls


def sending(file: BinaryIO, size: int, on_bytes: Callable[[int], None]) -> Any:
    """A file on its way, as python-swiftclient hands it on untouched: in blocks of SENT, where a file itself goes by 8 KiB. It tells of its bytes, and keeps
    our disk's failures apart from the network's."""
    from swiftclient.utils import ReadableToIterable

    class Sending(ReadableToIterable):  # type: ignore[misc]
        def __len__(self) -> int:
            return size

        def __next__(self) -> bytes:
            piece: bytes = _ours(lambda: file.read(SENT))
            if not piece:
                raise StopIteration
            on_bytes(len(piece))
            return piece

    return Sending(file)


def stored_object(entry: Any) -> StoredObject | None:
    """Given an entry of a listing, return it, or None when it is none of an object."""
    if not isinstance(entry, dict):
        return None
    name, size, md5, modified = (entry.get(key) for key in ("name", "bytes", "hash", "last_modified"))
    if not isinstance(name, str) or not name or type(size) is not int or size < 0 or not isinstance(md5, str) or not MD5.fullmatch(md5):
        return None
    return StoredObject(name, size, md5, modified + "Z" if isinstance(modified, str) and modified else "")


def _ours(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except OSError as error:
        raise OursFailed(error) from None


def _number(headers: dict[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isdigit() else None
