"""`verify` on real trees, with every awkward entry there is. Root is needed (devices, owners, capabilities)."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
from collections.abc import Callable
from typing import Any

from haven_drill.events import Events
from haven_drill.places import Places
from haven_drill.problem import Problem
from haven_drill.stopping import Stopping
from haven_drill.verify import verify

ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, perm, who)
    for tag, perm, who in ((1, 6, 0xFFFFFFFF), (2, 4, 1234), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 4, 0xFFFFFFFF))
)
# revision 2, effective, cap_net_raw
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)
NOT_UTF8 = b"caf\xe9"


def make_tree(root: bytes) -> None:
    def path(name: bytes) -> bytes:
        return os.path.join(root, name)

    def write(name: bytes, data: bytes = b"x", mode: int = 0o644) -> None:
        with open(path(name), "wb") as file:
            file.write(data)
        os.chmod(path(name), mode)

    os.makedirs(path(b"deep/er/est"))
    for name in (b"plain", b"new\nline", b" lead", b"-rf", b"n" * 255, NOT_UTF8, "grün".encode(), b"quote'\"", b"deep/er/est/leaf"):
        write(name, name + b" content")
    write(b"empty", b"")
    write(b"big", os.urandom(3 << 20))
    write(b"closed", b"secret", 0o000)
    write(b"setuid", b"su", 0o4755)
    os.mkdir(path(b"sticky"))
    os.chmod(path(b"sticky"), 0o1777)
    os.mkdir(path(b"void"))
    os.symlink(b"nowhere/\xff\n", path(b"dangling"))
    os.symlink(b"deep", path(b"to-directory"))
    os.mkfifo(path(b"fifo"))
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(root)
    listener.bind(b"socket")
    os.chdir(here)
    listener.close()
    os.mknod(path(b"null"), 0o600 | 0o020000, os.makedev(1, 3))
    os.mknod(path(b"loop"), 0o600 | 0o060000, os.makedev(7, 200))
    for group in (b"a", b"b"):
        write(b"link-" + group + b"1", b"same")
        os.link(path(b"link-" + group + b"1"), path(b"link-" + group + b"2"))
    with open(path(b"sparse"), "wb") as file:
        file.seek(8 << 20)
        file.write(b"end")
    os.setxattr(path(b"plain"), b"user.colour", b"\x00\xff")
    os.setxattr(path(b"deep"), b"system.posix_acl_default", ACL)
    os.setxattr(path(b"plain"), b"system.posix_acl_access", ACL)
    os.setxattr(path(b"setuid"), b"security.capability", CAPABILITY)
    os.chown(path(b"closed"), 4242, 4343)
    os.utime(path(b"plain"), ns=(0, 1_234_567_890_123_456_789))
    os.utime(path(b"empty"), ns=(0, -86_400_000_000_000))
    os.utime(path(b"dangling"), ns=(0, 7), follow_symlinks=False)


def copy_tree(source: str, target: str) -> None:
    # --sparse=always is not used: cp keeps the holes that it finds.
    if os.spawnlp(os.P_WAIT, "cp", "cp", "-a", "--preserve=all", source, target) != 0:
        raise AssertionError("cp failed")


class VerifyTest(unittest.TestCase):
    def setUp(self) -> None:
        # Not in /tmp: it may be a tmpfs without user xattrs.
        self.folder = tempfile.mkdtemp(prefix="haven-drill-", dir=os.environ.get("HAVEN_TEST_DISK", "/var/tmp"))
        # Not shutil.rmtree: it recurses, and one tree here is deep.
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.places = Places(
            out=self.folder, source=os.path.join(self.folder, "source"), restored=os.path.join(self.folder, "restored")
        )
        os.mkdir(self.places.source)
        make_tree(os.fsencode(self.places.source))
        copy_tree(self.places.source, self.places.restored)
        self.restored = os.fsencode(self.places.restored)
        self.source = os.fsencode(self.places.source)

    def verify(self) -> dict[str, Any]:
        self.output: list[bytes] = []
        return verify({"compare": "filesystem"}, Events(self.output.append), Stopping(), self.places)

    def details(self) -> dict[str, Any]:
        with open(os.path.join(self.folder, "comparison.json"), encoding="ascii") as file:
            details: dict[str, Any] = json.load(file)
            return details

    def red(self) -> dict[str, Any]:
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertEqual(caught.exception.exit_code, 30)
        self.problem = caught.exception
        return self.details()

    def assert_only(self, kind: str, path: bytes) -> dict[str, Any]:
        listed = self.red()["listed"]
        found = [(item["kind"], item["path"]) for item in listed]
        self.assertEqual(found, [(kind, path.decode("utf-8", "surrogateescape"))])
        item: dict[str, Any] = listed[0]
        return item

    def test_a_faithful_copy_is_green_with_its_evidence(self) -> None:
        comparison = self.verify()["comparison"]

        self.assertEqual(comparison["mismatches"], 0)
        self.assertEqual(comparison["files"], comparison["byType"]["file"])
        # Each content is read once: a second name of a file adds nothing.
        sizes = {}
        for folder, _folders, names in os.walk(self.source):
            for name in names:
                found = os.lstat(os.path.join(folder, name))
                if found.st_mode & 0o170000 == 0o100000:
                    sizes[found.st_ino] = found.st_size
        self.assertEqual(comparison["bytes"], sum(sizes.values()))
        self.assertEqual(comparison["byType"]["directory"], 6)
        for kind in ("symlink", "fifo", "socket", "character-device", "block-device"):
            self.assertIn(kind, comparison["byType"])
        self.assertEqual(comparison["entries"], sum(comparison["byType"].values()))
        self.assertIn("posix-acls", comparison["checked"])

    def test_names_are_not_in_events_but_in_the_details(self) -> None:
        self.keep_time(b"", lambda folder: os.unlink(os.path.join(folder, NOT_UTF8)))
        details = self.red()
        self.assertNotIn(b"caf", b"".join(self.output))
        self.assertNotIn("caf", json.dumps(self.problem.as_error()) + json.dumps(self.problem.fields))
        self.assertEqual(details["listed"][0]["pathBase64"], "Y2Fm6Q==")

    def test_many_mismatches_are_all_counted_and_a_thousand_listed(self) -> None:
        for number in range(1200):
            with open(os.path.join(self.source, b"many%d" % number), "wb"):
                pass
        os.utime(self.source, ns=(0, os.stat(self.restored).st_mtime_ns))
        details = self.red()
        self.assertEqual(details["mismatches"], 1200)
        self.assertEqual(len(details["listed"]), 1000)

    def test_very_deep_trees_are_walked_to_the_end(self) -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for root in (self.source, self.restored):
            chain = [os.open(root, os.O_RDONLY)]
            for _level in range(1500):
                os.mkdir(b"d" * 20, dir_fd=chain[-1])
                chain.append(os.open(b"d" * 20, os.O_RDONLY, dir_fd=chain[-1]))
            mode = 0o600 if root == self.source else 0o640
            os.close(os.open(b"leaf", os.O_WRONLY | os.O_CREAT, mode, dir_fd=chain[-1]))
            os.utime(b"leaf", ns=(0, 5), dir_fd=chain[-1])
            for level in reversed(chain):
                os.utime(level, ns=(0, 5))
                os.close(level)
        details = self.red()
        self.assertEqual({item["kind"] for item in details["listed"]}, {"mode"})
        self.assertTrue(details["listed"][0]["path"].endswith("/leaf"))

    def test_a_source_that_is_empty_is_a_failure(self) -> None:
        for root in (self.source, self.restored):
            shutil.rmtree(root)
            os.mkdir(root)
            os.utime(root, ns=(0, 5))
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertEqual(caught.exception.exit_code, 30)
        self.assertIn("nothing was compared", caught.exception.message)

    def test_a_source_without_any_file_is_a_failure(self) -> None:
        for root in (self.source, self.restored):
            shutil.rmtree(root)
            os.makedirs(os.path.join(root, b"only"))
            os.utime(os.path.join(root, b"only"), ns=(0, 5))
            os.utime(root, ns=(0, 5))
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertIn("nothing was compared", caught.exception.message)

    def test_a_tree_is_not_compared_with_itself(self) -> None:
        self.places = Places(out=self.folder, source=self.places.source, restored=self.places.source)
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertIn("one and the same", caught.exception.message)

    def test_a_tree_that_is_not_there_is_a_failure(self) -> None:
        shutil.rmtree(self.restored)
        with self.assertRaises(Problem) as caught:
            self.verify()
        self.assertEqual(caught.exception.exit_code, 30)

    def test_a_missing_folder_is_one_mismatch_and_its_parent_s_time_none(self) -> None:
        self.keep_time(b"deep/er", lambda path: shutil.rmtree(os.path.join(path, b"est")))
        self.assert_only("missing", b"deep/er/est")

    def test_an_extra_file_is_found(self) -> None:
        self.keep_time(b"", lambda folder: os.close(os.open(os.path.join(folder, b"zz"), os.O_CREAT)))
        self.assert_only("extra", b"zz")

    def test_a_wrong_type_is_found(self) -> None:
        def change(path: bytes) -> None:
            os.unlink(os.path.join(path, b"fifo"))
            os.symlink(b"plain", os.path.join(path, b"fifo"))

        self.keep_time(b"", change)
        self.assert_only("type", b"fifo")

    def test_hard_links_that_changed_partners_are_found(self) -> None:
        # Same names, same contents, same link counts: only who is linked with whom differs.
        def change(path: bytes) -> None:
            for name, with_name in ((b"link-a2", b"link-b1"), (b"link-b2", b"link-a1")):
                os.rename(os.path.join(path, with_name), os.path.join(path, b"t"))
                os.rename(os.path.join(path, name), os.path.join(path, with_name))
                os.rename(os.path.join(path, b"t"), os.path.join(path, name))
                break
            for name in (b"link-a1", b"link-a2", b"link-b1", b"link-b2"):
                os.utime(os.path.join(path, name), ns=(0, 5))

        for root in (self.source, self.restored):
            for name in (b"link-a1", b"link-b1"):
                os.utime(os.path.join(root, name), ns=(0, 5))
        self.keep_time(b"", change)
        kinds = {item["kind"] for item in self.red()["listed"]}
        self.assertEqual(kinds, {"hard-link"})

    def keep_time(self, folder: bytes, change: Callable[[bytes], None]) -> None:
        path = os.path.join(self.restored, folder) if folder else self.restored
        before = os.stat(path).st_mtime_ns
        change(path)
        os.utime(path, ns=(0, before))

    def change(self, name: bytes, how: Callable[[bytes], None]) -> None:
        """Changes one entry of the restored tree and puts its times, and its folder's, back."""
        path = os.path.join(self.restored, name)
        times = os.lstat(path).st_mtime_ns
        self.keep_time(os.path.dirname(name), lambda _folder: how(path))
        os.utime(path, ns=(0, times), follow_symlinks=False)


