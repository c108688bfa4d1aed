from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import unittest

from haven_a.clean_up import clean_up
from haven_a.in_flight import InFlight, Journal
from haven_a.problem import Problem
from haven_a.resume import why_not_resumable
from haven_a.set_names import manifest_of_set, of_set, signatures_of_set
from tests.samples import MemoryStore, catalogue_of, contents, context_of, manifest

SOURCE = {"id": "data", "dataset": "tank/data", "snapshot": "s1", "guid": "1"}
TIME = "20260105T120000Z"
FLIGHT = InFlight("aa" * 16, "aa" * 16, "full", None, None, TIME, SOURCE, 200, {"entries": 1, "files": 1, "sourceBytes": 1}, "2026-01-05T12:00:00Z")


class InFlightTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = MemoryStore()
        self.context = context_of(tempfile.mkdtemp(), self.store)
        self.journal = Journal(self.context.places.of_source("data"))
        self.journal.begin(FLIGHT)
        # As a kill after three volumes leaves it.
        for volume in (1, 2, 3):
            self.receive(of_set(None, TIME, volume))
        os.makedirs(f"{self.journal.archive}/haven")
        for name in (manifest_of_set(None, TIME), signatures_of_set(None, TIME)):
            with open(f"{self.journal.archive}/haven/{name.removesuffix('.gpg')}.part", "wb"):
                pass
        os.makedirs(self.context.places.attributes("data"))

    def receive(self, name: str) -> None:
        data = contents(name)
        self.store.objects[f"data/{name}"] = data
        receipt = {"name": name, "bytes": len(data), "md5": hashlib.md5(data).hexdigest(), "sha1": "x", "sha256": hashlib.sha256(data).hexdigest()}
        with open(self.journal.receipts_path, "a", encoding="ascii") as file:
            file.write(json.dumps(receipt) + "\n")

    def why(self, source: dict[str, str] = SOURCE, flight: InFlight = FLIGHT) -> str:
        return why_not_resumable(flight, source, catalogue_of(self.store).folder("data"), self.journal, self.context)

    def test_a_killed_set_goes_on_from_the_very_same_snapshot(self) -> None:
        self.assertEqual(self.why(), "")
        self.assertEqual(self.journal.read(), FLIGHT)

    def test_and_from_no_other(self) -> None:
        for change in ({"guid": "2"}, {"snapshot": "s2"}, {"dataset": "tank/other"}):
            self.assertTrue(self.why(source={**SOURCE, **change}), change)

    def test_nor_when_anything_of_it_is_not_as_it_was_left(self) -> None:
        second = f"data/{of_set(None, TIME, 2)}"
        whole = self.store.objects[second]
        self.store.objects[second] = whole[:-1]
        self.assertIn("bytes", self.why())
        del self.store.objects[second]
        self.assertIn("missing", self.why())
        self.store.objects[second] = whole

        self.assertTrue(self.why(flight=dataclasses.replace(FLIGHT, errors=1)))
        self.assertTrue(self.why(flight=dataclasses.replace(FLIGHT, compare_with={"index": "/none"})))
        os.unlink(self.journal.receipts_path)
        self.assertIn("nothing tells", self.why())

    def test_the_last_volume_needs_no_receipt_for_it_is_made_again(self) -> None:
        with open(self.journal.receipts_path, encoding="ascii") as file:
            lines = file.readlines()
        with open(self.journal.receipts_path, "w", encoding="ascii") as file:
            file.writelines([*lines[:2], lines[2][:40]])

        self.assertEqual((len(self.journal.receipts()), self.why()), (2, ""))

    def test_with_no_more_than_one_volume_there_is_nothing_to_go_on_with(self) -> None:
        for volume in (3, 2):
            del self.store.objects[f"data/{of_set(None, TIME, volume)}"]

        self.assertIn("not more than one", self.why())

    def test_without_duplicitys_own_record_it_cannot_go_on(self) -> None:
        self.journal.drop_archive()

        self.assertTrue(self.why())

    def test_what_is_given_up_is_removed_by_its_names_and_nothing_else(self) -> None:
        other = manifest(1)
        self.store.keep(other)
        self.store.objects["data/duplicity-full.20260105T115959Z.vol1.difftar.gpg"] = b"another set"
        kept = {name for name in self.store.objects if TIME not in name}

        clean_up(FLIGHT, self.journal, self.context)

        self.assertEqual(set(self.store.objects), kept)
        self.assertIsNone(self.journal.read())
        self.assertFalse(os.path.exists(self.journal.archive))

    def test_a_set_with_a_manifest_is_never_cleaned_away(self) -> None:
        self.store.objects[f"data/haven-manifest.{TIME}.json.gpg"] = b"x"

        with self.assertRaises(Problem):
            clean_up(FLIGHT, self.journal, self.context)
        self.assertEqual(self.store.deleted, [])

    def test_what_would_not_go_keeps_the_record(self) -> None:
        self.store.delete = lambda name: None  # type: ignore[method-assign]

        with self.assertRaises(Problem):
            clean_up(FLIGHT, self.journal, self.context)
        self.assertEqual(self.journal.read(), FLIGHT)

    def test_errors_are_kept_across_a_kill(self) -> None:
        self.journal.add_errors(1)
        self.journal.add_errors(2)

        found = Journal(self.journal.folder).read()
        self.assertEqual(found and found.errors, 3)

    def test_a_record_that_cannot_be_read_is_not_taken_for_none(self) -> None:
        for text in ("{", '{"backup": 1}', "[]"):
            with open(f"{self.journal.folder}/in-flight.json", "w", encoding="ascii") as file:
                file.write(text)
            self.assertTrue(self.journal.unreadable(), text)
