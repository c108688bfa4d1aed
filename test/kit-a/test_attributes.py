"""controller/kit/attributes.py on real trees, judged by the drill's own comparison. Root is needed (devices, owners, capabilities)."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path[:0] = [HERE, f"{ROOT}/images/drill/src", f"{ROOT}/images/drill", f"{ROOT}/test/data", f"{ROOT}/controller/kit"]

import attributes  # noqa: E402
import make_awkward_tree as awkward  # noqa: E402
from haven_drill.compare import Comparison  # noqa: E402
from lossy_copy import lossy_copy  # noqa: E402
from tests.test_compare import make_tree  # noqa: E402

PROGRAM = f"{ROOT}/controller/kit/attributes.py"


def make_data_tree(root: bytes) -> None:
    for fill in (awkward.names, awkward.links, awkward.kinds, awkward.permissions, awkward.times):
        fill(root)
    awkward.sizes(root, random.Random(1), 100_000)


def make_random_tree(seed: int) -> Callable[[bytes], None]:
    """Hard links of every kind of entry across folders, holes anywhere, odd times, odd names."""

    def make(root: bytes) -> None:
        source = random.Random(seed)
        folders, others = [root], []
        for _number in range(120):
            path = os.path.join(source.choice(folders), source.randbytes(source.randrange(1, 12)).replace(b"/", b"%").replace(b"\0", b" "))
            if os.path.lexists(path) or path.endswith((b"/.", b"/..")):
                continue
            kind = source.choice(["folder", "file", "sparse", "link", "symlink", "fifo", "device"])
            if kind == "folder":
                os.mkdir(path)
                folders.append(path)
            elif kind == "link" and others:
                os.link(source.choice(others), path, follow_symlinks=False)
            else:
                make_one(path, kind, source)
                others.append(path)
        for path in [*others, *reversed(folders)]:
            os.chown(path, source.randrange(3), source.randrange(70000), follow_symlinks=False)
            if not os.path.islink(path):
                os.chmod(path, source.choice([0o644, 0o000, 0o6755, 0o1777, 0o2770]))
            os.utime(path, ns=(0, source.randrange(-(10**18), 4 * 10**18)), follow_symlinks=False)

    return make


def make_one(path: bytes, kind: str, source: random.Random) -> None:
    if kind == "symlink":
        os.symlink(source.randbytes(9).replace(b"\0", b"x"), path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(source.randrange(300), source.randrange(70000)))
    else:
        with open(path, "wb") as file:
            for _piece in range(source.randrange(4)):
                file.write(source.randbytes(source.randrange(9000)))
                if kind == "sparse":
                    file.seek(source.randrange(1 << 20), os.SEEK_CUR)
            file.truncate()
        if source.random() < 0.5:
            os.setxattr(path, b"user." + str(source.random()).encode(), source.randbytes(source.randrange(50)))


class AttributesTest(unittest.TestCase):
    def setUp(self) -> None:
        # Not in /tmp: it may be a tmpfs without user xattrs.
        self.folder = tempfile.mkdtemp(prefix="haven-attributes-", dir=os.environ.get("HAVEN_TEST_DISK", "/var/tmp"))
        self.addCleanup(subprocess.run, ["rm", "-rf", self.folder], check=True)
        self.source, self.tree, self.record = (os.path.join(self.folder, name) for name in ("source", "tree", "record"))
        self.names = os.path.join(self.folder, "names")
        os.mkdir(self.source)

    def run_program(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        run = subprocess.run([sys.executable, "-s", PROGRAM, *arguments], capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, code, run.stderr)
        self.said = run.stdout + run.stderr
        if code not in (0, 1):
            self.assertRegex(run.stderr, r"(?m)^ERROR: .+\nWHAT TO DO: .+")
        summary: dict[str, Any] = json.loads(run.stdout) if run.stdout.startswith("{") else {}
        return summary

    def run_as_nobody(self, *arguments: str) -> tuple[int, str]:
        """In a child: an interpreter below /root cannot be started by another user."""
        said = os.path.join(self.folder, "said")
        child = os.fork()
        if child == 0:
            code = 99
            try:
                os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT, 0o600), 1)
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                code = attributes.main(list(arguments))
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        with open(said, encoding="ascii") as file:
            return os.waitstatus_to_exitcode(status), file.read()

    def lost(self, make: Callable[[bytes], None], *options: str) -> dict[str, Any]:
        """A tree, its record, and a copy of it that lost what duplicity loses."""
        make(os.fsencode(self.source))
        summary = self.run_program("record", self.source, self.record, *options)
        lossy_copy(os.fsencode(self.source), os.fsencode(self.tree))
        return summary

    def mismatches(self) -> dict[str, int]:
        comparison = Comparison(lambda _tally: None)
        comparison.trees(self.source, self.tree)
        self.assertGreater(comparison.tally.entries, 1)
        return comparison.mismatches.by_kind

    def told(self) -> list[str]:
        with open(self.names, encoding="ascii") as file:
            return file.read().splitlines()

    def rewrite(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        """Changes the record's lines and makes its last line right again, as somebody who means harm would."""
        with open(self.record, "rb") as file:
            lines = change(file.readlines()[:-1])
        body = b"".join(lines)
        files = [line.split() for line in lines if line.startswith(b"f ")]
        entries = sum(line[:1] in b"dfspkcbl" for line in lines)
        end = b"end %d %d %d %s\n" % (entries, len(files), sum(int(words[6]) for words in files if len(words) == 8), hashlib.sha256(body).hexdigest().encode())
        with open(self.record, "wb") as file:
            file.write(body + end)

    def write(self, name: str, content: bytes = b"x", root: str = "") -> str:
        path = os.path.join(root or self.source, name)
        with open(path, "wb") as file:
            file.write(content)
        return path


