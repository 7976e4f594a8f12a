# SPDX-License-Identifier: GPL-2.0
"""apply --dry-run says of each patch which hunks apply, and apply --base takes a tree of
a release that no base covers."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from harness import bases, ktree, trial
from fixtures import snapshot


@pytest.fixture(name="dry_run")
def fixture_dry_run(vdsox, sample_repo, sample_tree) -> Callable[..., list[str]]:
    """The lines of a dry run, which leaves the tree as it is."""

    def run(status: int, *words: str) -> list[str]:
        before = snapshot(sample_tree)
        done = vdsox("apply", "--dry-run", *words, sample_tree, repo=sample_repo)
        assert (done.returncode, done.stderr) == (status, "")
        assert snapshot(sample_tree) == before
        return done.stdout.splitlines()

    return run


def edit(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_all_hunks_apply(dry_run, sample_tree) -> None:
    first, *patches = dry_run(0)
    covered = "kernel 6.12.120; base 6.12 covers it (6.12.107 to 6.12.999)"
    assert first == f"{sample_tree}: {covered}"
    assert [line.split()[:2] for line in patches] == [
        ["0001-core", "ok"],
        ["0002-entry", "ok"],
        ["0003-tests", "ok"],
    ]


def test_every_patch_is_tried_after_one_that_fails(dry_run, sample_tree) -> None:
    edit(sample_tree, "kernel/core.c", "line 7\n", "line seven\n")
    _, *lines = dry_run(1)
    words = [line.split() for line in lines]
    assert words[0][:2] == ["0001-core", "FAIL"]
    hunks = int(words[0][4])
    assert words[0][2:] == [str(hunks - 1), "of", str(hunks), "hunks", "apply"]
    assert lines[1].startswith("    kernel/core.c: hunk 1 of ")
    assert ["0002-entry", "ok"] in [found[:2] for found in words]


def test_missing_file_and_taken_name(dry_run, sample_tree) -> None:
    (sample_tree / "arch/x86/entry.c").unlink()
    (sample_tree / "kernel/vdso").mkdir()
    (sample_tree / "kernel/vdso/task.c").write_text("mine\n")
    lines = dry_run(1)
    assert "    kernel/vdso/task.c: already exists" in lines
    at = lines.index("    arch/x86/entry.c: no such file")
    assert " 0 of " in lines[at - 1]


def test_patched_tree(vdsox, sample_repo, sample_tree) -> None:
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0
    done = vdsox("apply", "--dry-run", sample_tree, repo=sample_repo)
    assert done.returncode == 2 and done.stdout == ""
    assert "already patched" in done.stderr


def test_release_that_no_base_covers(dry_run, vdsox, sample_repo, sample_tree) -> None:
    edit(sample_tree, "Makefile", "120", "1000")
    first, *_ = dry_run(0)
    assert "kernel 6.12.1000; base 6.12 does not cover it" in first
    refusal = vdsox("apply", sample_tree, repo=sample_repo)
    assert refusal.returncode == 2
    assert "not supported" in refusal.stderr and "--dry-run" in refusal.stderr
    done = vdsox("apply", "--base", "6.12", sample_tree, repo=sample_repo)
    assert done.returncode == 0, done.stderr
    assert vdsox("unapply", sample_tree, repo=sample_repo).returncode == 0


def test_base_that_does_not_exist(vdsox, sample_repo, sample_tree) -> None:
    for option in ([], ["--dry-run"]):
        done = vdsox("apply", *option, "--base", "9", sample_tree, repo=sample_repo)
        assert done.returncode == 2 and "no such base 9" in done.stderr


@pytest.mark.parametrize(
    "release, name", [("6.1.0", "6.12"), ("6.13.4", "6.12"), ("9.0.0", "7.3")]
)
def test_nearest_base(sample_repo, sample_tree, release: str, name: str) -> None:
    other = sample_repo / "patches" / "7.3"
    other.mkdir(exist_ok=True)
    text = (sample_repo / "patches/6.12/BASE").read_text().replace("6.12", "7.3")
    (other / "BASE").write_text(text)
    (other / "files").write_text("")
    numbers = dict(zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), release.split(".")))
    lines = [f"{key} = {value}\n" for key, value in numbers.items()]
    (sample_tree / "Makefile").write_text("".join(lines))
    assert {base.name for base in bases.all_bases(sample_repo)} == {"6.12", "7.3"}
    assert ktree.nearest_base(sample_repo, sample_tree).name == name


def test_hunks_are_counted_by_file() -> None:
    text = "--- a/x/y.c\n+++ b/x/y.c\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-a\n+b\n"
    text += "--- a/z\n+++ b/z\n@@ -1 +1 @@\n-a\n+b\n"
    assert trial.hunks_of(text) == {"x/y.c": 2, "z": 1}
