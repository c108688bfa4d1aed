"""What the verbs need of an object store. One container, flat names, whole objects; errors are Problems with the contract's codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol


@dataclass(frozen=True)
class StoredObject:
    name: str
    bytes: int
    #: As the store's listing has it.
    md5: str
    #: RFC 3339 in UTC, as the listing has it; "" when it does not say.
    modified: str


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
        """Deletes it; that there was none is no error."""

    def calls(self) -> int:
        """Requests so far, retries included."""


def open_store(container: str, auth: dict[str, Any], secret: dict[str, object]) -> Store:
    from haven_a.store.swift import SwiftStore, check_auth

    return SwiftStore(container, check_auth(auth), secret)
