"""Waits grow, follow what the store asks for, and end."""

from __future__ import annotations

import unittest

from haven_a.store.patience import Patience, Waits


class WaitsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def patience(self, chance: float = 0.5, give_up_after: float = 100) -> Patience:
        def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            self.now += seconds

        return Patience(give_up_after=give_up_after, first_wait=1, longest_wait=30, clock=lambda: self.now, sleep=sleep, chance=lambda: chance)

    def test_each_is_twice_the_one_before_until_the_longest_and_the_end(self) -> None:
        waits = Waits(self.patience())

        while waits.another(0):
            pass

        self.assertEqual(self.waits, [1, 2, 4, 8, 16, 30, 30])

    def test_chance_keeps_clients_apart(self) -> None:
        for chance, wait in ((0.0, 0.5), (0.99, 1.49)):
            self.waits = []
            Waits(self.patience(chance)).another(0)
            self.assertEqual(self.waits, [wait])

    def test_the_store_may_ask_for_more(self) -> None:
        self.assertTrue(Waits(self.patience()).another(60))

        self.assertEqual(self.waits, [60])

    def test_more_than_there_is_patience_for_is_not_waited(self) -> None:
        self.assertFalse(Waits(self.patience()).another(3600))

        self.assertEqual(self.waits, [])

    def test_the_time_counts_from_the_first_failure_not_from_the_start_of_a_long_upload(self) -> None:
        waits = Waits(self.patience(give_up_after=10))
        self.now += 3600

        self.assertTrue(waits.another(0))
