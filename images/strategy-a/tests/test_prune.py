from __future__ import annotations

import dataclasses
import os
import tempfile
import unittest
from typing import Any

from haven_a.in_flight import InFlight, Journal
from haven_a.manifest import Manifest
from haven_a.memory import Memory
from haven_a.problem import Problem
from haven_a.set_names import of_set
from haven_a.verbs.prune import prune
from tests.samples import MemoryStore, Told, context_of, manifest, settings

OLD = manifest(1)
OLD_SECOND = manifest(2, OLD)
MIDDLE = manifest(3)
NEW = manifest(4)
NEW_SECOND = manifest(5, NEW)
ALL = (OLD, OLD_SECOND, MIDDLE, NEW, NEW_SECOND)
ORPHAN = f"data/{of_set(None, '20251201T000000Z', 1)}"


def flight(of: Manifest) -> InFlight:
    return InFlight(of.backup, of.chain, of.kind, of.base, of.base_time, of.set_time, of.source, 200, of.counts, of.created_at)


class PruneTest(unittest.TestCase):
    """NOW is September 2026: everything here is older than a week, and with keepWithin 1d all of it is old."""

    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.store = MemoryStore()
        self.store.keep(*ALL)
        os.makedirs(f"{self.root}/state")
        self.told = Told()

    def ask(self, proven: tuple[Manifest, ...] = (NEW_SECOND,), digest: str = "", **changes: Any) -> dict[str, Any]:
        self.told.lines.clear()
        request: dict[str, Any] = {"proven": [each.backup for each in proven]}
        if digest:
            request["plan"] = {"digest": digest}
        chosen = settings(**{"keepWithin": "1d", "keepChains": 1, **changes})
        return prune(request, context_of(self.root, self.store, self.told, settings=chosen))

    def goes(self) -> set[str]:
        return {each["id"] for each in self.told.of("planned") if each["goes"]}

    def refused(self, **arguments: Any) -> Problem:
        with self.assertRaises(Problem) as raised:
            self.ask(**arguments)
        return raised.exception

    def test_a_plan_deletes_nothing(self) -> None:
        plan = self.ask()["plan"]

        self.assertEqual(self.store.deleted, [])
        self.assertEqual(self.goes(), {OLD.chain, MIDDLE.chain})
        self.assertEqual((plan["goes"], plan["stays"], plan["files"]), (2, 1, 15))

    def test_exactly_the_plan_is_carried_out_manifests_first_and_incrementals_before_what_they_build_upon(self) -> None:
        Memory(f"{self.root}/state", "haven").remember({each.backup: "data" for each in ALL})
        digest = self.ask()["plan"]["digest"]

        result = self.ask(digest=digest)

        self.assertEqual(result["pruned"], {"files": 15, "failed": 0, "storedBytes": result["plan"]["storedBytes"]})
        kept = {f"data/{name}" for backup in (NEW, NEW_SECOND) for name in (backup.name, *(each.name for each in backup.objects))}
        self.assertEqual(set(self.store.objects), kept)
        order = [self.store.deleted.index(f"data/{name}") for name in (OLD_SECOND.name, OLD_SECOND.objects[0].name, OLD.name, OLD.objects[0].name)]
        self.assertEqual(order, sorted(order))
        self.assertEqual(Memory(f"{self.root}/state", "haven").known().keys(), {NEW.backup, NEW_SECOND.backup})

    def test_another_digest_deletes_nothing(self) -> None:
        problem = self.refused(digest="0" * 64)

        self.assertEqual((problem.exit_code, self.store.deleted), (3, []))

    def test_a_store_that_changed_since_the_plan_is_left_alone(self) -> None:
        digest = self.ask()["plan"]["digest"]
        self.store.keep(manifest(6, OLD_SECOND))

        self.assertEqual((self.refused(digest=digest).exit_code, self.store.deleted), (3, []))

    def test_the_newest_chain_stays_whatever_is_proven(self) -> None:
        for proven in ((), ALL):
            self.ask(proven=proven)
            self.assertNotIn(NEW.chain, self.goes())
            reasons = {each["id"]: each["reason"] for each in self.told.of("planned")}
            self.assertEqual(reasons[NEW.chain], "the newest chain of data")

    def test_nothing_goes_where_the_newest_chain_passed_no_drill(self) -> None:
        self.ask(proven=(OLD, MIDDLE))

        self.assertEqual(self.goes(), set())

    def test_what_is_young_or_one_of_the_newest_chains_stays(self) -> None:
        for changes, goes in (({"keepWithin": "10y"}, set()), ({"keepChains": 2}, {OLD.chain}), ({"keepChains": 3}, set())):
            with self.subTest(changes):
                self.ask(**changes)
                self.assertEqual(self.goes(), goes)

    def test_damage_where_the_proof_lies_is_exit_30_and_deletes_nothing(self) -> None:
        del self.store.objects[f"data/{NEW.objects[0].name}"]

        problem = self.refused()

        self.assertEqual((problem.exit_code, self.goes(), self.store.deleted), (30, set(), []))

    def test_an_unreadable_manifest_is_exit_30(self) -> None:
        self.store.objects[f"data/{OLD.name}"] = b"wrong"

        self.assertEqual(self.refused().exit_code, 30)

    def test_a_backup_that_was_there_once_is_exit_30(self) -> None:
        Memory(f"{self.root}/state", "haven").remember({"ee" * 16: "data"})

        self.assertEqual(self.refused().exit_code, 30)

    def test_a_damaged_older_chain_is_not_counted_as_one_that_stays(self) -> None:
        del self.store.objects[f"data/{MIDDLE.objects[0].name}"]

        self.ask(keepChains=2)

        self.assertEqual(self.goes(), set())

    def test_orphans_go_after_a_week_unless_they_are_under_way(self) -> None:
        self.store.objects[ORPHAN] = b"x"
        self.ask()
        self.assertEqual(len(self.goes()), 3)

        self.store.modified = "2026-09-21T00:00:00.000Z"
        self.ask()
        self.assertEqual(len(self.goes()), 2)

        self.store.modified = "2026-01-01T00:00:00.000Z"
        under_way = dataclasses.replace(flight(OLD), backup="ee" * 16, chain="ee" * 16, set_time="20251201T000000Z")
        Journal(f"{self.root}/state/chains/data").begin(under_way)
        self.ask()
        self.assertEqual(len(self.goes()), 2)

    def test_a_chain_that_a_backup_under_way_builds_upon_stays(self) -> None:
        Journal(f"{self.root}/state/chains/data").begin(dataclasses.replace(flight(OLD), backup="ee" * 16))

        self.ask()

        self.assertEqual(self.goes(), {MIDDLE.chain})

    def test_nothing_goes_when_nobody_knows_what_is_under_way(self) -> None:
        journal = Journal(f"{self.root}/state/chains/data")
        journal.begin(flight(OLD))
        with open(f"{journal.folder}/in-flight.json", "w", encoding="ascii") as file:
            file.write('{"backup":')

        self.ask()

        self.assertEqual(self.goes(), set())

    def test_an_object_that_would_not_go_is_not_counted_and_the_run_is_no_success(self) -> None:
        stubborn = f"data/{OLD_SECOND.objects[0].name}"
        self.store.refuses.add(stubborn)
        digest = self.ask()["plan"]["digest"]

        problem = self.refused(digest=digest)

        self.assertEqual(problem.fields["pruned"]["failed"], 1)
        self.assertIn(stubborn, self.store.objects)
        self.assertIn(f"data/{OLD.name}", self.store.objects, "what it builds upon stays")

    def test_a_delete_that_does_nothing_is_found_out(self) -> None:
        digest = self.ask()["plan"]["digest"]
        self.store.delete = lambda name: None  # type: ignore[method-assign]

        self.assertEqual(self.refused(digest=digest).fields["pruned"], {"files": 0, "failed": 1, "storedBytes": 0})
