"""A stand-in for Keystone, v2.0 and v3, below /keystone: checks what a client says about itself, and hands out tokens that this Swift's tempauth knows.

One user (`backup`, domain `Default`), one project (`haven`), two regions with the same endpoint. It says no the way Keystone does.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

USER = {"name": "backup", "id": "user-1", "password": "keystonepass"}
PROJECT = {"name": "haven", "id": "project-1"}
DOMAIN = {"name": "Default", "id": "default"}
REGIONS = ("GRA", "SBG")
BEHIND = {"X-Auth-User": "haven:backup", "X-Auth-Key": "havenpass"}


def filter_factory(_global: dict[str, str], **_local: str) -> Any:
    return Keystone


class Refused(Exception):
    """401, with no word of why, as Keystone does."""


class Keystone:
    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, env: dict[str, Any], start_response: Any) -> Any:
        path = env["PATH_INFO"].rstrip("/")
        if path != "/keystone" and not path.startswith("/keystone/"):
            return self._app(env, start_response)
        route = (env["REQUEST_METHOD"], path.removeprefix("/keystone"))
        host = f"{env['wsgi.url_scheme']}://{env['HTTP_HOST']}/keystone"
        headers: dict[str, str] = {}
        try:
            if route == ("POST", "/v3/auth/tokens"):
                token, url = self._sign_in(env, check_v3(read_json(env)))
                status, answer, headers = "201 Created", v3_token(url), {"X-Subject-Token": token}
            elif route == ("POST", "/v2.0/tokens"):
                token, url = self._sign_in(env, check_v2(read_json(env)))
                status, answer = "200 OK", v2_token(token, url)
            elif route in (("GET", "/v3"), ("GET", "/v2.0")):
                status, answer = "200 OK", {"version": version(host, route[1][1:])}
            elif route == ("GET", ""):
                status, answer = "300 Multiple Choices", {"versions": {"values": [version(host, "v3"), version(host, "v2.0")]}}
            else:
                status, answer = "404 Not Found", error(404, "Not Found", "not here")
        except Refused:
            status, answer = "401 Unauthorized", error(401, "Unauthorized", "The request you have made requires authentication.")
        except (KeyError, TypeError, ValueError):
            status, answer = "400 Bad Request", error(400, "Bad Request", "the body is not what this call takes")
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers.items()])
        return [body]

    def _sign_in(self, env: dict[str, Any], _checked: None) -> tuple[str, str]:
        inner = {key: value for key, value in env.items() if key not in ("CONTENT_LENGTH", "CONTENT_TYPE", "wsgi.input", "HTTP_TRANSFER_ENCODING")}
        inner |= {"REQUEST_METHOD": "GET", "PATH_INFO": "/auth/v1.0", "RAW_PATH_INFO": "/auth/v1.0", "QUERY_STRING": ""}
        inner |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in BEHIND.items()}
        found: dict[str, str] = {}
        list(self._app(inner, lambda _status, headers, _info=None: found.update({name.lower(): value for name, value in headers})))
        url = f"{env['wsgi.url_scheme']}://{env['HTTP_HOST']}{urlsplit(found['x-storage-url']).path}"
        return found["x-auth-token"], url


def read_json(env: dict[str, Any]) -> Any:
    return json.loads(env["wsgi.input"].read(min(int(env["CONTENT_LENGTH"]), 1 << 20)))


def check_v3(body: Any) -> None:
    identity = body["auth"]["identity"]
    if identity["methods"] != ["password"]:
        raise Refused
    user = identity["password"]["user"]
    demand(user["password"] == USER["password"] and is_named(user, USER))
    # Without a scope Keystone gives a token without a catalogue. Nobody can use it for Swift, so this stand-in does not give it.
    demand(is_named(body["auth"]["scope"]["project"], PROJECT))


def check_v2(body: Any) -> None:
    said = body["auth"]["passwordCredentials"]
    demand(said["username"] == USER["name"] and said["password"] == USER["password"])
    demand(body["auth"].get("tenantName") == PROJECT["name"] or body["auth"].get("tenantId") == PROJECT["id"])


def is_named(said: dict[str, Any], known: dict[str, str]) -> bool:
    """An id says everything; a name needs its domain."""
    if "id" in said:
        return bool(said["id"] == known["id"])
    domain = said.get("domain", {})
    return bool(said["name"] == known["name"] and (domain.get("id") == DOMAIN["id"] or domain.get("name") == DOMAIN["name"]))


def demand(good: bool) -> None:
    if not good:
        raise Refused


def v3_token(url: str) -> dict[str, Any]:
    endpoints = [
        {"id": f"{region}-{interface}", "interface": interface, "region": region, "region_id": region, "url": url}
        for region in REGIONS
        for interface in ("public", "internal", "admin")
    ]
    token = {
        "methods": ["password"],
        "issued_at": stamp(0, ".000000Z"),
        "expires_at": stamp(86400, ".000000Z"),
        "user": {"id": USER["id"], "name": USER["name"], "domain": DOMAIN},
        "project": {**PROJECT, "domain": DOMAIN},
        "roles": [{"id": "role-1", "name": "member"}],
        "catalog": [{"id": "store-1", "type": "object-store", "name": "swift", "endpoints": endpoints}],
    }
    return {"token": token}


def v2_token(token: str, url: str) -> dict[str, Any]:
    endpoints = [{"region": region, "publicURL": url, "internalURL": url, "adminURL": url, "id": region} for region in REGIONS]
    return {
        "access": {
            "token": {"id": token, "issued_at": stamp(0, "Z"), "expires": stamp(86400, "Z"), "tenant": {**PROJECT, "enabled": True}},
            "user": {"id": USER["id"], "name": USER["name"], "username": USER["name"], "roles": [{"name": "member"}], "roles_links": []},
            "serviceCatalog": [{"type": "object-store", "name": "swift", "endpoints": endpoints, "endpoints_links": []}],
            "metadata": {"is_admin": 0, "roles": []},
        }
    }


def version(host: str, name: str) -> dict[str, Any]:
    told = {"v3": "v3.14", "v2.0": "v2.0"}[name]
    media = [{"base": "application/json", "type": f"application/vnd.openstack.identity-{name}+json"}]
    return {"id": told, "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": [{"rel": "self", "href": f"{host}/{name}/"}], "media-types": media}


def error(code: int, title: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "title": title, "message": message}}


def stamp(seconds: int, end: str) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds)) + end
