"""What can end a verb, as images/CONTRACT.md section 3 names it."""

from __future__ import annotations

from typing import Any

EXIT_CODES = {
    "bad-request": 3,
    "try-later": 11,
    "credentials-revoked": 22,
    "local-full": 23,
    "damaged": 30,
    "interrupted": 143,
    "failed": 1,
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


class Interrupted(Exception):
    """SIGTERM was received."""
