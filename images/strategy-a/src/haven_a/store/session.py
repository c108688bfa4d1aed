"""Requests to one account: signed in when need be, tried again when it makes sense, counted."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from haven_a.problem import Problem
from haven_a.store.auth import Auth, Login, ca_file
from haven_a.store.failures import Absent, Again, Unauthorized, of_sign_in, quiet_libraries, translate
from haven_a.store.patience import Patience, Waits

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Link:
    """What python-swiftclient's functions take."""

    url: str
    token: str
    http: Any


class Session:
    def __init__(self, auth: Auth, login: Login, patience: Patience) -> None:
        # Loading it takes a slow machine a second, and `version` has no need of it.
        from swiftclient import client

        quiet_libraries()
        self.client = client
        self.calls = 0
        self._auth = auth
        self._login = login
        self._patience = patience
        self._ca = ca_file(auth)
        self._account: tuple[str, str] | None = None
        self._open: dict[bool, Any] = {}

    def ask(self, operation: str, action: Callable[[Link], Answer], upload: bool = False) -> Answer | None:
        """Given what to do over a link, return its answer, or None when the store has no such thing; throws the contract's problems."""
        waits = Waits(self._patience)
        while True:
            fresh = self._account is None
            self.calls += 1
            try:
                return action(self._link(upload))
            except Exception as error:
                reason = translate(error, operation)
                # Whatever is left of this exchange on the wire must not be taken for the next one's answer.
                self._hang_up()
            except BaseException:
                # Stopped in the middle; a self-test still has to tidy up over this session.
                self._hang_up()
                raise
            if isinstance(reason, Absent):
                return None
            if isinstance(reason, Unauthorized):
                self._account = None
                if not fresh:
                    continue
                hint = "the user must have the rights of a member of the project"
                raise Problem("credentials-revoked", operation, "the store refuses a token that it has just given", hint)
            if not isinstance(reason, Again):
                raise reason
            if not waits.another(reason.wait):
                raise Problem("try-later", operation, reason.reason, "it is tried again at the next run; see whether the store is up, and this machine's network")

    def _link(self, upload: bool) -> Link:
        if self._account is None:
            self.calls += 1
            self._account = self._sign_in()
        url, token = self._account
        if upload not in self._open:
            timeout = (self._patience.stall, self._patience.answer if upload else self._patience.stall)
            self._open[upload] = self.client.http_connection(url, cacert=self._ca, timeout=timeout)
        return Link(url, token, self._open[upload])

    def _sign_in(self) -> tuple[str, str]:
        auth = self._auth
        names = {"region_name": auth.region}
        if auth.version == 2:
            names |= {"tenant_name": auth.project, "tenant_id": auth.project_id}
        if auth.version == 3:
            names |= {"project_name": auth.project, "project_id": auth.project_id, "user_domain_name": auth.user_domain}
            # A project's id says everything; with a name beside it Keystone refuses.
            names |= {} if auth.project_id else {"project_domain_name": auth.project_domain}
        options = {name: value for name, value in names.items() if value is not None}
        try:
            url, token = self.client.get_auth(
                auth.url,
                self._login.user,
                self._login.password,
                auth_version=str(auth.version),
                os_options=options,
                cacert=self._ca,
                timeout=self._patience.stall,
            )
        except Exception as error:
            raise of_sign_in(error) from None
        if not url or not token:
            raise Problem("bad-request", "sign in", "nobody signs in at that address in that way", "mend url and version in strategies.a.settings.auth")
        return url, token

    def _hang_up(self) -> None:
        for _url, connection in self._open.values():
            try:
                connection.close()
            except (OSError, http.client.HTTPException):
                pass  # it is being given up
        self._open.clear()
