"""What duplicity tells of, told on; and the first loss ends it."""

from __future__ import annotations

import json
import tempfile
import unittest

from haven_a.duplicity_log import Record
from haven_a.in_flight import Journal
from haven_a.problem import Problem
from haven_a.set_names import of_set
from haven_a.write_set import Listener
from tests.samples import MemoryStore, Told, context_of
from tests.test_in_flight import FLIGHT, TIME


class ListenerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.told = Told()
        self.context = context_of(tempfile.mkdtemp(), MemoryStore(), self.told)
        self.journal = Journal(self.context.places.of_source("data"))
        self.journal.begin(FLIGHT)
        self.listener = Listener(FLIGHT, self.journal, self.context)

    def test_a_stored_volume_is_a_part_of_as_much_as_was_read_since_the_last_one(self) -> None:
        for volume, read in ((1, 100), (2, 250), (3, 250)):
            self.listener(Record("NOTICE", 9001, json.dumps({"name": of_set(None, TIME, volume), "bytes": 70, "read": read}), []))
        self.listener(Record("NOTICE", 9001, json.dumps({"name": f"duplicity-full.{TIME}.manifest.gpg", "bytes": 7, "read": 250}), []))

        parts = [(each["part"], each["streamBytes"], each["storedBytes"]) for each in self.told.of("part")]
        self.assertEqual(parts, [(0, 100, 70), (1, 150, 70), (2, 1, 70)])

    def test_the_first_entry_that_cannot_be_read_ends_it_and_is_not_forgotten(self) -> None:
        for record in (
            Record("WARNING", 10, "'/haven/source/data/secret'", ["Error accessing possibly locked file"]),
            Record("WARNING", 9, "'secret'", []),
            Record("WARNING", 39, "", ["File secret missing in backup set"]),
            Record("WARNING", 1, "", ["Error [Errno 5] Input/output error getting delta for source/data/secret"]),
        ):
            with self.subTest(record), self.assertRaises(Problem) as raised:
                self.listener(record)
            self.assertEqual(raised.exception.exit_code, 20)
            self.assertNotIn("secret", raised.exception.message)
        found = self.journal.read()
        self.assertEqual(found and found.errors, 4)

    def test_other_warnings_are_no_loss(self) -> None:
        for record in (Record("WARNING", 1, "", ["No signatures found"]), Record("WARNING", 5, "", []), Record("INFO", 15, "", ["skipping socket"])):
            self.listener(record)

        self.assertEqual(self.listener.found.errors, 0)