def flip_last_byte(path: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def append(path: bytes) -> None:
    with open(path, "ab") as file:
        file.write(b"x")


def relink(path: bytes) -> None:
    os.unlink(path)
    os.symlink(b"elsewhere", path)


def break_link(path: bytes) -> None:
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(data)


def fill_holes(path: bytes) -> None:
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "r+b") as file:
        file.write(data)


def other_device(path: bytes) -> None:
    os.unlink(path)
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))


# Every kind of difference: what is done to which entry of the restored tree, and the kinds that must be told of it.
DIFFERENCES: dict[str, tuple[bytes, Callable[[bytes], Any], set[str]]] = {
    "mode": (b"plain", lambda path: os.chmod(path, 0o640), {"mode", "xattr"}),
    "mode_000": (b"closed", lambda path: os.chmod(path, 0o400), {"mode"}),
    "setuid": (b"setuid", lambda path: os.chmod(path, 0o755), {"mode"}),
    "sticky": (b"sticky", lambda path: os.chmod(path, 0o777), {"mode"}),
    "uid": (b"closed", lambda path: os.chown(path, 0, -1), {"uid"}),
    "gid": (b"closed", lambda path: os.chown(path, -1, 0), {"gid"}),
    "symlink_owner": (b"dangling", lambda path: os.chown(path, 5, -1, follow_symlinks=False), {"uid"}),
    "content_in_the_last_byte": (b"big", flip_last_byte, {"content"}),
    "content_of_mode_000": (b"closed", flip_last_byte, {"content"}),
    "content_of_invalid_utf8_name": (NOT_UTF8, flip_last_byte, {"content"}),
    "content_of_newline_name": (b"new\nline", flip_last_byte, {"content"}),
    "content_deep": (b"deep/er/est/leaf", flip_last_byte, {"content"}),
    "size": (b"plain", append, {"size"}),
    "size_of_empty": (b"empty", append, {"size"}),
    "missing": (b"n" * 255, lambda path: None, {"missing"}),
    "symlink_target": (b"dangling", relink, {"symlink", "size"}),
    "xattr_value": (b"plain", lambda path: os.setxattr(path, b"user.colour", b"\x00\xfe"), {"xattr"}),
    "xattr_gone": (b"plain", lambda path: os.removexattr(path, b"user.colour"), {"xattr"}),
    "xattr_extra": (b"empty", lambda path: os.setxattr(path, b"user.more", b""), {"xattr"}),
    "acl_gone": (b"plain", lambda path: os.removexattr(path, b"system.posix_acl_access"), {"xattr"}),
    "default_acl_gone": (b"deep", lambda path: os.removexattr(path, b"system.posix_acl_default"), {"xattr"}),
    "capability_gone": (b"setuid", lambda path: os.removexattr(path, b"security.capability"), {"xattr"}),
    "hard_link_broken": (b"link-a2", break_link, {"links", "hard-link"}),
    "device_number": (b"null", other_device, {"device"}),
    "holes_filled": (b"sparse", fill_holes, {"sparse"}),
}


