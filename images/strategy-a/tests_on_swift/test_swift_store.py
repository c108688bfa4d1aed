"""The store on a real Swift: what it promises, and each way in which that can fail."""

from __future__ import annotations

import errno
import io
import os
import time
from hashlib import md5
from unittest import mock

from haven_a.store import StoredObject
from tests_on_swift.swift import OnSwift, admin

CONTENT = os.urandom(300_000)
MD5 = md5(CONTENT).hexdigest()


class PutTest(OnSwift):
    def test_what_was_put_is_there_as_it_was(self) -> None:
        told = self.put("folder/one", CONTENT)

        self.assertEqual(self.got("folder/one"), CONTENT)
        found = self.store.find("folder/one")
        self.assertEqual(found and (found.bytes, found.md5), (len(CONTENT), MD5))
        self.assertEqual(told, len(CONTENT))

    def test_empty_objects_and_awkward_names(self) -> None:
        for name, content in (("empty", b""), ("a b/ü%2F?#&+", b"1"), ("-", b"x" * 70_000)):
            with self.subTest(name=name):
                self.put(name, content)
                self.assertEqual(self.got(name), content)
        self.assertEqual(self.names(), ["-", "a b/ü%2F?#&+", "empty"])

    def test_a_newer_object_takes_the_place_of_the_older(self) -> None:
        self.put("one", b"old")
        self.put("one", CONTENT)

        self.assertEqual(self.got("one"), CONTENT)

    def test_it_is_sent_again_after_what_passes(self) -> None:
        for name, more in (("server-error-503", {}), ("too-many-429", {}), ("rate-limit-498", {}), ("reset-inside-body", {"afterBytes": 100_000}), ("stall", {"seconds": 9, "afterBytes": 100_000})):
            with self.subTest(fault=name):
                self.fault(name, method="PUT", **more)
                self.put(name, CONTENT)
                self.assertEqual(self.got(name), CONTENT)

    def test_bits_that_flip_on_their_way_are_noticed_and_sent_again(self) -> None:
        self.fault("bit-flip-on-wire", method="PUT", offset=250_000)

        self.put("one", CONTENT)

        self.assertEqual(self.got("one"), CONTENT)
        self.assertEqual([each for each in self.seen() if each.startswith("PUT")], ["PUT 422", "PUT 201"])

    def test_when_only_the_answer_was_lost_it_is_not_sent_again(self) -> None:
        self.put("other", b"1")
        admin("DELETE", "requests")
        self.fault("answer-lost", method="PUT")

        self.put("one", CONTENT)

        self.assertEqual(self.seen(), ["PUT None", "HEAD 200"])

    def test_a_store_that_stays_down_is_try_later(self) -> None:
        self.fault("server-error-503", method="PUT", times=1000)

        problem = self.problem("try-later", lambda: self.put("one", CONTENT))

        self.assertIn("503", problem.message)

    def test_what_the_store_asks_for_is_waited(self) -> None:
        waits: list[float] = []
        self.store = self.open(give_up_after=60, sleep=waits.append)
        self.fault("server-error-503", method="PUT", retryAfter=17)

        self.put("one", CONTENT)

        self.assertEqual(waits, [17])

    def test_a_full_store_is_store_full_at_once(self) -> None:
        for name in ("full-507", "too-large-413"):
            with self.subTest(fault=name):
                self.fault(name, method="PUT")
                self.problem("store-full", lambda: self.put("one", CONTENT))
                self.assertIsNone(self.store.find("one"))

    def test_a_quota_is_store_full_also_when_swift_hangs_up_in_the_middle_of_a_volume(self) -> None:
        self.put("one", b"1")
        self.limit(1_000_000)

        self.problem("store-full", lambda: self.put("volume", bytes(64 << 20)))

        self.put("small", CONTENT)
        self.assertEqual(self.names(), ["one", "small"])
        self.assertEqual(self.store.usage().room, 1_000_000 - 1 - len(CONTENT))

    def test_a_quota_is_seen_even_when_its_answer_never_arrives(self) -> None:
        self.put("one", b"1")
        self.limit(100_000)
        self.fault("reset-inside-body", method="PUT", afterBytes=1)

        self.problem("store-full", lambda: self.put("volume", CONTENT))

    def limit(self, quota: int) -> None:
        session = self.store._session
        session.ask(
            "limit", lambda link: session.client.post_container(link.url, link.token, self.container, {"X-Container-Meta-Quota-Bytes": str(quota)}, http_conn=link.http)
        )

    def test_our_own_disk_is_not_taken_for_the_store(self) -> None:
        file = mock.Mock(spec=io.BytesIO)
        file.read.side_effect = OSError(errno.EIO, "disk")

        with self.assertRaises(OSError) as caught:
            self.store.put("one", file, 5, md5(b"12345").hexdigest(), lambda _count: None)

        self.assertEqual(caught.exception.errno, errno.EIO)


