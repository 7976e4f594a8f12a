# SPDX-License-Identifier: GPL-2.0
"""--tree: the user's tree is mirrored and the mirror patched; it stays as it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from harness import patcher, source
from harness.context import Context
from harness.errors import Fault
from harness.ui import Ui
from fixtures import snapshot


@pytest.fixture(name="context")
def fixture_context(sample_repo: Path, tmp_path: Path) -> Context:
    return Context(repo=sample_repo, out=tmp_path / "out", ui=Ui(stream=io.StringIO()))


def mtimes(tree: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in tree.rglob("*") if p.is_file()}


def test_the_mirror_is_patched(context, sample_tree) -> None:
    before = snapshot(sample_tree)
    found = source.prepare(context, None, sample_tree)
    assert (found.base.name, found.patched) == ("6.12", True)
    assert found.origin == str(sample_tree)
    assert "line ten" in (found.tree / "kernel/core.c").read_text()
    assert snapshot(sample_tree) == before


def test_repeating_touches_nothing(context, sample_tree) -> None:
    """Otherwise each build of the user's tree would start from scratch."""
    tree = source.prepare(context, None, sample_tree).tree
    before = mtimes(tree)
    again = source.prepare(context, None, sample_tree)
    assert (again.changed, mtimes(tree)) == (0, before)


def test_edits_of_the_user_come_through(context, sample_tree) -> None:
    tree = source.prepare(context, None, sample_tree).tree
    before = mtimes(tree)
    core = sample_tree / "kernel/core.c"
    core.write_text(core.read_text().replace("line 20", "line twenty"))
    (sample_tree / "Kconfig").unlink()
    (sample_tree / "Kconfig").write_text("source others\n")
    source.prepare(context, None, sample_tree)
    text = (tree / "kernel/core.c").read_text()
    assert "line twenty" in text and "line ten" in text
    now = mtimes(tree)
    changed = {name for name in now if now[name] != before.get(name)}
    names = {str(Path(name).relative_to(tree)) for name in changed}
    assert names == {"Kconfig", "kernel/core.c", patcher.STATE}


def test_a_patched_tree_is_taken_as_it_is(context, sample_repo, sample_tree) -> None:
    patcher.apply(sample_repo, sample_tree)
    (sample_tree / "kernel/vdso/task.c").write_text("int changed_by_the_user;\n")
    found = source.prepare(context, None, sample_tree)
    assert found.patched
    assert "by_the_user" in (found.tree / "kernel/vdso/task.c").read_text()


def test_a_tree_that_took_the_mails(context, sample_repo, sample_tree) -> None:
    patcher.apply(sample_repo, sample_tree)
    (sample_tree / patcher.STATE).unlink()
    found = source.prepare(context, None, sample_tree)
    assert (found.patched, found.changed) == (True, 0)


def test_wrong_base(context, sample_tree) -> None:
    with pytest.raises(Fault, match="is a 6.12 kernel, not 7.3"):
        source.prepare(context, "7.3", sample_tree)


def test_no_series_means_an_unpatched_kernel(context, sample_repo, sample_tree) -> None:
    (sample_repo / "patches/6.12/series").unlink()
    found = source.prepare(context, None, sample_tree)
    assert not found.patched
    assert "line ten" not in (found.tree / "kernel/core.c").read_text()
