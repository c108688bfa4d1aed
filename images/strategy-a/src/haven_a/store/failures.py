"""What python-swiftclient, requests and Swift say, in Haven's words. Nothing above this knows an HTTP status."""

from __future__ import annotations

import logging
import re
from typing import Any

from haven_a.problem import Problem

# By chance or by load: another try may do.
AGAIN = (408, 409, 425, 429, 498, 499)
FULL = (413, 507)
KEYSTONE_STATUS = re.compile(r"^Authorization Failure\..*\(HTTP (\d{3})\)")


class Again(Exception):
    """Not this time; `reason` is for people, `wait` what the store asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Absent(Exception):
    """The store has no such thing."""


class Unauthorized(Exception):
    """The token is worth nothing (any more)."""


class OursFailed(Exception):
    """A file on our side cannot be read or written: none of the store's doing. `cause` is what happened."""

    def __init__(self, cause: OSError) -> None:
        super().__init__()
        self.cause = cause


def quiet_libraries() -> None:
    """Their logs would hold tokens."""
    for name in ("swiftclient", "keystoneclient", "keystoneauth", "requests", "urllib3"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def translate(error: Exception, operation: str) -> Exception:
    """Given what a request raised, return what to raise in its place."""
    if isinstance(error, (Problem, Again, Absent, Unauthorized)):
        return error
    if isinstance(error, OursFailed):
        return error.cause
    status = getattr(error, "http_status", None)
    if status:
        return _of_status(status, error, operation)
    return _of_network(error, operation)


def of_sign_in(error: Exception) -> Exception:
    """Given what a sign-in raised, return what to raise in its place."""
    operation = "sign in"
    status = getattr(error, "http_status", None)
    said = str(error)
    if status in (401, 403) or said.startswith("Unauthorized"):
        hint = "mend user and password in secrets/a/swift.json, and the project and domains in strategies.a.settings.auth"
        return Problem("credentials-revoked", operation, "the store refuses user, password or project", hint)
    if said.startswith("Endpoint for"):
        return Problem("bad-request", operation, "the provider has no object store in that region", "mend region in strategies.a.settings.auth")
    # By Keystone's client the status stands in the text alone; 200 is a page that gives no token.
    told = KEYSTONE_STATUS.search(said)
    if told:
        status = int(told[1])
    if status in (200, 400, 404, 405) or type(error).__name__ in ("NotFound", "BadRequest", "MethodNotAllowed", "DiscoveryFailure", "EmptyCatalog"):
        return Problem("bad-request", operation, "nobody signs in at that address in that way", "mend url and version in strategies.a.settings.auth")
    return translate(error, operation)


def _of_status(status: int, error: Any, operation: str) -> Exception:
    if status == 404:
        return Absent()
    if status == 401:
        return Unauthorized()
    if status == 403:
        return Problem("credentials-revoked", operation, "the store forbids it (403)", "the user must be allowed to read, write and delete in the container")
    if status in FULL:
        return full(operation)
    if status == 422:
        return Again("what arrived at the store was not what was sent")
    if status in AGAIN or status >= 500:
        return Again(f"the store answers {status}", _seconds(getattr(error, "http_response_headers", None)))
    return Problem("failed", operation, f"the store answers {status}", "report this; and ask the provider what it means")


def full(operation: str) -> Problem:
    return Problem("store-full", operation, "the store has no more room, or the account's or container's quota is used up", "get more room; what is stored stays good")


def _of_network(error: Exception, operation: str) -> Exception:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "hostname" in text and "doesn't match" in text:
        return Problem("bad-request", operation, "the store's certificate is not to be trusted", "mend the url, or put its authority into strategies.a.settings.auth.caPem")
    name = type(error).__name__
    if "timed out" in text.lower() or "Timeout" in name:
        return Again("the store is silent")
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return Again("the store's answer cannot be understood")
    return Again(f"the store cannot be reached ({name})")


def _seconds(headers: Any) -> float:
    for name, value in (headers or {}).items():
        if name.lower() == "retry-after" and str(value).isdigit():
            return float(value)
    return 0
