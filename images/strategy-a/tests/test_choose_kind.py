from __future__ import annotations

import io
import unittest
from typing import Any

from haven_a.choose_kind import Choice, Known, choose_kind
from haven_a.examine import Finding
from haven_a.load_manifests import UnreadableManifest
from haven_a.manifest import instant
from haven_a.set_names import manifest_of_set, of_set, to_set_time
from tests.samples import MemoryStore, catalogue_of, manifest, settings

FULL = manifest(1)
SECOND = manifest(2, FULL)
NOW = instant("2026-01-10T00:00:00Z")


def chosen(*manifests: Any, kind: str = "auto", extra: tuple[str, ...] = (), now: float = NOW, **known: Any) -> Choice:
    store = MemoryStore()
    store.keep(*manifests)
    for name in extra:
        store.put(f"data/{name}", io.BytesIO(b"x"), 1, "", lambda _count: None)
    facts = Known(list(manifests), known.pop("unreadable", []), catalogue_of(store).folder("data"), known.pop("damage", []))
    return choose_kind(kind, facts, settings(**known), now)


class ChooseKindTest(unittest.TestCase):
    def test_it_builds_upon_the_newest(self) -> None:
        self.assertIs(chosen(FULL, SECOND).base, SECOND)

    def test_a_full_is_made_where_nothing_else_is_sure(self) -> None:
        unreadable = UnreadableManifest("data", "20260105T000000Z", "data/x", "damaged", True)
        cases: dict[str, Choice] = {
            "asked for": chosen(FULL, kind="full"),
            "there is no backup": chosen(),
            "a newer manifest cannot be read": chosen(FULL, unreadable=[unreadable]),
            "its base is gone": chosen(SECOND),
            "an object of the chain is missing": chosen(FULL, SECOND, damage=[Finding("missing", "data", "volume 1 is gone")]),
            "the chain is long enough": chosen(FULL, SECOND, chainLength=2),
            "its full is old": chosen(FULL, SECOND, fullEvery="8d"),
            "an unknown set is newer": chosen(FULL, extra=(manifest_of_set(None, "20260105T000000Z"),)),
            "an unknown set forks the chain": chosen(FULL, SECOND, extra=(manifest_of_set(SECOND.set_time, "20260105T000000Z"),)),
        }
        for why, choice in cases.items():
            with self.subTest(why):
                self.assertIsNone(choice.base)
                self.assertTrue(choice.reason)

    def test_what_a_killed_run_left_unfinished_is_in_nobodys_way(self) -> None:
        volume = of_set(SECOND.set_time, "20260105T000000Z", 1)

        self.assertIs(chosen(FULL, SECOND, extra=(volume,)).base, SECOND)

    def test_an_older_unreadable_manifest_is_in_nobodys_way(self) -> None:
        older = UnreadableManifest("data", "20250105T000000Z", "data/x", "damaged", True)

        self.assertIs(chosen(FULL, unreadable=[older]).base, FULL)

    def test_a_set_is_always_the_latest_even_when_the_clock_went_back(self) -> None:
        self.assertEqual(chosen(FULL).set_time, to_set_time(int(NOW)))
        self.assertGreater(chosen(FULL, SECOND, now=NOW - 365 * 86400).set_time, SECOND.set_time)
        stray = of_set(None, "20270105T000000Z", 1)
        self.assertGreater(chosen(FULL, extra=(stray,)).set_time, "20270105T000000Z")
