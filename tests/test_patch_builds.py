# SPDX-License-Identifier: GPL-2.0
"""A kernel can be built after each patch of a series, as `git bisect` needs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import bases, build, machine, patcher, source, stage
from harness.cell import Cell
from harness.context import REPO, Context
from harness.machine import Machine
from harness.source import Source
from suites import skips_if_absent

pytestmark = [pytest.mark.guest, pytest.mark.thorough]


def has_option(tree: Path, here: Machine) -> bool:
    """The patch that lets the architecture select the option is in the tree."""
    kconfig = tree / "arch" / here.srcarch / "Kconfig"
    return "select HAVE_VDSO_TASK" in kconfig.read_text()


@pytest.mark.parametrize("arch", machine.names())
@pytest.mark.parametrize("base", bases.all_bases(REPO), ids=lambda base: base.name)
def test_each_patch_builds(ctx: Context, base, arch: str) -> None:
    """The tree and its builds, of gigabytes, stay for a look if it fails."""
    out = ctx.out / f"patches-{base.name}-{arch}"
    shutil.rmtree(out, ignore_errors=True)
    own = Context(out=out, cache=ctx.cache, jobs=ctx.jobs, ui=ctx.ui)
    with skips_if_absent(base.name):
        tree = source.package_tree(own, base)
    here = machine.load(arch)
    plan = patcher.plan(base, tree, lambda name: stage.read(tree, name))
    options = []
    for step in plan.steps:
        stage.commit(tree, dict(step.after))
        options.append(has_option(tree, here))
        cell = Cell(own, Source(base, tree, "", options[-1]), here)
        cell.folder.mkdir(parents=True, exist_ok=True)
        cell.build_log.unlink(missing_ok=True)
        build.configure(cell)
        build.make(cell, f"build of {step.patch.name}", Path(here.image).name)
        assert "warning:" not in cell.build_log.read_text(), step.patch.name
    assert True in options and options == sorted(options)
    shutil.rmtree(out)
