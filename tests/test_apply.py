# SPDX-License-Identifier: GPL-2.0
"""apply and unapply: all or nothing, one clear line for each refusal."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness import patcher, stage
from fixtures import snapshot


def git(tree: Path, *args: str) -> None:
    identity = ["-c", "user.name=Sample", "-c", "user.email=sample@example.org"]
    subprocess.run(["git", *identity, *args], cwd=tree, check=True, capture_output=True)


def refused(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("vdsox: ")
    for word in words:
        assert word in line


def test_apply_brings_new_files_and_hunks(vdsox, sample_repo, sample_tree):
    done = vdsox("apply", sample_tree, repo=sample_repo)
    assert (done.returncode, done.stderr) == (0, "")
    assert "line ten and a half" in (sample_tree / "kernel/core.c").read_text()
    assert (sample_tree / "include/linux/vdso_task_compat.h").is_file()
    assert (sample_tree / "tools/testing/selftests/vdso_task/ids.c").is_file()
    assert (sample_tree / "arch/x86/include/asm/vdso/task.h").is_file()
    assert (sample_tree / "arch/x86/kernel/task.c").is_file()
    assert (sample_tree / "scripts/vdsogen/main.cc").is_file()
    assert not list(sample_tree.rglob("*.orig")) + list(sample_tree.rglob("*.rej"))
    assert not list(sample_tree.glob(".vdsox-stage-*"))


def test_unapply_restores_exactly(vdsox, sample_repo, sample_tree):
    before = snapshot(sample_tree)
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0
    assert vdsox("unapply", sample_tree, repo=sample_repo).returncode == 0
    assert snapshot(sample_tree) == before
    assert not (sample_tree / "include").exists()


def test_unapply_needs_no_patches_any_more(vdsox, sample_repo, sample_tree):
    before = snapshot(sample_tree)
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0
    (sample_repo / "patches/6.12/0001-core.patch").unlink()
    assert vdsox("unapply", sample_tree, repo=sample_repo).returncode == 0
    assert snapshot(sample_tree) == before


def test_second_apply_refuses(vdsox, sample_repo, sample_tree):
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0
    before = snapshot(sample_tree)
    refused(vdsox("apply", sample_tree, repo=sample_repo), "already patched", "unapply")
    assert snapshot(sample_tree) == before


@pytest.mark.parametrize("sublevel", ["106", "1000"])
def test_unsupported_version(vdsox, sample_repo, sample_tree, sublevel):
    makefile = sample_tree / "Makefile"
    makefile.write_text(makefile.read_text().replace("120", sublevel))
    before = snapshot(sample_tree)
    done = vdsox("apply", sample_tree, repo=sample_repo)
    refused(done, "Makefile", f"6.12.{sublevel}", "not supported", "6.12.107")
    assert snapshot(sample_tree) == before


def test_not_a_kernel_tree(vdsox, sample_repo, sample_tree, tmp_path):
    (sample_tree / "Kbuild").unlink()
    refused(vdsox("apply", sample_tree, repo=sample_repo), "Kbuild", "not the top")
    refused(vdsox("apply", tmp_path / "none", repo=sample_repo), "no such directory")
    refused(vdsox("unapply", tmp_path / "none", repo=sample_repo), "no such directory")


def test_dirty_git_tree(vdsox, sample_repo, sample_tree):
    git(sample_tree, "init", "-q")
    git(sample_tree, "add", "-A")
    git(sample_tree, "commit", "-q", "-m", "base")
    with open(sample_tree / "kernel/core.c", "a") as stream:
        stream.write("mine\n")
    before = snapshot(sample_tree)
    done = vdsox("apply", sample_tree, repo=sample_repo)
    refused(done, "kernel/core.c", "not committed", "commit or revert")
    assert snapshot(sample_tree) == before


def test_clean_git_tree_with_other_changes(vdsox, sample_repo, sample_tree):
    git(sample_tree, "init", "-q")
    git(sample_tree, "add", "-A")
    git(sample_tree, "commit", "-q", "-m", "base")
    (sample_tree / "MAINTAINERS").write_text("somebody\n")
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0


def test_new_file_is_there_already(vdsox, sample_repo, sample_tree):
    (sample_tree / "kernel/vdso").mkdir()
    (sample_tree / "kernel/vdso/task.c").write_text("mine\n")
    before = snapshot(sample_tree)
    refused(
        vdsox("apply", sample_tree, repo=sample_repo), "kernel/vdso/task.c", "already"
    )
    assert snapshot(sample_tree) == before


def test_hunk_does_not_apply(vdsox, sample_repo, sample_tree):
    entry = sample_tree / "arch/x86/entry.c"
    entry.write_text(entry.read_text().replace("four", "4"))
    before = snapshot(sample_tree)
    done = vdsox("apply", sample_tree, repo=sample_repo)
    refused(done, "arch/x86/entry.c", "hunk 1 of 0002-entry.patch", "restore")
    assert snapshot(sample_tree) == before


CREATES = "--- /dev/null\n+++ b/kernel/new.c\n@@ -0,0 +1 @@\n+int new;\n"
REMOVES = "--- a/MAINTAINERS\n+++ /dev/null\n@@ -1 +0,0 @@\n-nobody\n"


@pytest.mark.parametrize("text, word", [(CREATES, "creates"), (REMOVES, "removes")])
def test_hooks_only_change_files(vdsox, sample_repo, sample_tree, text, word):
    with open(sample_repo / "patches/6.12/0002-entry.patch", "a") as stream:
        stream.write(text)
    before = snapshot(sample_tree)
    refused(vdsox("apply", sample_tree, repo=sample_repo), "0002-entry.patch", word)
    assert snapshot(sample_tree) == before


def test_two_files_at_one_place(vdsox, sample_repo, sample_tree):
    with open(sample_repo / "patches/6.12/files", "a") as stream:
        stream.write("kernel/vdso/task.c include/linux/task.h\n")
    before = snapshot(sample_tree)
    done = vdsox("apply", sample_tree, repo=sample_repo)
    refused(done, "patches/6.12/files", "kernel/vdso/task.c", "include/linux/task.h")
    assert snapshot(sample_tree) == before


def test_fuzz_is_not_accepted(vdsox, sample_repo, sample_tree):
    core = sample_tree / "kernel/core.c"
    core.write_text(core.read_text().replace("line 7\n", "line seven\n"))
    refused(vdsox("apply", sample_tree, repo=sample_repo), "kernel/core.c", "hunk 1")


def test_file_to_patch_is_missing(vdsox, sample_repo, sample_tree):
    (sample_tree / "kernel/core.c").unlink()
    refused(vdsox("apply", sample_tree, repo=sample_repo), "kernel/core.c", "missing")


def test_unapply_refuses_a_changed_file(vdsox, sample_repo, sample_tree):
    assert vdsox("apply", sample_tree, repo=sample_repo).returncode == 0
    with open(sample_tree / "kernel/core.c", "a") as stream:
        stream.write("mine\n")
    before = snapshot(sample_tree)
    refused(
        vdsox("unapply", sample_tree, repo=sample_repo), "kernel/core.c", "was changed"
    )
    assert snapshot(sample_tree) == before


def test_unapply_refuses_an_unpatched_tree(vdsox, sample_repo, sample_tree):
    refused(vdsox("unapply", sample_tree, repo=sample_repo), "not patched by vdsox")


def test_damaged_state(vdsox, sample_repo, sample_tree):
    (sample_tree / patcher.STATE).write_text("{")
    refused(vdsox("unapply", sample_tree, repo=sample_repo), patcher.STATE, "damaged")


def test_state_names_every_file(vdsox, sample_repo, sample_tree):
    vdsox("apply", sample_tree, repo=sample_repo)
    state = json.loads((sample_tree / patcher.STATE).read_text())
    assert state["files"]["kernel/vdso/task.c"]["before"] is None
    assert len(state["files"]["kernel/core.c"]["before"]) == 64


def test_failure_half_way_is_undone(sample_tree, monkeypatch):
    """The disk fills up, or a folder is not writable, between two files."""
    before = snapshot(sample_tree)
    real, calls = os.rename, []

    def rename(source, target):
        calls.append(target)
        if len(calls) == 4:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    monkeypatch.setattr(stage.os, "rename", rename)
    changes = {
        "kernel/core.c": stage.Content(b"new\n"),
        "deep/down/new.c": stage.Content(b"new\n"),
        "arch/x86/entry.c": stage.Content(b"new\n"),
        "Kbuild": None,
    }
    with pytest.raises(OSError):
        stage.commit(sample_tree, changes)
    assert snapshot(sample_tree) == before
    assert not (sample_tree / "deep").exists()


def test_sync_touches_only_what_differs(sample_repo, sample_tree):
    from harness import bases

    base = bases.load(sample_repo, "6.12")
    assert len(patcher.sync(base, sample_tree)) == 12
    assert patcher.sync(base, sample_tree) == []
    (sample_repo / "kernel/vdso/task.c").write_text("int other;\n")
    changed = patcher.sync(base, sample_tree)
    assert changed == [patcher.STATE, "kernel/vdso/task.c"]
    (sample_repo / "selftests/ids.c").rename(sample_repo / "selftests/more.c")
    changed = patcher.sync(base, sample_tree)
    folder = "tools/testing/selftests/vdso_task"
    assert changed == [patcher.STATE, f"{folder}/ids.c", f"{folder}/more.c"]
