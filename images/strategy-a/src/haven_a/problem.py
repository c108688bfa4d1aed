"""What can end a verb, as images/CONTRACT.md section 3 names it."""

from __future__ import annotations

import errno
import os
from typing import Any

EXIT_CODES = {
    "failed": 1,
    "bad-request": 3,
    "partial": 10,
    "try-later": 11,
    "source-unreadable": 20,
    "store-full": 21,
    "credentials-revoked": 22,
    "local-full": 23,
    "damaged": 30,
    "interrupted": 143,
}


class Problem(Exception):
    """A failure with a reason for people. Neither message nor hint may hold a secret, a dataset's or a file's name.

    `fields` go into the result beside the error: what was found out before it failed.
    """

    def __init__(
        self,
        code: str,
        operation: str,
        message: str,
        hint: str = "",
        subject: str = "",
        fields: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.operation = operation
        self.message = message
        self.hint = hint
        self.subject = subject
        self.fields = fields or {}

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.code]

    def as_error(self) -> dict[str, str]:
        error = {"code": self.code, "operation": self.operation, "message": self.message[:4000]}
        if self.subject:
            error["subject"] = self.subject[:1000]
        if self.hint:
            error["hint"] = self.hint[:4000]
        return error


class Interrupted(BaseException):
    """SIGTERM was received. No Exception: no library's `except Exception` may swallow it."""


def foreseen(crash: BaseException, operation: str, subject: str = "") -> Problem:
    """Given anything that was raised, return it as a Problem. Of the unforeseen only its kind is told: its own words may hold a file's name."""
    if isinstance(crash, Problem):
        crash.subject = crash.subject or subject
        return crash
    if isinstance(crash, Interrupted):
        return Problem("interrupted", operation, "stopped by SIGTERM", "run it again when wanted", subject)
    if isinstance(crash, OSError) and crash.errno in (errno.ENOSPC, errno.EDQUOT):
        return local_full(operation, subject)
    reason = type(crash).__name__
    if isinstance(crash, OSError) and crash.errno is not None:
        reason += f": {os.strerror(crash.errno)}"
    return Problem("failed", operation, f"strategy A itself went wrong ({reason})", "report this with the lines of the log before it", subject)


def local_full(operation: str, subject: str = "") -> Problem:
    hint = "free space there, or set a smaller volumeMiB: two volumes and the signatures are kept on disk at a time"
    return Problem("local-full", operation, "the disk that holds the state volume is full", hint, subject)
