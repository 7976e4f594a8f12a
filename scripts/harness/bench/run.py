# SPDX-License-Identifier: GPL-2.0
"""./vdsox bench: measure, write documents and page, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Sequence

from harness import build
from harness.bench import compare, document, exact, kernels, native, page
from harness.bench import processor, queues
from harness.bench.figures import Figures
from harness.bench.native import Native
from harness.cell import Cell
from harness.context import Context
from harness.errors import EXIT_FAILED, EXIT_OK

PAGE = 4096
REPETITIONS = {"exact": 2, "native": 15}
SECONDS = 0.02  # for each function and repetition of the native times


def count(cell: Cell) -> tuple[Figures, Figures]:
    """Figures of the patched and of the unpatched kernel in guests with one CPU, and of
    the patched one with more."""
    args = (cell.ctx, cell.source, cell.machine)
    patched, unpatched = kernels.patched(*args), kernels.unpatched(*args)
    for kernel in (unpatched, patched):
        build.kernel(kernel)
    times = REPETITIONS["exact"]
    before = exact.run(unpatched, exact.ONE_CPU, 1, times)
    after = exact.run(patched, exact.ONE_CPU, 1, times)
    for cpus in exact.CPUS:
        after.update(exact.run(patched, ["cpus"], cpus, times))
    return after, before


def timed_cell(cell: Cell) -> Cell:
    """The cell whose image to time: its own, unless only the kernel for counting was
    built from the current sources."""
    other = kernels.patched(cell.ctx, cell.source, cell.machine)
    built = [build.is_built(kernel) for kernel in (cell, other)]
    return other if built == [False, True] else cell


def time(cell: Cell) -> Native:
    """Time the built image, if this machine can run it."""
    found = Native(native.refusal(cell))
    if found.refusal:
        cell.ctx.ui.print_line(f"{cell.name}: no native times: {found.refusal}")
        return found
    kernel = timed_cell(cell)
    build.kernel(kernel)
    return native.run(kernel, REPETITIONS["native"], SECONDS)


def image_pages(cell: Cell) -> dict[str, tuple[int, int]]:
    """Image -> (patched, unpatched) pages, if both kernels were built."""
    args = (cell.ctx, cell.source, cell.machine)
    pair = (kernels.patched(*args), kernels.unpatched(*args))
    found = {}
    for abi in cell.images:
        files = [kernel.vdso(abi) for kernel in pair]
        if all(file.is_file() for file in files):
            sizes = [-(-file.stat().st_size // PAGE) for file in files]
            found[abi] = (sizes[0], sizes[1])
    return found


def measure(cell: Cell, only: Optional[str]) -> dict[str, Any]:
    """Measure one cell: its object of the document. `only` is exact, native or None."""
    patched, unpatched = count(cell) if only in (None, "exact") else ({}, {})
    found = time(cell) if only in (None, "native") else None
    known = kernels.patched(cell.ctx, cell.source, cell.machine).read_metadata()
    known = known or cell.read_metadata()
    about = {
        "name": cell.name,
        "base": cell.base,
        "arch": cell.machine.arch,
        "compiler": known.get("compiler", ""),
        "release": known.get("release", ""),
    }
    return document.cell(about, patched, unpatched, found, image_pages(cell))


def _print_targets(name: str, context: dict[str, Any], targets: list[Any]) -> None:
    print(f"\n{name}")
    for line in processor.lines(context) if context else []:
        print(line)
    for target in targets:
        word = page.WORDS[target["met"]]
        measured = page.number(target["measured"])
        line = f"{word:<10}{target['name']:<44}{target['limit']:>9}  {measured:>7}"
        print(f"{line} {target['unit']}  {target['note']}".rstrip())


def report_targets(value: dict[str, Any]) -> None:
    """Print each target with its measured value."""
    for cell in value["cells"]:
        context = cell.get("native", {}).get("context", {})
        _print_targets(cell["name"], context, cell["targets"])
    if "queues" in value:
        found = value["queues"]
        _print_targets("queues", found["context"], found["targets"])


def report_moves(old: dict[str, Any], new: dict[str, Any]) -> int:
    """Print the changed costs; returns EXIT_FAILED if one grew by more than its bound
    or is missing."""
    found, lost = compare.documents(old, new)
    for move in found:
        print(move.line())
    for name in lost:
        print(f"MISSING    {name}: not measured any more")
    bad = sum(move.regression for move in found) + len(lost)
    print(f"{len(found)} costs changed, {bad} of them too much or missing")
    return EXIT_FAILED if bad else EXIT_OK


def run(
    ctx: Context,
    cells: Sequence[Cell],
    only: Optional[str],
    old: Optional[dict[str, Any]],
) -> int:
    """Measure, write and print all, compare with `old`; returns the exit status."""
    value = document.document([measure(cell, only) for cell in cells])
    if only in (None, "queues"):
        value["queues"] = queues.run(ctx)
    folder = ctx.report
    document.write(value, folder)
    path = page.write(value, folder)
    report_targets(value)
    print(f"\nsee {path}")
    return report_moves(old, value) if old else EXIT_OK


def compare_files(old: Path, new: Path) -> int:
    """Compare two bench.json; returns the exit status."""
    return report_moves(compare.load(old), compare.load(new))
