"""What the verbs need of an object store. One container, flat names, whole objects; errors are Problems with the contract's codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from haven_a.store.patience import Patience


@dataclass(frozen=True)
class StoredObject:
    name: str
    bytes: int
    #: As the store's listing has it.
    md5: str
    #: RFC 3339 in UTC, as the listing has it; "" when it does not say.
    modified: str


@dataclass(frozen=True)
class Usage:
    """Of the whole account; what is smaller, the account's quota or the container's, leaves so much room. None: nobody said."""

    bytes: int
    room: int | None


class Store(Protocol):
    def list(self, prefix: str = "") -> list[StoredObject]:
        """All objects whose names begin so, complete or an error. A container that does not exist has none."""

    def get(self, name: str, into: BinaryIO) -> bool:
        """Writes the object's bytes; False when there is none of that name. What arrived has the md5 that the store told."""

    def find(self, name: str) -> StoredObject | None:
        """Asks for one object by its name, which sees what a listing that lags does not; None when there is none."""

    def put(self, name: str, content: BinaryIO, size: int, md5: str, on_bytes: Callable[[int], None]) -> None:
        """Stores it whole, proven by the store's own md5, or raises."""

    def delete(self, name: str) -> None:
        """Deletes it, and has seen that it is gone; that there was none is no error."""

    def usage(self) -> Usage:
        """How much the account holds, and how much more it may."""

    def calls(self) -> int:
        """Requests so far, retries included."""


def open_store(container: str, auth: dict[str, Any], secret: dict[str, object], patience: Patience | None = None) -> Store:
    """Given settings and secret, return the store, of which nothing is asked yet; throws bad-request naming what is wrong with them."""
    from haven_a.store.auth import check_auth, check_login
    from haven_a.store.swift import SwiftStore

    checked = check_auth(auth)
    return SwiftStore(container, checked, check_login(secret, checked), patience or Patience())
