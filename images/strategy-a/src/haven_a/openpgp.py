"""Encrypts and decrypts Haven's own manifests with GnuPG, by the same passphrase as duplicity's volumes. It goes through a pipe, never by argv or environment."""

from __future__ import annotations

import os

from haven_a.children import Finished, run_tool
from haven_a.problem import Problem

SECONDS = 120.0
# An agent is needed for one thing only, to measure how many rounds the derivation of the key shall have, and a gpg that starts one waits a second for it; five when the
# machine is busy. So none is started, and the rounds are as many as the format can say: where there is no agent gpg would take 65536.
NO_AGENT = ["--no-autostart", "--s2k-count", "65011712"]
ENCRYPT = ["--symmetric", "--cipher-algo", "AES256", "--compress-algo", "zlib"]


class WrongKey(Exception):
    """It does not decrypt: another passphrase, or damaged. GnuPG cannot tell them apart."""


class Key:
    def __init__(self, passphrase: bytes, home: str) -> None:
        self._passphrase = passphrase
        self.home = home

    def encrypt(self, plain: bytes) -> bytes:
        finished = self._gpg(ENCRYPT, plain)
        if finished.code != 0 or not finished.stdout:
            raise Problem("failed", "gpg", f"'gpg --symmetric' ended with exit code {finished.code}", "see the log")
        return finished.stdout

    def decrypt(self, stored: bytes) -> bytes:
        """Throws WrongKey. Integrity is demanded: what was changed does not pass for a manifest."""
        finished = self._gpg(["--status-fd", "2", "--decrypt"], stored)
        # gpg also prints what nobody has encrypted, and calls that a success: whoever can write to the store could put manifests there.
        if finished.code != 0 or b"[GNUPG:] DECRYPTION_OKAY\n" not in finished.stderr:
            raise WrongKey
        return finished.stdout

    def make_home(self) -> None:
        os.makedirs(self.home, mode=0o700, exist_ok=True)

    def _gpg(self, arguments: list[str], data: bytes) -> Finished:
        self.make_home()
        read, write = os.pipe()
        try:
            with open(write, "wb") as pipe:
                pipe.write(self._passphrase + b"\n")
            argv = ["gpg", "--homedir", self.home, "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--passphrase-fd", str(read), *NO_AGENT]
            return run_tool([*argv, *arguments], SECONDS, data, pass_fds=(read,))
        finally:
            os.close(read)
