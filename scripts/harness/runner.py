# SPDX-License-Identifier: GPL-2.0
"""./vdsox run and report: build cells, run tests in guests, write reports."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Sequence

from harness import (
    accel,
    atomic,
    build,
    ktap,
    manifest,
    parallel,
    procs,
    reports,
    rerun,
    results,
    splat,
    verdict,
)
from harness.cell import Cell
from harness.context import Context
from harness.errors import Fault
from harness.ktap import Result
from harness.machine import Machine
from harness.mode import USUAL
from harness.qemu import GuestConfig
from harness.results import CellResult
from harness.ui import duration


def test_cell(cell: Cell, config: GuestConfig | None = None) -> CellResult:
    """Build a cell and run its expected tests in guests. Fault if it does not build."""
    build.everything(cell)
    return test_built(cell, config)


def test_built(cell: Cell, config: GuestConfig | None = None) -> CellResult:
    """The same for a cell that is built; adds accel, cpus and start to metadata."""
    expected_tests = manifest.expected_tests(cell)
    chosen = accel.choose(cell)
    config = config or GuestConfig(cpus=cell.variant.cpus, mem=cell.variant.mem)
    started = datetime.datetime.now(datetime.timezone.utc)
    with cell.ctx.ui.step(cell.base, cell.label, "guest") as outcome:
        prefix = cell.mode.prefix
        found = rerun.run_expected(
            cell,
            expected_tests,
            config,
            chosen,
            prefix=prefix,
            artifacts=cell.folder / f"{prefix}artifacts",
            outcome=outcome,
        )
        found.metadata.update(
            accel=chosen,
            cpus=config.cpus,
            started=started.isoformat(timespec="seconds"),
        )
        bad = sum(result.bad for result in found.results)
        outcome.word = "FAIL" if bad else "ok"
        outcome.note = f"{len(found.results)} tests, {bad} bad, {found.splats} splats"
        outcome.note += f", {len(found.flakes)} flakes" if found.flakes else ""
    if cell.mode == USUAL:
        _extend_metadata(cell, found)
    else:
        found.metadata["mode"] = cell.mode.name
        found.metadata["command"] += f" {procs.quote(cell.mode.options)}"
    return found


def _extend_metadata(cell: Cell, found: CellResult) -> None:
    keys = ("accel", "cpus", "started")
    value = {**cell.read_metadata(), **{k: found.metadata[k] for k in keys}}
    atomic.write_text(cell.metadata, json.dumps(value, indent=1) + "\n")


def finish(ctx: Context, found: Sequence[CellResult]) -> int:
    """Write the reports, print the table, return the exit status."""
    ctx.report.mkdir(parents=True, exist_ok=True)
    value = results.as_json(found)
    results.write(found, ctx.report)
    reports.write_all(value, ctx.report)
    print_table(ctx, found)
    print(f"{value['verdict']}: see {ctx.report / 'index.html'}")
    return results.exit_status(found)


def print_table(ctx: Context, found: Sequence[CellResult]) -> None:
    """Print a row for each test, a column for each cell, then the failures and sums."""
    names = list(dict.fromkeys(r.name for cell in found for r in cell.results))
    width = max([len(name) for name in names] + [4])
    heads = [cell.name for cell in found]
    print("\n" + "  ".join([f"{'test':<{width}}"] + [f"{h:<20}" for h in heads]))
    for name in names:
        row = [f"{name:<{width}}"] + [_word(cell, name) for cell in found]
        print("  ".join(row).rstrip())
    for cell in found:
        for result in cell.results:
            if result.bad or result.status == ktap.SKIP:
                print(f"{cell.name} {result.name}: {result.status}: {result.reason}")
        for note in cell.notes:
            print(f"{cell.name}: {note}")
    flakes = [f"{cell.name} {flake}" for cell in found for flake in cell.flakes]
    for cell in found:
        words = [f"{n} {w}" for w, n in sorted(verdict.counts(cell.results).items())]
        words += [f"{cell.splats} splats", duration(cell.seconds)]
        print(f"{cell.name}: {', '.join(words)}")
    print("\n".join(results.flake_lines(flakes)))


def _word(cell: CellResult, name: str) -> str:
    result = next((r for r in cell.results if r.name == name), None)
    if result is None:
        return f"{'-':<20}"
    inner = [test.status for test in result.subtests]
    good = sum(status in (ktap.PASS, ktap.XFAIL) for status in inner)
    skipped = inner.count(ktap.SKIP)
    cases = f" {good}/{len(inner) - skipped}" if inner else ""
    cases += f" {skipped} skip" if skipped else ""
    return f"{result.status + cases:<20}"


def skipped(base: str, here: Machine, reason: Fault) -> CellResult:
    """The result of a cell whose base cannot be had."""
    boot = Result("boot", ktap.SKIP, reason.message)
    name = f"{base}-{here.arch}"
    return CellResult(name, [boot], {"base": base, "arch": here.arch})


def run(ctx: Context, cells: Sequence[Cell], without: Sequence[CellResult] = ()) -> int:
    """Test the cells in order and return the exit status; later cells are built while
    the guests of an earlier one run. without: results of cells that do not run"""
    with parallel.workers(2) as workers:
        built = [workers.submit(build.everything, cell) for cell in cells]
        found = []
        for cell, done in zip(cells, built):
            done.result()
            found.append(test_built(cell))
    return finish(ctx, [*found, *without])


def report(ctx: Context, logs: Sequence[Path]) -> int:
    """Write reports from KTAP logs recorded elsewhere, a cell for each log; returns the
    exit status. Fault if one is unreadable or has no result."""
    found = []
    for path in logs:
        try:
            text = path.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            raise Fault(f"{path}: {error.strerror}") from None
        document = ktap.parse(text)
        splats, notes = splat.split_foreign(splat.find(text))
        errors = list(document.errors)
        if not document.results:
            raise Fault(f"{path}: has no KTAP result")
        if document.bail is not None:
            errors.append(f"bailed out: {document.bail}")
        errors += [f"kernel splat: {item.title}" for item in splats]
        metadata = {"source": str(path)}
        cell = CellResult(path.stem, document.results, metadata, len(splats))
        cell.errors, cell.notes = errors, notes
        found.append(cell)
    return finish(ctx, found)
