"""`copy` brings the objects of the backups that were asked for, as they lie in Swift, and no others."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from typing import Any

from haven_a.places import Places
from haven_a.problem import Problem
from haven_a.verbs.copy import copy
from tests.samples import MemoryStore, context_of, manifest


class Copy(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.places = Places(root=f"{folder.name}/haven", copy=f"{folder.name}/copy")
        os.makedirs(self.places.state)
        os.mkdir(self.places.copy)
        self.store = MemoryStore()
        self.full = manifest(1)
        self.store.keep(self.full, manifest(2, self.full), manifest(3, source="other"))

    def copied(self, *backups: str) -> list[dict[str, Any]]:
        copy({"backups": list(backups)}, context_of(self.places.root, self.store, places=self.places))
        with open(f"{self.places.copy}/objects.json", encoding="ascii") as file:
            objects = json.load(file)["objects"]
        assert isinstance(objects, list)
        return objects

    def test_what_is_copied_is_what_the_store_holds_of_that_backup(self) -> None:
        objects = self.copied(self.full.backup)

        self.assertEqual([each["role"] for each in objects], ["data", "data", "index", "signatures", "manifest"])
        self.assertEqual([each.get("part") for each in objects], [0, 1, None, None, None])
        for each in objects:
            path = f"{self.places.copy}/{each['file']}"
            with open(path, "rb") as file:
                self.assertEqual(file.read(), self.store.objects[each["name"]])
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o644)

    def test_a_backup_that_is_not_there_is_damage_and_not_an_empty_copy(self) -> None:
        with self.assertRaises(Problem) as raised:
            self.copied("0f" * 16)

        self.assertEqual(raised.exception.code, "damaged")

    def test_an_object_that_is_not_there_is_damage(self) -> None:
        del self.store.objects[f"data/{self.full.objects[0].name}"]

        with self.assertRaises(Problem) as raised:
            self.copied(self.full.backup)

        self.assertIn("is not in the store", raised.exception.message)
