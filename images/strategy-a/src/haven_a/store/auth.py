"""Where and as whom to sign in: `auth` of the settings and swift.json of the secrets, judged before anything is asked of anybody."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from haven_a.problem import Problem

#: What each version of the protocol takes beside version and url.
TAKES = {
    1: ("caPem",),
    2: ("caPem", "region", "project", "projectId"),
    3: ("caPem", "region", "project", "projectId", "userDomain", "projectDomain"),
}
TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
CERTIFICATES = re.compile(r"\s*-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\s-]+-----END CERTIFICATE-----\s*(?:[\s\S]{0,65536})")


@dataclass(frozen=True)
class Auth:
    version: int
    url: str
    region: str | None = None
    project: str | None = None
    project_id: str | None = None
    user_domain: str = "Default"
    project_domain: str = "Default"
    ca_pem: str | None = None


@dataclass(frozen=True)
class Login:
    user: str
    password: str = field(repr=False)


def check_auth(raw: dict[str, Any]) -> Auth:
    """Given `auth` as the owner wrote it, return it; throws bad-request naming each wrong field."""
    version = raw.get("version")
    if type(version) is not int or version not in TAKES:
        raise _bad(["auth.version: 1, 2 or 3; it says how the provider signs in (OVHcloud: 3)"])
    wrong = [
        f"auth.{name}: " + (f"auth version {version} has none" if any(name in takes for takes in TAKES.values()) else "is no setting of strategy A")
        for name in raw
        if name not in ("version", "url", *TAKES[version])
    ]
    wrong += [f"auth.{name}: 1 to 255 characters, none of them a control character" for name in TAKES[version] if name != "caPem" and not _text(raw.get(name, "-"))]
    wrong += _wrong_url(raw.get("url"))
    if version > 1 and ("project" in raw) == ("projectId" in raw):
        wrong.append("auth.project: name the project (tenant) by either project or projectId")
    if "caPem" in raw:
        if not (isinstance(raw["caPem"], str) and CERTIFICATES.fullmatch(raw["caPem"])):
            wrong.append("auth.caPem: certificates in PEM")
        elif str(raw.get("url", "")).startswith("http:"):
            wrong.append("auth.caPem: is of no use with http:")
    if wrong:
        raise _bad(wrong)
    return Auth(
        version=version,
        url=raw["url"],
        region=raw.get("region"),
        project=raw.get("project"),
        project_id=raw.get("projectId"),
        user_domain=raw.get("userDomain", "Default"),
        project_domain=raw.get("projectDomain", "Default"),
        ca_pem=raw.get("caPem"),
    )


def check_login(raw: dict[str, object], auth: Auth) -> Login:
    """Given swift.json, return who signs in; throws bad-request naming each wrong field, and never a value."""
    wrong = [f"{name}: is not known; only user and password are" for name in raw if name not in ("user", "password")]
    wrong += [f"{name}: a text of 1 to 255 characters, none of them a control character" for name in ("user", "password") if not _text(raw.get(name))]
    if auth.version > 1 and ":" in str(raw.get("user")):
        wrong.append("user: without a colon; the project is named in auth.project")
    if wrong:
        hint = 'it must be {"user": "…", "password": "…"}, in secrets/a in Haven\'s home'
        raise Problem("bad-request", "read secrets", "the secret swift.json: " + "; ".join(wrong)[:1000], hint)
    return Login(str(raw["user"]), str(raw["password"]))


def ca_file(auth: Auth) -> str | None:
    """A path for libraries that take nothing else; the file has no name and no disk. None: the authorities of the image's own Debian."""
    if auth.ca_pem is None:
        return None
    descriptor = os.memfd_create("haven-ca", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(auth.ca_pem.encode("utf-8"))
    return f"/proc/self/fd/{descriptor}"


def _text(value: object) -> bool:
    return isinstance(value, str) and TEXT.fullmatch(value) is not None


def _wrong_url(value: object) -> list[str]:
    rule = "auth.url: the address where one signs in, such as https://auth.cloud.ovh.net/v3, without user, ? or #"
    if not _text(value) or " " in str(value):
        return [rule]
    try:
        parts = urlsplit(str(value))
        # Read for its check alone: a port that is no number is found only then.
        _port = parts.port
    except ValueError:
        return [rule]
    good = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and not parts.query and not parts.fragment
    return [] if good else [rule]


def _bad(wrong: list[str]) -> Problem:
    return Problem("bad-request", "read settings", "; ".join(wrong)[:3000], "mend strategies.a.settings in haven.yaml")
