# SPDX-License-Identifier: GPL-2.0
"""The two kernels to compare: the same configuration with and without the patches."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from harness import patcher, procs
from harness.cell import Cell
from harness.context import Context
from harness.errors import Fault
from harness.machine import Machine
from harness.source import Source
from harness.variant import BENCH


@dataclass
class UnpatchedCell(Cell):
    """The cell of the unpatched kernel, with a folder of its own."""

    @property
    def name(self) -> str:
        return f"{super().name}-unpatched"

    @property
    def label(self) -> str:
        return f"{self.machine.arch}-plain"


def _linked_tree(ctx: Context, source: Source) -> Path:
    """A copy of the tree without the patches. Its files are hard links: they may be
    replaced, but never written to."""
    tree = ctx.out / "src" / f"{source.base.name}-unpatched"
    stamp = f"{source.origin}\n"
    mark = tree / ".vdsox-unpatched"
    if not mark.is_file() or mark.read_text() != stamp:
        shutil.rmtree(tree, ignore_errors=True)
        log = ctx.out / f"source-{source.base.name}.log"
        procs.run_logged(["cp", "-al", source.tree, tree], log, "copy of the tree")
        if patcher.load_state(tree) is not None:
            patcher.unapply(tree)
        mark.write_text(stamp)
    return tree


def patched(ctx: Context, source: Source, machine: Machine) -> Cell:
    """The cell of the patched kernel; Fault if the tree has no patches."""
    if not source.patched:
        raise Fault(f"{source.tree}: not patched, so there is nothing to compare")
    return Cell(ctx, source, machine, BENCH)


def unpatched(ctx: Context, source: Source, machine: Machine) -> UnpatchedCell:
    """The cell of the unpatched kernel; makes its tree. Fault if that fails."""
    other = replace(source, tree=_linked_tree(ctx, source), patched=False)
    return UnpatchedCell(ctx, other, machine, BENCH)
