"""One source from its snapshot to a commit, with a duplicity that ends as it can end. The real one is in test/strategy-a."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import unittest
from typing import Any
from unittest import mock

from haven_a.backup_source import Ground, back_up_source
from haven_a.context import Context
from haven_a.duplicity import Ended
from haven_a.in_flight import InFlight, Journal
from haven_a.inside import CANNOT_RESUME
from haven_a.load_manifests import Manifests
from haven_a.manifest import Manifest
from haven_a.problem import Problem
from haven_a.set_names import manifest_of_set, of_set, signatures_of_set
from haven_a.write_set import Written
from tests.samples import MemoryStore, PlainKey, Told, catalogue_of, contents, context_of, settings

SOURCE = {"id": "data", "dataset": "tank/data", "snapshot": "s1", "guid": "1"}


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


class FakeDuplicity:
    """Writes two volumes, signatures and manifest, to the store and its archive, and leaves receipts; ends as told, once each."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.ends: list[Any] = []
        self.flights: list[InFlight] = []

    def __call__(self, flight: InFlight, journal: Journal, context: Context, _compression: str) -> Written:
        self.flights.append(flight)
        end = self.ends.pop(0) if self.ends else 0
        names = [of_set(flight.base_time, flight.set_time, volume) for volume in (1, 2)]
        names += [signatures_of_set(flight.base_time, flight.set_time), manifest_of_set(flight.base_time, flight.set_time)]
        folder = f"{journal.archive}/haven"
        os.makedirs(folder, exist_ok=True)
        for name in names if end in (0, "killed at the end", "errors") else names[:2]:
            self.receive(name, journal)
        partial = ".part" if end not in (0, "killed at the end", "errors") else ""
        if end in ("killed before the manifest", "killed just after the manifest"):
            self.receive(names[2], journal)
            # duplicity encrypts what it sends into its archive, and deletes it when it is sent.
            with open(f"{folder}/{names[3]}", "w", encoding="ascii") as file:
                file.write("encrypted")
        if end == "killed just after the manifest":
            self.receive(names[3], journal)
        with open(f"{folder}/{names[3].removesuffix('.gpg')}{partial}", "w", encoding="ascii") as file:
            for volume in (1, 2):
                file.write(f"Volume {volume}:\n    StartingPath   .\n    Hash SHA1 {hashlib.sha1(contents(names[volume - 1])).hexdigest()}\n")
        with open(f"{folder}/{names[2].removesuffix('.gpg')}{'' if names[2] in journal.receipts() else partial}", "w", encoding="ascii"):
            pass
        if isinstance(end, str) and end.startswith("killed"):
            raise Killed
        if isinstance(end, Problem):
            raise end
        return Written(Ended(0 if end == "errors" else end, ""), {"Errors": 3} if end == "errors" else {"NewFileSize": 70})

    def receive(self, name: str, journal: Journal) -> None:
        data = contents(name)
        self.store.objects[f"data/{name}"] = data
        receipt = {"name": name, "bytes": len(data), **{each: hashlib.new(each, data).hexdigest() for each in ("md5", "sha1", "sha256")}}
        with open(journal.receipts_path, "a", encoding="ascii") as file:
            file.write(json.dumps(receipt) + "\n")


class BackUpSourceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore()
        self.root = tempfile.mkdtemp()
        self.told = Told()
        self.duplicity = FakeDuplicity(self.store)
        os.makedirs(f"{self.root}/source/data")
        for name in ("one", "two", "three"):
            with open(f"{self.root}/source/data/{name}", "w", encoding="ascii") as file:
                file.write(name * 100)
        for name, fake in (
            ("backup_source.write_set", self.duplicity),
            ("backup_source.check_source", lambda source, path: None),
            ("backup_source.record_attributes", lambda name, context: os.makedirs(context.places.attributes(name), exist_ok=True)),
            ("prove_set.cold_sets", self.cold),
        ):
            patch = mock.patch(f"haven_a.{name}", fake)
            patch.start()
            self.addCleanup(patch.stop)

    def cold(self, source: str, _journal: Journal, _context: Context) -> dict[str, int]:
        sets = catalogue_of(self.store).folder(source).sets.values()
        return {each.end: each.volumes for each in sets if each.has_manifest}

    def back_up(self, kind: str = "auto", source: dict[str, str] = SOURCE, key: PlainKey | None = None, **changes: Any) -> Manifest:
        context = context_of(self.root, self.store, self.told, settings=settings(**changes), key=key or PlainKey())
        loaded = Manifests(self.store, context.key, context.places.state).load(catalogue_of(self.store))
        self.committed: list[Manifest] = []
        return back_up_source(source, kind, Ground(loaded, self.committed.append), context)

    def notes(self) -> list[str]:
        return [each["code"] for each in self.told.of("note")]

    def test_a_full_then_incrementals_upon_it(self) -> None:
        full, second, third = self.back_up(), self.back_up(), self.back_up()

        self.assertEqual([full.kind, second.kind, third.kind], ["full", "incremental", "incremental"])
        self.assertEqual((second.base, third.base_time, third.chain), (full.backup, second.set_time, full.backup))
        self.assertIsNone(Journal(f"{self.root}/state/chains/data").read())
        self.assertTrue((self.duplicity.flights[1].compare_with or {})["index"].endswith(f"index.{full.backup}.gz"))

    def test_without_its_index_an_incremental_goes_by_the_youngest_change(self) -> None:
        full = self.back_up()
        os.unlink(f"{self.root}/state/chains/data/index.{full.backup}.gz")

        self.back_up()

        self.assertEqual(self.duplicity.flights[1].compare_with, {"since": full.counts["newestChangeNs"]})

    def test_killed_in_the_middle_it_goes_on_with_the_same_snapshot(self) -> None:
        self.duplicity.ends = ["killed in the middle"]
        with self.assertRaises(Killed):
            self.back_up()

        made = self.back_up()

        self.assertIn("resuming", self.notes())
        self.assertEqual(made.backup, self.duplicity.flights[0].backup)
        self.assertEqual(self.duplicity.flights[0], self.duplicity.flights[1])

    def test_killed_in_the_middle_it_is_cleaned_away_before_another_snapshot(self) -> None:
        self.duplicity.ends = ["killed in the middle"]
        with self.assertRaises(Killed):
            self.back_up()

        made = self.back_up(source={**SOURCE, "snapshot": "s2", "guid": "2"})

        self.assertIn("given-up", self.notes())
        self.assertEqual({name.split(".")[-3 if "haven" in name else 1] for name in self.store.objects if "full." in name}, {made.set_time})

    def test_killed_after_duplicity_was_done_it_is_committed_first_even_when_another_snapshot_is_asked_for(self) -> None:
        self.duplicity.ends = ["killed at the end"]
        with self.assertRaises(Killed):
            self.back_up()

        made = self.back_up(source={**SOURCE, "snapshot": "s2", "guid": "2"})

        self.assertIn("finishing", self.notes())
        self.assertEqual([each.source["guid"] for each in self.committed], ["1", "2"])
        self.assertEqual((made.kind, made.base), ("incremental", self.committed[0].backup))

    def test_killed_before_duplicitys_manifest_nothing_is_sent_again_but_that(self) -> None:
        self.duplicity.ends = ["killed before the manifest"]
        with self.assertRaises(Killed):
            self.back_up()
        before = dict(self.store.objects)

        self.back_up(source={**SOURCE, "snapshot": "s2", "guid": "2"})

        first = self.committed[0]
        self.assertEqual((first.source["guid"], first.backup), ("1", self.duplicity.flights[0].backup))
        self.assertEqual({name: self.store.objects[name] for name in before}, before)
        manifest = self.store.objects[f"data/{manifest_of_set(None, first.set_time)}"]
        self.assertIn(b"Volume 2:", manifest)
        self.assertTrue(manifest.startswith(b"right:"), "and it is encrypted")

    def test_after_a_kill_at_the_manifest_the_archive_holds_it_once_and_in_clear(self) -> None:
        for end in ("killed before the manifest", "killed just after the manifest"):
            with self.subTest(end):
                self.store.objects.clear()
                shutil.rmtree(f"{self.root}/state", ignore_errors=True)
                self.told.lines.clear()
                self.duplicity.ends = [end]
                with self.assertRaises(Killed):
                    self.back_up()

                self.back_up()

                first = self.committed[0]
                found = [name for name in os.listdir(f"{self.root}/state/chains/data/archive/haven") if f"full.{first.set_time}" in name]
                self.assertEqual(found, [manifest_of_set(None, first.set_time).removesuffix(".gpg")])
                self.assertIn("finishing", self.notes())
                self.assertEqual([each.kind for each in self.committed], ["full", "incremental"])

    def test_but_not_when_a_volume_of_that_manifest_was_never_confirmed(self) -> None:
        self.duplicity.ends = ["killed before the manifest"]
        with self.assertRaises(Killed):
            self.back_up()
        path = f"{self.root}/state/chains/data/receipts.jsonl"
        with open(path, encoding="ascii") as file:
            lines = [line for line in file if "vol2" not in line]
        with open(path, "w", encoding="ascii") as file:
            file.writelines(lines)

        made = self.back_up()

        self.assertIn("given-up", self.notes())
        self.assertEqual([each.backup for each in self.committed], [made.backup])

    def test_a_set_is_not_gone_on_with_under_another_passphrase(self) -> None:
        for end in ("killed in the middle", "killed at the end", "killed before the manifest"):
            with self.subTest(end):
                self.store.objects.clear()
                shutil.rmtree(f"{self.root}/state", ignore_errors=True)
                self.duplicity.ends = [end]
                with self.assertRaises(Killed):
                    self.back_up(kind="full")
                before = dict(self.store.objects)

                with self.assertRaises(Problem) as raised:
                    self.back_up(key=PlainKey(b"other:"))

                self.assertEqual((raised.exception.code, self.store.objects), ("bad-request", before))
                self.assertIn("passphrase-a.md", raised.exception.hint)
                self.assertEqual(self.back_up().kind, "full" if end == "killed in the middle" else "incremental", "put back, it goes on")

    def test_in_another_container_it_begins_anew_and_deletes_nothing(self) -> None:
        self.duplicity.ends = ["killed in the middle"]
        with self.assertRaises(Killed):
            self.back_up()

        made = self.back_up(container="haven-2", key=PlainKey(b"other:"))

        self.assertIn("given-up", self.notes())
        self.assertEqual((made.kind, self.store.deleted), ("full", []))

    def test_what_cannot_be_proven_after_all_is_cleaned_away_and_does_not_fail_for_ever(self) -> None:
        self.duplicity.ends = ["killed at the end"]
        with self.assertRaises(Killed):
            self.back_up()
        lost = next(name for name in self.store.objects if "vol2" in name)
        self.store.objects[lost] = b"altered"

        made = self.back_up()

        self.assertIn("given-up", self.notes())
        self.assertEqual([each.backup for each in self.committed], [made.backup])

    def test_a_set_whose_objects_do_not_agree_is_no_backup(self) -> None:
        def broken(flight: InFlight, journal: Journal, context: Context, compression: str) -> Written:
            written = self.duplicity(flight, journal, context, compression)
            damage(flight)
            return written

        def drop_volume(flight: InFlight) -> None:
            del self.store.objects[f"data/{of_set(flight.base_time, flight.set_time, 2)}"]

        def add_volume(flight: InFlight) -> None:
            self.store.objects[f"data/{of_set(flight.base_time, flight.set_time, 3)}"] = b"never sent"

        def other_bytes(flight: InFlight) -> None:
            self.store.objects[f"data/{of_set(flight.base_time, flight.set_time, 1)}"] = b"altered"

        def another_hash(flight: InFlight) -> None:
            path = f"{self.root}/state/chains/data/archive/haven/{manifest_of_set(flight.base_time, flight.set_time).removesuffix('.gpg')}"
            with open(path, "w", encoding="ascii") as file:
                file.write("Volume 1:\n    Hash SHA1 " + "0" * 40 + "\nVolume 2:\n    Hash SHA1 " + "0" * 40 + "\n")

        def one_volume_more_in_duplicitys_manifest(flight: InFlight) -> None:
            path = f"{self.root}/state/chains/data/archive/haven/{manifest_of_set(flight.base_time, flight.set_time).removesuffix('.gpg')}"
            with open(path, "a", encoding="ascii") as file:
                file.write("Volume 3:\n    Hash SHA1 " + "0" * 40 + "\n")

        for damage in (drop_volume, add_volume, other_bytes, another_hash, one_volume_more_in_duplicitys_manifest):
            with self.subTest(damage.__name__), mock.patch("haven_a.backup_source.write_set", broken), self.assertRaises(Problem) as raised:
                self.back_up(kind="full")
            self.assertEqual(raised.exception.exit_code, 1)
            self.assertEqual([name for name in self.store.objects if "haven-manifest" in name], [])

    def test_a_cold_duplicity_that_does_not_see_the_set_makes_it_no_backup(self) -> None:
        with mock.patch("haven_a.prove_set.cold_sets", lambda *_: {}), mock.patch("haven_a.prove_set.LISTING_SECONDS", 0.0), self.assertRaises(Problem):
            self.back_up()
        self.assertEqual([name for name in self.store.objects if "haven-manifest" in name], [])

    def test_counted_errors_are_exit_20_and_leave_nothing_to_build_upon(self) -> None:
        self.duplicity.ends = ["errors"]

        with self.assertRaises(Problem) as raised:
            self.back_up()

        self.assertEqual(raised.exception.exit_code, 20)
        self.assertEqual(self.store.objects, {})

    def test_a_store_that_is_away_keeps_what_is_stored(self) -> None:
        self.duplicity.ends = [Problem("try-later", "store object", "the store is silent")]

        with self.assertRaises(Problem):
            self.back_up()
        self.back_up()

        self.assertIn("resuming", self.notes())

    def test_a_resumed_set_that_duplicity_gives_up_on_begins_anew_in_the_same_run(self) -> None:
        for end in (CANNOT_RESUME, 31):
            self.duplicity.ends = ["killed in the middle", end]
            with self.assertRaises(Killed):
                self.back_up(kind="full")

            self.back_up(kind="full")

            self.assertEqual(self.notes()[-2:], ["given-up", "full"])

    def test_a_duplicity_that_was_killed_itself_is_gone_on_with(self) -> None:
        self.duplicity.ends = [-9]

        with self.assertRaises(Problem):
            self.back_up()
        self.back_up()

        self.assertIn("resuming", self.notes())

    def test_an_incremental_without_signatures_becomes_a_full(self) -> None:
        full = self.back_up()
        self.duplicity.ends = [17]

        made = self.back_up()

        self.assertEqual((made.kind, made.base), ("full", None))
        self.assertNotEqual(made.chain, full.chain)

    def test_a_source_that_lost_more_than_half_is_refused_unless_it_is_meant(self) -> None:
        self.back_up()
        os.unlink(f"{self.root}/source/data/one")
        os.unlink(f"{self.root}/source/data/two")

        with self.assertRaises(Problem) as raised:
            self.back_up()
        self.assertEqual((raised.exception.exit_code, len(self.duplicity.flights)), (20, 1))
        self.assertEqual(self.back_up(allowShrink=True).kind, "incremental")

    def test_a_record_of_a_killed_run_that_cannot_be_read_is_told_and_not_resumed(self) -> None:
        self.duplicity.ends = ["killed in the middle"]
        with self.assertRaises(Killed):
            self.back_up()
        with open(f"{self.root}/state/chains/data/in-flight.json", "w", encoding="ascii") as file:
            file.write("{")

        self.back_up()

        self.assertIn("journal-damaged", self.notes())
        self.assertEqual(len([each for each in self.store.objects if "vol1" in each]), 2, "what it left stays, for prune")