class GetTest(OnSwift):
    def setUp(self) -> None:
        super().setUp()
        self.put("one", CONTENT)
        admin("DELETE", "requests")

    def test_what_is_not_there_is_told(self) -> None:
        self.assertIsNone(self.got("two"))
        self.assertIsNone(self.store.find("two"))

    def test_it_is_read_again_whole_after_what_passes(self) -> None:
        for name, more in (
            ("server-error-503", {}),
            ("reset-inside-body", {"afterBytes": 100_000}),
            ("stall", {"seconds": 9, "afterBytes": 100_000}),
            ("bit-flip-on-wire", {"offset": 299_999}),
        ):
            with self.subTest(fault=name):
                self.fault(name, method="GET", **more)
                self.assertEqual(self.got("one"), CONTENT)

    def test_slow_is_not_dead(self) -> None:
        self.fault("slow", method="GET", bytesPerSecond=150_000)
        begun = time.monotonic()

        self.assertEqual(self.got("one"), CONTENT)

        self.assertGreater(time.monotonic() - begun, 1.5)

    def test_what_differs_twice_from_its_md5_is_damaged(self) -> None:
        self.fault("bit-flip-on-wire", method="GET", offset=7, times=2)

        problem = self.problem("damaged", lambda: self.got("one"))

        self.assertEqual(problem.subject, "one")

    def test_a_store_that_stays_silent_is_try_later(self) -> None:
        self.fault("stall", method="GET", seconds=9, times=2)
        self.store = self.open(give_up_after=0.5)

        self.assertIn("silent", self.problem("try-later", lambda: self.got("one")).message)
        admin("DELETE", "")

    def test_our_own_disk_is_not_taken_for_the_store(self) -> None:
        into = mock.Mock(spec=io.BytesIO)
        into.write.side_effect = OSError(errno.ENOSPC, "full")

        with self.assertRaises(OSError) as caught:
            self.store.get("one", into)

        self.assertEqual(caught.exception.errno, errno.ENOSPC)


class ListTest(OnSwift):
    def test_a_container_that_does_not_exist_is_empty_and_is_not_made(self) -> None:
        self.container = "nowhere"
        self.store = self.open()
        self.assertEqual(self.store.list(), [])
        self.assertEqual(self.store.list("one/"), [])

        self.assertEqual(self.seen("container"), ["GET 404", "GET 404"])

    def test_it_tells_size_md5_and_time(self) -> None:
        self.put("one", CONTENT)

        (found,) = self.store.list()

        self.assertEqual(found, StoredObject("one", len(CONTENT), MD5, found.modified))
        self.assertRegex(found.modified, r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")

    def test_pages_make_a_whole(self) -> None:
        names = sorted([f"a/{n}" for n in range(7)] + ["a-", "b/0", "ü"], key=lambda name: name.encode())
        for name in names:
            self.put(name, b"1")
        self.store = self.open(page=3)

        self.assertEqual(self.names(), names)
        self.assertEqual(self.names("a/"), [f"a/{n}" for n in range(7)])

    def test_a_page_that_fails_is_asked_for_again_and_none_is_left_out(self) -> None:
        for n in range(7):
            self.put(f"{n}", b"1")
        for name in ("server-error-503", "listing-not-json", "reset-inside-body"):
            with self.subTest(fault=name):
                self.store = self.open(page=3)
                self.fault(name, "container", method="GET", nth=2)
                self.assertEqual(self.names(), [str(n) for n in range(7)])

    def test_half_a_listing_is_an_error(self) -> None:
        for n in range(7):
            self.put(f"{n}", b"1")
        for name, code in (("listing-not-json", "try-later"), ("not-found-404", "failed"), ("stall", "try-later")):
            with self.subTest(fault=name):
                self.store = self.open(page=3)
                self.fault(name, "container", method="GET", nth=2, times=1000, **({"seconds": 9} if name == "stall" else {}))
                self.problem(code, self.store.list)
                admin("DELETE", "")


class DeleteTest(OnSwift):
    def setUp(self) -> None:
        super().setUp()
        self.put("one", CONTENT)
        self.put("two", CONTENT)

    def test_it_is_gone_and_nothing_else(self) -> None:
        self.store.delete("one")

        self.assertEqual(self.names(), ["two"])

    def test_what_is_not_there_is_no_error(self) -> None:
        self.store.delete("three")

        self.assertEqual(self.names(), ["one", "two"])

    def test_a_deletion_that_was_only_said_is_made_again(self) -> None:
        self.fault("delete-does-nothing", method="DELETE")

        self.store.delete("one")

        self.assertEqual(self.names(), ["two"])

    def test_a_store_that_never_deletes_is_found_out(self) -> None:
        self.fault("delete-does-nothing", method="DELETE", times=1000)

        problem = self.problem("try-later", lambda: self.store.delete("one"))

        self.assertIn("still shows it", problem.message)


class OddAnswersTest(OnSwift):
    def test_an_unknown_refusal_is_no_try_later(self) -> None:
        self.fault("bad-request-400", method="PUT")

        self.problem("failed", lambda: self.put("one", b"1"))

    def test_requests_are_counted_with_retries(self) -> None:
        self.fault("server-error-503", method="PUT")
        self.put("one", b"1")

        # Sign-in, PUT (no container), PUT container, PUT (503), HEAD, usage twice, PUT: never fewer than the server saw.
        self.assertGreaterEqual(self.store.calls(), len(admin("GET", "requests")["requests"]))

    def test_a_stop_in_the_middle_leaves_a_store_that_can_tidy_up(self) -> None:
        def stop(_count: int) -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.store.put("one", io.BytesIO(CONTENT), len(CONTENT), MD5, stop)

        self.store.delete("one")
        self.assertEqual(self.names(), [])
