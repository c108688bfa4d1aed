from __future__ import annotations

import dataclasses
import os
import tempfile
import unittest
from collections.abc import Callable
from typing import BinaryIO
from unittest import mock

from haven_a.examine import examine
from haven_a.memory import Memory
from haven_a.problem import Problem
from haven_a.set_names import manifest_of_set, of_set
from haven_a.state_lock import take_lock
from haven_a.verbs.audit import audit
from tests.samples import MemoryStore, PlainKey, Told, context_of, manifest

FULL = manifest(1)
SECOND = manifest(2, FULL)
THIRD = manifest(3, SECOND)
VOLUME = f"data/{FULL.volumes[0].name}"


class ExamineTest(unittest.TestCase):
    def setUp(self) -> None:
        self.root = tempfile.mkdtemp()
        self.store = MemoryStore()
        self.store.keep(FULL, SECOND, THIRD)
        self.context = context_of(self.root, self.store)

    def kinds(self) -> list[str]:
        return sorted({each.kind for each in examine(self.context).findings})

    def test_a_whole_store_has_no_finding(self) -> None:
        self.assertEqual(self.kinds(), [])
        self.assertEqual(audit({}, self.context)["audit"]["backups"], 3)

    def test_every_damage_that_a_listing_shows_is_found(self) -> None:
        objects = self.store.objects
        last_manifest = f"data/{THIRD.name}"

        def drop(name: str) -> Callable[[], None]:
            return lambda: void(objects.pop(name))

        def become(name: str, content: bytes) -> Callable[[], None]:
            return lambda: objects.update({name: content})

        def void(_value: object) -> None:
            return None

        cases: dict[str, tuple[Callable[[], None], str]] = {
            "a volume is gone": (drop(VOLUME), "missing"),
            "the last volume of the full is gone": (drop(f"data/{FULL.volumes[-1].name}"), "missing"),
            "a volume of an incremental is gone": (drop(f"data/{SECOND.volumes[0].name}"), "missing"),
            "duplicity's manifest is gone": (drop(f"data/{FULL.objects[2].name}"), "missing"),
            "signatures are gone": (drop(f"data/{FULL.objects[3].name}"), "missing"),
            "a volume is cut off": (become(VOLUME, objects[VOLUME][:-1]), "altered"),
            "a volume is empty": (become(VOLUME, b""), "altered"),
            "a byte of a volume is another": (become(VOLUME, b"X" + objects[VOLUME][1:]), "altered"),
            "two volumes are swapped": (become(VOLUME, objects[f"data/{FULL.volumes[1].name}"]), "altered"),
            "Haven's manifest does not decrypt": (become(last_manifest, b"wrong:" + objects[last_manifest][6:]), "unreadable"),
            "Haven's manifest is another's": (become(last_manifest, objects[f"data/{SECOND.name}"]), "unreadable"),
            "Haven's manifest is cut off": (become(last_manifest, objects[last_manifest][:-9]), "unreadable"),
            "the full's manifest of Haven's is gone": (drop(f"data/{FULL.name}"), "broken-chain"),
            "a volume too many": (become(f"data/{of_set(None, FULL.set_time, 3)}", b"x"), "extra"),
            "a set that forks the chain": (become(f"data/{manifest_of_set(FULL.set_time, '20260109T000000Z')}", b"x"), "extra"),
        }
        whole = dict(objects)
        for name, (damage, kind) in cases.items():
            with self.subTest(name):
                damage()

                self.assertIn(kind, self.kinds())
                with self.assertRaises(Problem) as raised:
                    audit({}, self.context)
                self.assertEqual(raised.exception.exit_code, 30)
            objects.clear()
            objects.update(whole)

    def test_a_store_that_was_set_back_or_emptied_is_found_while_it_is_remembered(self) -> None:
        Memory(self.context.places.state, "haven").remember({each.backup: "data" for each in (FULL, SECOND, THIRD)})
        for name in [f"data/{THIRD.name}", *(f"data/{each.name}" for each in THIRD.objects)]:
            del self.store.objects[name]
        self.assertEqual(self.kinds(), ["rolled-back"])

        self.store.objects.clear()
        self.assertEqual(len(examine(self.context).findings), 3)

    def test_what_an_audit_saw_it_misses_afterwards(self) -> None:
        audit({}, self.context)
        del self.store.objects[f"data/{THIRD.name}"]

        with self.assertRaises(Problem) as raised:
            audit({}, self.context)

        self.assertIn("rolled-back", [each["kind"] for each in raised.exception.fields["audit"]["findings"]])

    def test_an_audit_beside_a_prune_does_not_remember_what_was_deleted_on_purpose(self) -> None:
        memory = Memory(self.context.places.state, "haven")
        memory.remember({each.backup: "data" for each in (FULL, SECOND, THIRD)})
        seen = examine(self.context)
        memory.forget(THIRD.backup)

        with mock.patch("haven_a.verbs.audit.examine", return_value=seen):
            audit({}, self.context)

        self.assertEqual(memory.known().keys(), {FULL.backup, SECOND.backup})

    def test_an_audit_beside_a_backup_remembers_nothing_and_is_made_all_the_same(self) -> None:
        os.makedirs(self.context.places.state, exist_ok=True)
        lock = take_lock(self.context.places.state)
        self.addCleanup(os.close, lock)

        self.assertEqual(audit({}, self.context)["audit"]["backups"], 3)

        self.assertEqual(Memory(self.context.places.state, "haven").known(), {})

    def test_an_empty_store_is_a_failure_too(self) -> None:
        self.store.objects.clear()

        with self.assertRaises(Problem) as raised:
            audit({}, self.context)
        self.assertIn("nothing was compared", raised.exception.message)

    def test_a_listing_that_lags_is_asked_again_by_name(self) -> None:
        self.store.unlisted.add(VOLUME)

        seen = examine(self.context)

        self.assertEqual((seen.findings, seen.asked_by_id), ([], 1))

    def test_what_is_not_havens_is_neither_counted_nor_a_finding(self) -> None:
        self.store.objects.update({"holiday.jpg": b"x", "data/notes.txt": b"x", "Other/duplicity-full.20260101T120000Z.manifest.gpg": b"x"})

        seen = examine(self.context)

        self.assertEqual((seen.findings, seen.catalogue.foreign), ([], 3))

    def test_a_base_of_another_chain_or_set_breaks_the_chain(self) -> None:
        other_set = manifest(2, dataclasses.replace(FULL, set_time="20251231T000000Z"))
        for wrong in (dataclasses.replace(SECOND, chain="ff" * 16), other_set):
            store = MemoryStore()
            store.keep(FULL, wrong)

            found = examine(context_of(tempfile.mkdtemp(), store)).findings

            self.assertIn("broken-chain", [each.kind for each in found])

    def test_a_link_that_claims_another_chain_breaks_all_that_builds_upon_it(self) -> None:
        store = MemoryStore()
        store.keep(FULL, dataclasses.replace(SECOND, chain="ff" * 16), THIRD)

        found = examine(context_of(tempfile.mkdtemp(), store)).findings

        self.assertEqual([each.backup for each in found if each.kind == "broken-chain"], [SECOND.backup, THIRD.backup])

    def test_a_second_manifest_of_the_same_backup_is_told(self) -> None:
        self.store.keep(manifest(5, backup=FULL.backup, chain=FULL.chain))

        self.assertIn("extra", self.kinds())

    def test_bytes_that_are_not_those_that_the_store_lists_are_no_manifest(self) -> None:
        class Lying(MemoryStore):
            def get(self, name: str, into: BinaryIO) -> bool:
                into.write(self.objects[name][:-1] + b" ")
                return True

        store = Lying()
        store.keep(FULL, SECOND)

        found = examine(context_of(tempfile.mkdtemp(), store)).findings

        self.assertTrue(any("not those that it lists" in each.message for each in found))

    def test_manifests_are_downloaded_once(self) -> None:
        first = examine(self.context).loaded.downloads
        second = examine(self.context).loaded.downloads

        self.assertEqual((first, second), (3, 0))

    def test_a_cache_does_not_outlive_the_object_that_it_was_read_from(self) -> None:
        examine(self.context)
        self.store.objects[f"data/{THIRD.name}"] = b"right: no JSON"

        self.assertEqual(self.kinds(), ["unreadable"])

    def test_findings_beyond_a_line_are_counted(self) -> None:
        store = MemoryStore()
        store.keep(manifest(1, volumes=150))
        store.objects = {name: content for name, content in store.objects.items() if "difftar" not in name}

        with self.assertRaises(Problem) as raised:
            audit({}, context_of(tempfile.mkdtemp(), store, Told(), key=PlainKey()))
        findings = raised.exception.fields["audit"]["findings"]
        self.assertEqual((len(findings), findings[-1]["message"]), (101, "and 50 more findings"))
