from __future__ import annotations

import unittest

from haven_a.set_names import SetName, manifest_of_set, of_set, parse_name, signatures_of_set, to_seconds, to_set_time

START, END = "20260101T120000Z", "20260102T120000Z"


class SetNamesTest(unittest.TestCase):
    def test_every_name_that_duplicity_gives_is_understood(self) -> None:
        for start in (None, START):
            self.assertEqual(parse_name(of_set(start, END, 12)), SetName(END, start, "volume", 12))
            self.assertEqual(parse_name(manifest_of_set(start, END)), SetName(END, start, "manifest", None))
            self.assertEqual(parse_name(signatures_of_set(start, END)), SetName(END, start, "signatures", None))

    def test_whatever_does_not_match_in_full_is_nobodys(self) -> None:
        for name in (
            "",
            "duplicity-full.20260101T120000Z.vol0.difftar.gpg",
            "duplicity-full.20260101T120000Z.vol1.difftar",
            "duplicity-full.20260101T120000Z.vol1.difftar.gpg.part",
            "duplicity-full.yesterday.vol1.difftar.gpg",
            "x-duplicity-full.20260101T120000Z.manifest.gpg",
            "duplicity-full.20260101T120000Z.manifest.gpg\n",
            "duplicity-full.20260101T120000Z.manifest.gpg/x",
            "haven-manifest.20260101T120000Z.json.gpg",
        ):
            self.assertIsNone(parse_name(name), name)

    def test_times_go_to_seconds_and_back(self) -> None:
        self.assertEqual(to_set_time(to_seconds(END)), END)