class RoundTrip(AttributesTest):
    def faithful(self, make: Callable[[bytes], None]) -> None:
        self.lost(make)
        self.assertNotEqual(self.mismatches(), {}, "the copy lost nothing: this proves nothing")

        self.run_program("apply", self.record, self.tree)

        self.assertEqual(self.mismatches(), {})
        self.run_program("check", self.record, self.tree)

    def test_all_that_the_drill_can_tell_apart_comes_back(self) -> None:
        self.faithful(make_tree)

    def test_the_demo_s_awkward_files_come_back(self) -> None:
        self.faithful(make_data_tree)

    def test_random_trees_come_back(self) -> None:
        for seed in range(8):
            with self.subTest(seed=seed):
                for path in (self.source, self.tree):
                    shutil.rmtree(path, ignore_errors=True)
                os.mkdir(self.source)
                self.faithful(make_random_tree(seed))

    def test_the_copy_of_this_test_loses_what_duplicity_loses(self) -> None:
        self.lost(make_tree)

        self.assertEqual(set(self.mismatches()), {"missing", "mtime", "links", "hard-link", "xattr", "sparse"})

    def test_applying_twice_changes_nothing(self) -> None:
        self.lost(make_tree)
        self.run_program("apply", self.record, self.tree)

        self.run_program("apply", self.record, self.tree)

        self.assertEqual(self.mismatches(), {})

    def test_a_record_is_the_same_for_the_same_tree(self) -> None:
        self.lost(make_tree, "--hash")
        with open(self.record, "rb") as file:
            first = file.read()

        self.run_program("record", self.source, self.record, "--hash")

        with open(self.record, "rb") as file:
            self.assertEqual(file.read(), first)

    def test_an_acl_that_the_tree_has_and_the_source_had_not_goes(self) -> None:
        self.lost(make_tree)
        os.setxattr(os.path.join(self.tree, "big"), b"user.stray", b"1")

        self.run_program("apply", self.record, self.tree)

        self.assertEqual(self.mismatches(), {})


