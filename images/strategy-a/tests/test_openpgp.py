from __future__ import annotations

import os
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

    def test_no_agent_is_started_and_the_passphrase_is_stretched_all_the_same(self) -> None:
        stored = self.key.encrypt(b"x")

        # RFC 4880 5.3 and 3.7.1.3: version 4, AES256, iterated and salted, a digest, 8 bytes of salt, and the coded count: 0xff are 65011712.
        self.assertEqual((stored[2:5], stored[14]), (b"\x04\x09\x03", 0xFF))
        self.assertEqual([name for name in os.listdir(self.key.home) if name.startswith("S.")], [], "the sockets of an agent")

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
