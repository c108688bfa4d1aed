"""Stands in for memcached, without which tempauth refuses to work: right because one process is the whole of this Swift."""

from __future__ import annotations

import copy
import time
from typing import Any

_entries: dict[str, tuple[Any, float]] = {}


class MemoryCache:
    """The methods of swift.common.memcached.MemcacheRing that the proxy and tempauth use."""

    def get(self, key: str, raise_on_error: bool = False) -> Any:
        value, expires = _entries.get(key, (None, 0))
        if expires and expires < time.time():
            _entries.pop(key, None)
            return None
        return copy.deepcopy(value)

    def set(self, key: str, value: Any, serialize: bool = True, time: float = 0, **_more: Any) -> bool:
        _entries[key] = (copy.deepcopy(value), _now() + time if time else 0)
        return True

    def incr(self, key: str, delta: int = 1, time: float = 0) -> int:
        value = max(0, int(self.get(key) or 0) + delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key: str, delta: int = 1, time: float = 0) -> int:
        return self.incr(key, -delta, time)

    def delete(self, key: str, server_key: str | None = None) -> None:
        _entries.pop(key, None)


def _now() -> float:
    return time.time()


def forget_everything() -> None:
    """Every token is worth nothing from now on, as after a restart."""
    _entries.clear()


def filter_factory(_global: dict[str, str], **_local: str) -> Any:
    cache = MemoryCache()

    def around(app: Any) -> Any:
        def call(env: dict[str, Any], start_response: Any) -> Any:
            env["swift.cache"] = cache
            return app(env, start_response)

        return call

    return around