class Refusals(AttributesTest):
    def test_a_tree_that_cannot_be_read_makes_no_record_and_spares_the_old_one(self) -> None:
        self.write("open")
        self.run_program("record", self.source, self.record)
        with open(self.record, "rb") as file:
            before = file.read()
        os.mkdir(os.path.join(self.source, "shut"), 0o000)
        for path in (self.folder, self.record):
            os.chown(path, 65534, 65534)

        code, _said = self.run_as_nobody("record", self.source, self.record)

        self.assertEqual(code, 20)

        with open(self.record, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_no_tree_and_no_record(self) -> None:
        self.run_program("record", f"{self.folder}/none", self.record, code=20)
        self.run_program("apply", f"{self.folder}/none", self.source, code=3)
        self.assertFalse(os.path.exists(self.record))

    def test_wrong_arguments(self) -> None:
        for arguments in ([], ["record"], ["sing", "a", "b"], ["apply", "a"], ["apply", "a", "--what"], ["record", "a", "b", "c"]):
            run = subprocess.run([sys.executable, PROGRAM, *arguments], capture_output=True, timeout=60)
            self.assertEqual(run.returncode, 3, arguments)

    def test_the_begun_record_is_not_written_through_a_link(self) -> None:
        victim = self.write("victim", b"mine", self.folder)
        os.symlink(victim, self.record + ".new")

        self.run_program("record", self.source, self.record, code=20)

        with open(victim, "rb") as file:
            self.assertEqual(file.read(), b"mine")

    def test_a_record_that_was_cut_or_altered_touches_nothing(self) -> None:
        self.lost(make_tree)
        before = self.mismatches()
        with open(self.record, "rb") as file:
            good = file.read()
        flipped = bytearray(good)
        flipped[good.index(b" 644 ") + 1] ^= 1
        for bad in (b"", good[:30], good[: len(good) // 2], good[:-1], good + b"u\n", bytes(flipped), b"haven-attributes/2" + good[18:]):
            with open(self.record, "wb") as file:
                file.write(bad)
            self.run_program("apply", self.record, self.tree, code=30)
            self.assertEqual(self.mismatches(), before)

    def test_as_an_ordinary_user_it_says_what_could_not_be_set(self) -> None:
        self.write("file")
        self.run_program("record", self.source, self.record)
        os.mkdir(self.tree)
        self.write("file", b"x", self.tree)
        for path in (self.tree, f"{self.tree}/file", self.record, self.folder):
            os.chown(path, 65534, 65534)

        code, said = self.run_as_nobody("apply", self.record, self.tree)

        self.assertEqual((code, json.loads(said)["problems"]), (1, {"not-set": 2}))


class Hostile(AttributesTest):
    def test_no_name_leads_out_of_the_tree(self) -> None:
        self.write("outside", b"mine", self.folder)
        self.write("file")
        self.run_program("record", self.source, self.record)
        with open(self.record, "rb") as file:
            good = file.read()
        for name in (b"..", b"../outside", b"..%2Foutside", b"/etc/passwd", b"%2Fetc%2Fpasswd", b".", b"a/b", b"%00", b""):
            with open(self.record, "wb") as file:
                file.write(good)
            self.rewrite(lambda lines: [line.replace(b"f file", b"f " + name) for line in lines])
            self.run_program("apply", self.record, self.source, code=30)
            self.assertNotIn("Traceback", self.said)
            self.assertIn("a name leads out" if name not in (b"%00", b"") else "damaged", self.said)

    def test_the_tree_is_never_left_through_a_link_that_was_swapped_in(self) -> None:
        outside = os.path.join(self.folder, "outside")
        os.mkdir(outside, 0o711)
        self.write("leaf", b"mine", outside)
        os.mkdir(os.path.join(self.source, "folder"), 0o755)
        self.write("folder/leaf")
        self.write("top")
        awkward.kinds(os.fsencode(self.source))
        self.run_program("record", self.source, self.record)
        lossy_copy(os.fsencode(self.source), os.fsencode(self.tree))
        shutil.rmtree(os.path.join(self.tree, "folder"))
        os.symlink(outside, os.path.join(self.tree, "folder"))
        os.unlink(os.path.join(self.tree, "top"))
        os.symlink(os.path.join(outside, "leaf"), os.path.join(self.tree, "top"))
        shutil.rmtree(os.path.join(self.tree, "kinds"))
        os.symlink(outside, os.path.join(self.tree, "kinds"))
        before = [os.lstat(outside), os.lstat(os.path.join(outside, "leaf"))]

        summary = self.run_program("apply", self.record, self.tree, code=30)

        self.assertEqual(summary["problems"]["other-type"], 3)
        self.assertEqual([os.lstat(outside), os.lstat(os.path.join(outside, "leaf"))], before)
        self.assertEqual(os.listdir(outside), ["leaf"])

    def test_names_that_come_twice_and_ends_that_are_too_many(self) -> None:
        self.write("file")
        self.run_program("record", self.source, self.record)
        with open(self.record, "rb") as file:
            good = file.read()
        for change in (
            lambda lines: [*lines[:2], lines[2], lines[2], *lines[3:]],
            lambda lines: [*lines, b"u\n"],
            lambda lines: lines[:-1],
            lambda lines: [*lines[:-1], b"f z 644 0 0 0 1 - extra\n", b"u\n"],
            lambda lines: [lines[0], b"x user.a AA==\n", *lines[1:]],
            lambda lines: [lines[0], lines[2]],
            lambda lines: [*lines[:3], b"h 0:1" + b" 0:1" * 600 + b"\n", *lines[3:]],
        ):
            with open(self.record, "wb") as file:
                file.write(good)
            self.rewrite(change)
            self.run_program("apply", self.record, self.source, code=30)
            self.assertNotIn("Traceback", self.said)

    def test_data_is_not_punched_away_for_a_hole_that_is_none(self) -> None:
        self.write("file", b"precious" * 4096)
        self.run_program("record", self.source, self.record)
        self.rewrite(lambda lines: [*lines[:3], b"h 0:32768\n", *lines[3:]])

        summary = self.run_program("apply", self.record, self.source, code=30)

        self.assertEqual(summary["problems"], {"data-in-hole": 1})
        with open(os.path.join(self.source, "file"), "rb") as file:
            self.assertEqual(file.read(), b"precious" * 4096)


class Differences(AttributesTest):
    def problem(self, change: Callable[[str], Any], kind: str, name: str) -> None:
        self.lost(make_tree)
        change(self.tree)

        summary = self.run_program("apply", self.record, self.tree, "--names", self.names, code=30)

        self.assertEqual(set(summary["problems"]), {kind})
        self.assertEqual(self.told(), [f"{kind} {name}"])
        self.assertNotIn("plain", self.said, "names are told in the file alone")

    def test_a_file_that_is_missing(self) -> None:
        self.problem(lambda tree: os.unlink(f"{tree}/plain"), "missing", "plain")

    def test_a_folder_that_is_missing_with_all_in_it(self) -> None:
        self.lost(make_tree)
        shutil.rmtree(f"{self.tree}/deep")

        summary = self.run_program("apply", self.record, self.tree, code=30)

        self.assertEqual(summary["problems"], {"missing": 4})

    def test_a_file_too_many(self) -> None:
        self.problem(lambda tree: self.write("deep/er/more", b"", tree), "extra", "in deep/er")

    def test_a_file_that_is_too_short(self) -> None:
        self.problem(lambda tree: os.truncate(f"{tree}/plain", 3), "other-size", "plain")

    def test_a_link_to_elsewhere(self) -> None:
        def change(tree: str) -> None:
            os.unlink(f"{tree}/to-directory")
            os.symlink("void", f"{tree}/to-directory")

        self.problem(change, "other-target", "to-directory")

    def test_check_finds_other_content_by_the_recorded_hash(self) -> None:
        self.lost(make_tree, "--hash")
        self.run_program("apply", self.record, self.tree)
        times = os.stat(f"{self.tree}/plain").st_mtime_ns
        self.write("plain", b"PLAIN content", self.tree)
        os.utime(f"{self.tree}/plain", ns=(0, times))

        summary = self.run_program("check", self.record, self.tree, "--names", self.names, code=30)

        self.assertEqual(summary["problems"], {"content": 1})
        self.assertEqual(self.told(), ["content plain"])

    def test_previous_finds_what_duplicity_would_take_for_unchanged(self) -> None:
        for name in ("same", "touched", "hidden", "grown"):
            os.utime(self.write(name, b"before"), (0, 1_700_000_000))
        previous = f"{self.folder}/previous"
        self.run_program("record", self.source, previous, "--hash")
        os.utime(self.write("touched", b"AFTER!"), (0, 1_700_000_001))
        os.utime(self.write("hidden", b"AFTER!"), ns=(0, 1_700_000_000_999_999_999))
        os.utime(self.write("grown", b"AFTERWARDS"), (0, 1_700_000_000))

        summary = self.run_program("record", self.source, self.record, "--hash", "--previous", previous, "--names", self.names)

        self.assertEqual(summary["unnoticed"], 1)
        self.assertEqual(self.told(), ["unnoticed hidden"])
        self.run_program("record", self.source, self.record, "--previous", previous, code=3)


if __name__ == "__main__":
    unittest.main()
