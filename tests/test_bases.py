# SPDX-License-Identifier: GPL-2.0
"""patches/<base>/: BASE and series, their faults with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import bases
from harness.context import REPO
from harness.errors import Fault


def test_versions() -> None:
    assert bases.parse_version("6.12") == (6, 12, 0)
    assert bases.parse_version("6.12.117") == (6, 12, 117)
    for text in ("", "6", "6.x", "6.12.1-rc1"):
        with pytest.raises(Fault):
            bases.parse_version(text)


def test_base_covers_its_range(sample_repo: Path) -> None:
    base = bases.load(sample_repo, "6.12")
    assert base.covers((6, 12, 107)) and base.covers((6, 12, 999))
    assert not base.covers((6, 12, 106)) and not base.covers((6, 13, 0))
    assert bases.for_version(sample_repo, (7, 3, 0)) is None


def test_files_go_to_their_patches(sample_repo: Path) -> None:
    patches = bases.load(sample_repo, "6.12").patches()
    assert [patch.name for patch in patches] == [
        "0001-core",
        "0002-entry",
        "0003-tests",
    ]
    assert "patches/6.12/compat.h" in patches[0].files
    assert patches[1].files == ("arch/x86/vdso/task.c", "arch/x86/vdso/task.h")
    assert patches[2].hunks is None


def test_more_specific_line_wins(sample_repo: Path) -> None:
    series = sample_repo / "patches/6.12/series"
    series.write_text(series.read_text() + "  kernel/vdso/task.c\n")
    patches = bases.load(sample_repo, "6.12").patches()
    assert "kernel/vdso/task.c" not in patches[0].files
    assert "kernel/vdso/task.c" in patches[2].files


FAULTS = [
    ("  early\n0001-a\n", "series:1: this file precedes"),
    ("0001-a\n0001-a\n", "series:2: 0001-a is named twice"),
    ("one\n", "series:1: 'one' is no patch name of the form NNNN-topic"),
    ("0001-core\n  include/\n", "series:1: no patch adds"),
    ("0001-core\n  kernel/vdso/task.c\n0002-entry\n  kernel/vdso/task.c\n", "series:"),
]


@pytest.mark.parametrize("text, words", FAULTS)
def test_series_faults(sample_repo: Path, text: str, words: str) -> None:
    (sample_repo / "patches/6.12/series").write_text(text)
    with pytest.raises(Fault) as fault:
        bases.load(sample_repo, "6.12").patches()
    assert words in fault.value.line()


def test_series_names_a_file_that_is_not_there(sample_repo: Path) -> None:
    series = sample_repo / "patches/6.12/series"
    series.write_text(series.read_text() + "  lib/none.c\n")
    with pytest.raises(Fault, match=r"series:12: lib/none.c matches no file"):
        bases.load(sample_repo, "6.12").patches()


def test_stray_patch(sample_repo: Path) -> None:
    (sample_repo / "patches/6.12/0009-stray.patch").write_text("")
    with pytest.raises(Fault, match="0009-stray.patch"):
        bases.load(sample_repo, "6.12").patches()


@pytest.mark.parametrize("text, words", [("name\n", "BASE:1"), ("name=x\n", "min")])
def test_base_file_faults(sample_repo: Path, text: str, words: str) -> None:
    (sample_repo / "patches/6.12/BASE").write_text(text)
    with pytest.raises(Fault) as fault:
        bases.load(sample_repo, "6.12")
    assert words in fault.value.line()


PATHS = [
    ("selftests/sub/ids.c", "tools/testing/selftests/vdso_task/sub/ids.c"),
    ("patches/6.12/compat.h", "include/linux/vdso_task_compat.h"),
    ("arch/x86/vdso/task.h", "arch/x86/include/asm/vdso/task.h"),
    ("arch/x86/vdso/task.c", "arch/x86/kernel/task.c"),
    ("arch/x86/vdso/task.cc", "arch/x86/include/asm/vdso/task.cc"),
    ("kernel/vdso/task.c", "kernel/vdso/task.c"),
    ("selftests", "selftests"),
]


@pytest.mark.parametrize("here, there", PATHS)
def test_longest_line_says_where_a_file_lies(
    sample_repo: Path, here: str, there: str
) -> None:
    assert bases.load(sample_repo, "6.12").tree_path(here) == there


FILE_FAULTS = [
    ("kernel/\n", "files:1: expected two"),
    ("\nkernel/ kernel\n", "files:2: expected two"),
    ("kernel/ a/\n# b\nkernel/ c/\n", "files:3: kernel/ is named twice"),
    ("kernel/none.c a.c\n", "files:1: no such file kernel/none.c"),
]


@pytest.mark.parametrize("text, words", FILE_FAULTS)
def test_faults_of_the_map(sample_repo: Path, text: str, words: str) -> None:
    (sample_repo / "patches/6.12/files").write_text(text)
    with pytest.raises(Fault) as fault:
        bases.load(sample_repo, "6.12")
    assert words in fault.value.line()


def test_base_without_a_map(sample_repo: Path) -> None:
    (sample_repo / "patches/6.12/files").unlink()
    with pytest.raises(Fault, match="files: no such file"):
        bases.load(sample_repo, "6.12")


def test_unknown_base(vdsox, sample_repo: Path) -> None:
    done = vdsox("series", "--base", "9.9", repo=sample_repo)
    assert done.returncode == 2
    assert "no such base 9.9: patches/ has 6.12" in done.stderr


@pytest.mark.parametrize("base", bases.all_bases(REPO), ids=lambda base: base.name)
def test_our_own_series_are_whole(base: bases.Base) -> None:
    patches = base.patches()
    assert all(patch.message.is_file() for patch in patches)
    assert base.message("0000-cover").is_file()
    claimed = sorted(name for patch in patches for name in patch.files)
    assert claimed == sorted(bases.overlay_files(REPO, base.name))


def test_default(sample_repo: Path) -> None:
    assert bases.load(sample_repo).name == "6.12"
    path = sample_repo / "patches" / "DEFAULT_BASE"
    path.unlink()
    with pytest.raises(Fault, match=f"{path}: No such file"):
        bases.load(sample_repo)


def test_shared_messages_are_those_of_several_bases() -> None:
    loaded = bases.all_bases(REPO)
    used = [base.message("0000-cover") for base in loaded]
    used += [patch.message for base in loaded for patch in base.patches()]
    for path in (REPO / "patches" / "messages").iterdir():
        assert used.count(path) > 1, path
