"""What is wrong with `auth` or swift.json is said by name, before anybody is asked."""

from __future__ import annotations

import os
import unittest
from typing import Any

from haven_a.problem import Problem
from haven_a.store.auth import Auth, ca_file, check_auth, check_login

V1 = {"version": 1, "url": "https://store.example/auth/v1.0"}
V3 = {"version": 3, "url": "https://auth.cloud.ovh.net/v3", "region": "GRA", "project": "1234"}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"
LOGIN = {"user": "haven", "password": "canary-hunter2"}


def refusal(action: Any) -> str:
    try:
        action()
    except Problem as problem:
        assert problem.code == "bad-request", problem.code
        return problem.message
    raise AssertionError("it was accepted")


class AuthTest(unittest.TestCase):
    def test_ovhcloud_needs_no_domains(self) -> None:
        auth = check_auth(V3)

        self.assertEqual(auth, Auth(3, "https://auth.cloud.ovh.net/v3", region="GRA", project="1234", user_domain="Default", project_domain="Default"))

    def test_every_field_of_version_3_is_taken(self) -> None:
        auth = check_auth({"version": 3, "url": "https://k:5000/v3", "projectId": "p", "userDomain": "u", "projectDomain": "d", "caPem": PEM})

        self.assertEqual((auth.project_id, auth.user_domain, auth.project_domain, auth.ca_pem), ("p", "u", "d", PEM))

    def test_each_wrong_field_is_named(self) -> None:
        for change, said in (
            ({"version": "3"}, "auth.version"),
            ({"version": True}, "auth.version"),
            ({"version": 4}, "auth.version"),
            ({"url": "ftp://store/v1"}, "auth.url"),
            ({"url": "https://"}, "auth.url"),
            ({"url": "https://user:pass@store/v1"}, "auth.url"),
            ({"url": "https://store:port/v1"}, "auth.url"),
            ({"url": "https://store/v1?x"}, "auth.url"),
            ({"url": None}, "auth.url"),
            ({"region": ""}, "auth.region"),
            ({"region": "G\nRA"}, "auth.region"),
            ({"userDomain": 3}, "auth.userDomain"),
            ({"projectId": "both"}, "auth.project"),
            ({"password": "x"}, "auth.password: is no setting"),
            ({"caPem": "/etc/ssl/ca.pem"}, "auth.caPem"),
            ({"caPem": PEM, "url": "http://store/v3"}, "auth.caPem"),
        ):
            with self.subTest(said=said, change=change):
                self.assertIn(said, refusal(lambda change=change: check_auth({**V3, **change})))

    def test_what_a_version_does_not_know_is_refused(self) -> None:
        said = refusal(lambda: check_auth({**V1, "region": "GRA", "userDomain": "Default"}))

        self.assertIn("auth.region: auth version 1 has none", said)
        self.assertIn("auth.userDomain: auth version 1 has none", said)

    def test_a_project_is_demanded_from_version_2_on(self) -> None:
        self.assertIn("auth.project", refusal(lambda: check_auth({"version": 2, "url": "https://k/v2.0"})))

    def test_an_authority_is_a_file_without_a_name(self) -> None:
        path = ca_file(check_auth({**V3, "caPem": PEM})) or ""

        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), PEM)
        self.assertFalse(os.path.exists(os.readlink(path)))
        self.assertIsNone(ca_file(check_auth(V3)))


class LoginTest(unittest.TestCase):
    def test_user_and_password_and_nothing_else(self) -> None:
        login = check_login(LOGIN, check_auth(V1))

        self.assertEqual((login.user, login.password), ("haven", "canary-hunter2"))
        self.assertNotIn("canary", repr(login))

    def test_what_is_wrong_is_named_and_never_shown(self) -> None:
        for change, said in (
            ({"user": ""}, "user"),
            ({"user": 7}, "user"),
            ({"password": ["canary-hunter2"]}, "password"),
            ({"password": "canary-hunter2\n"}, "password"),
            ({"token": "canary-hunter2"}, "token"),
        ):
            with self.subTest(change=change):
                message = refusal(lambda change=change: check_login({**LOGIN, **change}, check_auth(V1)))
                self.assertIn(said, message)
                self.assertNotIn("canary", message)

    def test_a_colon_is_for_version_1_only(self) -> None:
        check_login({**LOGIN, "user": "haven:backup"}, check_auth(V1))

        self.assertIn("user: without a colon", refusal(lambda: check_login({**LOGIN, "user": "haven:backup"}, check_auth(V3))))
