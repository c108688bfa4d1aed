"""The three ways to sign in, and what goes wrong there."""

from __future__ import annotations

import os

from tests_on_swift.swift import KEYSTONE_LOGIN, LOGIN, URL, V1, V2, V3, OnSwift, admin

WAYS = (V1, V2, V3, {"version": 3, "url": f"{URL}/keystone/v3", "projectId": "project-1", "region": "SBG"}, {**V2, "url": f"{URL}/keystone"}, {**V3, "url": f"{URL}/keystone/v3/"})


class SignInTest(OnSwift):
    def test_each_way_leads_to_the_same_objects(self) -> None:
        self.put("one", b"1")

        for auth in WAYS:
            with self.subTest(auth=auth):
                self.assertEqual([each.name for each in self.open(auth).list()], ["one"])

    def test_a_wrong_password_is_credentials_revoked(self) -> None:
        for auth, login in ((V1, LOGIN), (V2, KEYSTONE_LOGIN), (V3, KEYSTONE_LOGIN)):
            with self.subTest(version=auth["version"]):
                self.problem("credentials-revoked", self.open(auth, {**login, "password": "wrong"}).list)

    def test_a_wrong_domain_or_project_is_refused(self) -> None:
        for change in ({"userDomain": "Elsewhere"}, {"projectDomain": "Elsewhere"}, {"project": "other"}):
            with self.subTest(change=change):
                self.problem("credentials-revoked", self.open({**V3, **change}).list)

    def test_a_region_without_a_store_is_a_bad_request_that_names_the_field(self) -> None:
        for auth in (V2, V3):
            problem = self.problem("bad-request", self.open({**auth, "region": "BHS"}).list)
            self.assertIn("region", problem.hint)

    def test_an_address_where_nobody_signs_in_is_a_bad_request(self) -> None:
        for auth in ({**V1, "url": f"{URL}/auth/v9"}, {**V1, "url": f"{URL}/healthcheck"}, {**V2, "url": f"{URL}/elsewhere/v2.0"}, {**V3, "url": f"{URL}/elsewhere/v3"}):
            with self.subTest(url=auth["url"]):
                self.problem("bad-request", self.open(auth).list)

    def test_nobody_at_home_is_try_later(self) -> None:
        for auth in (V1, V2, V3):
            for place in ("http://127.0.0.1:9", "http://does-not-exist.invalid"):
                with self.subTest(version=auth["version"], place=place):
                    self.problem("try-later", self.open({**auth, "url": auth["url"].replace(URL, place)}).list)

    def test_a_sign_in_that_stalls_is_given_up(self) -> None:
        for auth in (V1, V2, V3):
            with self.subTest(version=auth["version"]):
                self.fault("stall", "auth", seconds=20, times=1)
                problem = self.problem("try-later", self.open(auth, give_up_after=0).list)
                self.assertIn("silent", problem.message)

    def test_a_sign_in_that_fails_once_is_tried_again(self) -> None:
        for auth in (V1, V2, V3):
            with self.subTest(version=auth["version"]):
                self.fault("server-error-503", "auth")
                self.assertEqual(self.open(auth).list(), [])

    def test_a_token_that_expired_is_renewed(self) -> None:
        for auth in (V1, V3):
            with self.subTest(version=auth["version"]):
                store = self.open(auth)
                self.put("one", b"1", store)
                admin("POST", "expire-tokens")

                self.put("two", b"2", store)

                self.assertEqual(self.names(), ["one", "two"])

    def test_a_store_that_refuses_its_own_token_is_not_asked_for_ever(self) -> None:
        self.fault("unauthorized-401", "container", times=2)

        self.problem("credentials-revoked", self.store.list)

    def test_what_is_forbidden_is_credentials_revoked(self) -> None:
        self.fault("forbidden-403", "object")

        self.problem("credentials-revoked", lambda: self.put("one", b"1"))

    def test_variables_that_clients_of_swift_read_change_nothing(self) -> None:
        stray = {"ST_AUTH": "http://127.0.0.1:9/", "ST_USER": "x", "ST_KEY": "x", "OS_AUTH_URL": "http://127.0.0.1:9/", "OS_PASSWORD": "x", "OS_STORAGE_URL": "http://127.0.0.1:9/"}
        os.environ.update(stray)
        self.addCleanup(lambda: [os.environ.pop(name) for name in stray])

        self.put("one", b"1")
        self.store.delete("one")

        self.assertEqual(self.names(), [])

    def test_the_libraries_log_nothing(self) -> None:
        with self.assertNoLogs():
            self.fault("server-error-503")
            self.put("one", b"1")
            self.problem("credentials-revoked", self.open(V3, {**KEYSTONE_LOGIN, "password": "wrong"}).list)
