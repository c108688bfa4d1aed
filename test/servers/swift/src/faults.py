"""First in the proxy's pipeline: fails on purpose, by name, at the request that a test chooses, and remembers what was asked for. README.md has the tables."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from memory_cache import forget_everything
from wire import Wire, cut

# Answered in Swift's place, after the body was read: a client that is still sending would only see a broken pipe.
STATUSES = {
    "bad-request-400": "400 Bad Request",
    "unauthorized-401": "401 Unauthorized",
    "forbidden-403": "403 Forbidden",
    "not-found-404": "404 Not Found",
    "too-large-413": "413 Request Entity Too Large",
    "too-many-429": "429 Too Many Requests",
    "rate-limit-498": "498 Rate Limited",
    "server-error-500": "500 Internal Error",
    "server-error-503": "503 Service Unavailable",
    "full-507": "507 Insufficient Storage",
}
# Of the bytes: of a PUT's body, else of the answer's. With the parameters that each takes.
WIRES = {"stall": ("seconds", "afterBytes"), "slow": ("bytesPerSecond",), "reset-inside-body": ("afterBytes",), "bit-flip-on-wire": ("offset",)}
WHOLE = ("answer-lost", "delete-does-nothing", "listing-not-json")
CLASSES = ("any", "auth", "account", "container", "object")
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
REMEMBERED = 10_000


def filter_factory(_global: dict[str, str], **_local: str) -> Any:
    return Faults


class Faults:
    def __init__(self, app: Any) -> None:
        self._app = app
        self._planned: list[dict[str, Any]] = []
        self._seen: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)

    def __call__(self, env: dict[str, Any], start_response: Any) -> Any:
        path = env["PATH_INFO"]
        if path.startswith("/_faults"):
            return self._admin(env, path.removeprefix("/_faults").strip("/"), start_response)
        if path == "/healthcheck":
            return self._app(env, start_response)
        seen: dict[str, Any] = {"at": time.time(), "method": env["REQUEST_METHOD"], "path": path, "query": env.get("QUERY_STRING", ""), "class": classify(path)}
        self._seen.append(seen)

        def start(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
            seen["status"] = int(status.split(" ")[0])
            return start_response(status, headers, info) if info else start_response(status, headers)

        fault = self._take(seen)
        if fault is None:
            return self._app(env, start)
        seen["fault"] = fault["name"]
        return self._fail(fault, env, start)

    def _take(self, seen: dict[str, Any]) -> dict[str, Any] | None:
        for fault in self._planned:
            if fault["class"] not in ("any", seen["class"]) or fault.get("method", seen["method"]) != seen["method"]:
                continue
            fault["nth"] -= 1
            if fault["nth"] > 0:
                continue
            fault["times"] -= 1
            if fault["times"] == 0:
                self._planned.remove(fault)
            return fault
        return None

    def _fail(self, fault: dict[str, Any], env: dict[str, Any], start: Any) -> Any:
        name = fault["name"]
        if name in WIRES:
            return Wire(fault, env["wsgi.input"]).around(self._app, env, start)
        if name == "answer-lost":
            for _ in self._app(env, lambda *_: None):
                pass
            return cut(env["wsgi.input"])
        read_all(env)
        if name == "delete-does-nothing":
            return answer(start, "204 No Content", b"")
        if name == "listing-not-json":
            return answer(start, "200 OK", b"<html>maintenance</html>", "text/html")
        headers = [("Retry-After", str(fault["retryAfter"]))] if "retryAfter" in fault else []
        return answer(start, STATUSES[name], f"planned: {name}\n".encode(), "text/plain", headers)

    def _admin(self, env: dict[str, Any], what: str, start_response: Any) -> Any:
        method = env["REQUEST_METHOD"]
        try:
            if (method, what) == ("POST", ""):
                fault = check(json.loads(read_all(env)))
                self._planned.append(fault)
                found: Any = fault
            elif (method, what) == ("GET", ""):
                found = {"remaining": self._planned}
            elif (method, what) == ("DELETE", ""):
                self._planned.clear()
                found = {}
            elif (method, what) == ("GET", "requests"):
                found = {"requests": list(self._seen)}
            elif (method, what) == ("DELETE", "requests"):
                self._seen.clear()
                found = {}
            elif (method, what) == ("POST", "expire-tokens"):
                forget_everything()
                found = {}
            else:
                return answer(start_response, "404 Not Found", b'{"error":"no such call"}', "application/json")
        except (ValueError, TypeError, AttributeError) as error:
            return answer(start_response, "400 Bad Request", json.dumps({"error": str(error)}).encode(), "application/json")
        return answer(start_response, "200 OK", json.dumps(found).encode(), "application/json")


def check(raw: dict[str, Any]) -> dict[str, Any]:
    """Given what a test asks for, return it with defaults; throws ValueError for whatever is misspelt: a fault that never fires would make a test green."""
    name = raw.get("name")
    if name not in STATUSES and name not in WIRES and name not in WHOLE:
        raise ValueError(f"no fault {name!r}: choose from {', '.join([*STATUSES, *WIRES, *WHOLE])}")
    parameters = WIRES.get(name, ("retryAfter",) if name in STATUSES else ())
    for key, value in raw.items():
        if key not in ("name", "class", "method", "nth", "times", *parameters):
            raise ValueError(f"{name} has no {key!r}")
        if key not in ("name", "class", "method") and (type(value) not in (int, float) or value < 0):
            raise ValueError(f"{key} must be a number")
    fault = {"class": "any", "nth": 1, "times": 1, **dict.fromkeys(parameters, 0), **raw}
    if name in STATUSES and "retryAfter" not in raw:
        del fault["retryAfter"]
    if fault["class"] not in CLASSES or fault.get("method", "GET") not in METHODS:
        raise ValueError(f"class must be of {', '.join(CLASSES)}; method of {', '.join(METHODS)}")
    if fault["times"] < 1 or fault["nth"] < 1 or (name == "slow" and fault["bytesPerSecond"] < 1):
        raise ValueError("times, nth and bytesPerSecond are at least 1")
    return fault


def classify(path: str) -> str:
    if path.startswith(("/auth/", "/keystone")):
        return "auth"
    parts = path.split("/", 4)
    if len(parts) < 3 or parts[1] != "v1":
        return "other"
    return ("account", "container", "object")[min(2, len([part for part in parts[3:] if part]))]


def read_all(env: dict[str, Any]) -> bytes:
    read = b""
    while chunk := env["wsgi.input"].read(65536):
        read = (read + chunk)[:65536]
    return read


def answer(start: Any, status: str, body: bytes, kind: str = "text/plain", headers: list[tuple[str, str]] | None = None) -> list[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *(headers or [])])
    return [body]