def add_difference_test(name: str, entry: bytes, how: Callable[[bytes], Any], kinds: set[str]) -> None:
    def test(self: VerifyTest) -> None:
        if name == "missing":
            self.keep_time(b"", lambda folder: os.unlink(os.path.join(folder, entry)))
        else:
            self.change(entry, how)
        self.assertEqual({item["kind"] for item in self.red()["listed"]}, kinds)
        self.assertGreater(self.problem.fields["comparison"]["mismatches"], 0)

    setattr(VerifyTest, f"test_difference_in_{name}_is_found", test)


for _name, (_entry, _how, _kinds) in DIFFERENCES.items():
    add_difference_test(_name, _entry, _how, _kinds)


def add_time_test(name: str, entry: bytes) -> None:
    def test(self: VerifyTest) -> None:
        path = os.path.join(self.restored, entry) if entry else self.restored
        os.utime(path, ns=(0, os.lstat(path).st_mtime_ns + 1), follow_symlinks=False)
        self.assert_only("mtime", entry or b".")

    setattr(VerifyTest, f"test_a_nanosecond_of_{name}_is_found", test)


for _what, _path in (("a_file", b"plain"), ("a_time_before_1970", b"empty"), ("a_link", b"dangling"), ("a_folder", b"void"), ("the_root", b"")):
    add_time_test(_what, _path)


if __name__ == "__main__":
    unittest.main()
