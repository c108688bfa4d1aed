from __future__ import annotations

import shutil
import subprocess
import tempfile
import unittest

from haven_a.openpgp import Key, WrongKey


@unittest.skipUnless(shutil.which("gpg"), "gpg is not here; the image's own run of these tests has it")
class OpenpgpTest(unittest.TestCase):
    def setUp(self) -> None:
        self.key = Key(b"correct horse", f"{tempfile.mkdtemp()}/home")

    def test_what_was_encrypted_comes_back(self) -> None:
        for plain in (b"x", b"\x00\xff" * 100_000):
            self.assertEqual(self.key.decrypt(self.key.encrypt(plain)), plain)

    def test_another_passphrase_and_damage_are_refused(self) -> None:
        stored = self.key.encrypt(b"x" * 1000)

        with self.assertRaises(WrongKey):
            Key(b"another", self.key.home).decrypt(stored)
        for damaged in (stored[:-1], stored[:40], b"", b"nonsense", stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:]):
            with self.assertRaises(WrongKey):
                self.key.decrypt(damaged)

    def test_what_nobody_has_encrypted_is_refused(self) -> None:
        self.key.make_home()
        stored = subprocess.run(["gpg", "--homedir", self.key.home, "--batch", "--store"], input=b"a forged manifest", capture_output=True, check=True).stdout

        with self.assertRaises(WrongKey):
            self.key.decrypt(stored)
