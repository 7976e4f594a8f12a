# SPDX-License-Identifier: GPL-2.0
"""./vdsox bench: both instruments, the documents, the page, the comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Sequence

from harness import build
from harness.bench import compare, document, exact, kernels, native, page, processor
from harness.bench.figures import Figures
from harness.bench.native import Native
from harness.cell import Cell
from harness.errors import EXIT_FAILED, EXIT_OK

PAGE = 4096
REPETITIONS = {"exact": 2, "native": 15}
SECONDS = 0.02


def count(cell: Cell) -> tuple[Figures, Figures]:
    """Both kernels in guests of one CPU, the patched one also with more."""
    args = (cell.ctx, cell.source, cell.machine)
    ours, theirs = kernels.patched(*args), kernels.unpatched(*args)
    for kernel in (theirs, ours):
        build.kernel(kernel)
    times = REPETITIONS["exact"]
    before = exact.run(theirs, exact.ONE_CPU, 1, times)
    after = exact.run(ours, exact.ONE_CPU, 1, times)
    for cpus in exact.CPUS:
        after.update(exact.run(ours, ["cpus"], cpus, times))
    return after, before


def timed_cell(cell: Cell) -> Cell:
    """Whose image is timed: the cell's own, or where only the kernel that counts was
    built of these sources, that one's."""
    other = kernels.patched(cell.ctx, cell.source, cell.machine)
    built = [build.is_built(kernel) for kernel in (cell, other)]
    return other if built == [False, True] else cell


def time(cell: Cell) -> Native:
    """The built image, if this machine can run it."""
    found = Native(native.refusal(cell))
    if found.refusal:
        cell.ctx.ui.say(f"{cell.name}: native laboratory: {found.refusal}")
        return found
    kernel = timed_cell(cell)
    build.kernel(kernel)
    return native.run(kernel, REPETITIONS["native"], SECONDS)


def image_pages(cell: Cell) -> dict[str, tuple[int, int]]:
    """Pages of each image of both kernels, where both were built."""
    args = (cell.ctx, cell.source, cell.machine)
    ours, theirs = kernels.patched(*args).folder, kernels.unpatched(*args).folder
    found = {}
    for path in sorted(ours.glob("vdso*.so")):
        other = theirs / path.name
        if other.is_file():
            sizes = [-(-file.stat().st_size // PAGE) for file in (path, other)]
            found[path.name] = (sizes[0], sizes[1])
    return found


def measure(cell: Cell, only: Optional[str]) -> dict[str, Any]:
    """One cell of the document."""
    patched, unpatched = count(cell) if only != "native" else ({}, {})
    found = time(cell) if only != "exact" else None
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


def tell_targets(value: dict[str, Any]) -> None:
    for cell in value["cells"]:
        print(f"\n{cell['name']}")
        context = cell.get("native", {}).get("context")
        for line in processor.lines(context) if context else []:
            print(line)
        for target in cell["targets"]:
            word = page.WORDS[target["met"]]
            measured = page.number(target["measured"])
            line = f"{word:<10}{target['name']:<44}{target['limit']:>9}  {measured:>7}"
            print(f"{line} {target['unit']}  {target['note']}".rstrip())


def tell_moves(old: dict[str, Any], new: dict[str, Any]) -> int:
    """Exit status: 1 if something got worse by more than its bound, or was lost."""
    found, lost = compare.documents(old, new)
    for move in found:
        print(move.line())
    for name in lost:
        print(f"LOST       {name}: is not measured any more")
    bad = sum(move.regression for move in found) + len(lost)
    print(f"{len(found)} costs moved, {bad} of them too far")
    return EXIT_FAILED if bad else EXIT_OK


def run(
    cells: Sequence[Cell], only: Optional[str], old: Optional[dict[str, Any]]
) -> int:
    value = document.document([measure(cell, only) for cell in cells])
    folder = cells[0].ctx.report
    document.write(value, folder)
    path = page.write(value, folder)
    tell_targets(value)
    print(f"\nsee {path}")
    return tell_moves(old, value) if old else EXIT_OK


def compare_files(old: Path, new: Path) -> int:
    return tell_moves(compare.load(old), compare.load(new))
