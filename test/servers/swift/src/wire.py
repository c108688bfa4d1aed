"""What can happen to bytes on their way: they stop, crawl, break off, or arrive as others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import eventlet

PIECE = 16_384


class Wire:
    """One request's: of the body of a PUT, of the answer otherwise."""

    def __init__(self, fault: dict[str, Any], body: Any) -> None:
        self._fault = fault
        self._body = body
        self._passed = 0
        self._done = False

    def around(self, app: Any, env: dict[str, Any], start: Any) -> Any:
        if env["REQUEST_METHOD"] in ("PUT", "POST"):
            return app({**env, "wsgi.input": Sending(self._body, self)}, start)
        self._before(0)
        return self._answer(app(env, start))

    def _answer(self, pieces: Any) -> Iterator[bytes]:
        try:
            for whole in pieces:
                for at in range(0, len(whole), PIECE):
                    yield self.through(whole[at : at + PIECE])
        finally:
            getattr(pieces, "close", lambda: None)()

    def through(self, piece: bytes) -> bytes:
        """Given the next bytes, return what arrives of them, when it does."""
        name = self._fault["name"]
        if name == "slow":
            eventlet.sleep(len(piece) / self._fault["bytesPerSecond"])
        self._before(len(piece))
        at = int(self._fault.get("offset", 0)) - self._passed
        if name == "bit-flip-on-wire" and 0 <= at < len(piece):
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        self._passed += len(piece)
        return piece

    def _before(self, coming: int) -> None:
        name = self._fault["name"]
        if self._done or name not in ("stall", "reset-inside-body") or self._passed + coming < self._fault["afterBytes"]:
            return
        self._done = True
        if name == "stall":
            eventlet.sleep(self._fault["seconds"])
        else:
            cut(self._body)


class Sending:
    """The body of a PUT as Swift's proxy reads it; everything but its bytes is the server's own object."""

    def __init__(self, body: Any, wire: Wire) -> None:
        self._body = body
        self._wire = wire

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._body.read(PIECE if size is None or size < 0 else min(size, PIECE))
        return self._wire.through(piece) if piece else piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)


def cut(body: Any) -> list[bytes]:
    """Breaks the connection: whatever is read or written from here on fails."""
    try:
        body.get_socket().shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the client was faster
    return []
