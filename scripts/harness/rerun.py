# SPDX-License-Identifier: GPL-2.0
"""Run expected tests in guests, and run those that were late once more."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Sequence

from harness import decode, guest, ktap, late, manifest, parallel, splat, verdict
from harness.cell import Cell
from harness.guest import GuestResult
from harness.initramfs import GuestJob
from harness.manifest import ExpectedTest
from harness.qemu import GuestConfig
from harness.results import CellResult
from harness.ui import Outcome

AGAIN, BASE = "again-", "base-"

MakeJob = Callable[[Cell, Sequence[ExpectedTest]], GuestJob]
# By prefix of the guest's log file names: the tests that the guest runs.
Groups = dict[str, list[ExpectedTest]]


def job_of(cell: Cell, expected_tests: Sequence[ExpectedTest]) -> GuestJob:
    """The job that runs those of the tests that were built."""
    planned = manifest.plan(cell, expected_tests)
    return GuestJob("test", tests=planned, with_tests=True)


def read_logs(
    cell: Cell, expected_tests: Sequence[ExpectedTest], guest_result: GuestResult
) -> CellResult:
    """The verdict on a guest that has ended, from its ports and console log."""
    assert guest_result.channels is not None
    text = guest_result.channels.port("verdict").read_bytes().decode("utf-8", "replace")
    console = guest_result.channels.console.read_bytes().decode("utf-8", "replace")
    document = ktap.parse(text)
    splats, notes = splat.split_foreign(splat.find(decode.annotate(cell, console)))
    tail = guest.console_tail(guest_result)
    joined = verdict.join(expected_tests, document, splats, guest_result, tail)
    metadata = {**cell.read_metadata(), "folder": str(cell.folder)}
    found = CellResult(cell.title, joined, metadata, len(splats), guest_result.seconds)
    found.notes = notes
    return found


def _again(wanted: Sequence[ExpectedTest]) -> str:
    """A log prefix of its own for each guest of a second run: no log is overwritten."""
    program = f"{wanted[0].program}-" if len(wanted) == 1 else ""
    return f"{AGAIN}{program}"


@dataclass
class Guests:
    """Starts the guests of one cell's verdict."""

    cell: Cell
    config: GuestConfig
    accel: str
    make: MakeJob
    prefix: str
    artifacts: Optional[Path]

    def clear(self) -> None:
        """Remove artifacts and second-run logs of an earlier verdict."""
        if self.artifacts:
            shutil.rmtree(self.artifacts, ignore_errors=True)
        for name in ("", BASE):
            for path in self.cell.folder.glob(f"{self.prefix}{name}{AGAIN}*"):
                path.unlink()

    def start(
        self, wanted: Sequence[ExpectedTest], name: str, outcome: Outcome
    ) -> tuple[CellResult, GuestResult]:
        """Run one guest to its end; `name` is its log prefix."""
        guest_result = guest.run(
            self.cell,
            self.make(self.cell, wanted),
            self.config,
            self.accel,
            prefix=self.prefix + name,
            outcome=outcome,
        )
        assert guest_result.channels is not None
        if self.artifacts:
            guest.unpack_files(guest_result.channels, self.artifacts)
        return read_logs(self.cell, wanted, guest_result), guest_result

    def start_all(
        self, groups: Groups, outcome: Outcome
    ) -> list[tuple[CellResult, GuestResult]]:
        """Run a guest for each group, all in parallel."""
        steps = [Outcome() for _ in groups]
        outcome.progress = lambda: " | ".join(
            filter(None, (step.progress() for step in steps))
        )
        with parallel.workers(len(groups)) as workers:
            started = [
                workers.submit(self.start, wanted, name, step)
                for (name, wanted), step in zip(groups.items(), steps)
            ]
            return [future.result() for future in started]


def split_groups(expected_tests: Sequence[ExpectedTest]) -> Groups:
    """The kernel's own tests need one CPU only: they run in parallel, in a guest of
    their own."""
    groups: Groups = {}
    for expected in expected_tests:
        name = BASE if expected.collection in manifest.KERNEL else ""
        groups.setdefault(name, []).append(expected)
    return groups or {"": []}


def run_expected(
    cell: Cell,
    expected_tests: Sequence[ExpectedTest],
    config: GuestConfig,
    accel: str,
    *,
    prefix: str = "",
    artifacts: Optional[Path] = None,
    outcome: Optional[Outcome] = None,
    make: MakeJob = job_of,
) -> CellResult:
    """Run the tests, those that were late once more, and return the verdict.

    prefix: of the log file names in the cell's folder
    artifacts: directory for the files that tests leave in $VDSOX_ARTIFACTS
    outcome: its step shows the test that runs
    """
    outcome = outcome or Outcome()
    guests = Guests(cell, config, accel, make, prefix, artifacts)
    guests.clear()
    groups = split_groups(expected_tests)
    first = guests.start_all(groups, outcome)
    late_ones = [
        (name, late.to_rerun(wanted, result.results, guest_result))
        for (name, wanted), (result, guest_result) in zip(groups.items(), first)
    ]
    found = late.join_parallel([result for result, _ in first])
    for name, todo in late_ones:
        for wanted in todo:
            with parallel.exclusive_machine(cell.ctx):
                again, _ = guests.start(wanted, name + _again(wanted), outcome)
            late.merge(found, again, wanted)
    cell.ctx.flakes += [f"{cell.title} {flake}" for flake in found.flakes]
    return found
