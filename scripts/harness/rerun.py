# SPDX-License-Identifier: GPL-2.0
"""Run promised tests in a guest, and those once more that were only late."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Sequence

from harness import decode, guest, ktap, late, manifest, parallel, splat, verdict
from harness.cell import Cell
from harness.guest import Ending
from harness.initramfs import Mission
from harness.manifest import Promise
from harness.qemu import Shape
from harness.results import CellResult
from harness.ui import Outcome

AGAIN, BASE = "again-", "base-"

MakeMission = Callable[[Cell, Sequence[Promise]], Mission]
# What the names of a guest's logs begin with, and what it is to run.
Groups = dict[str, list[Promise]]


def mission_of(cell: Cell, promised: Sequence[Promise]) -> Mission:
    planned = manifest.plan(cell, promised)
    return Mission("test", tests=planned, with_tests=True)


def read_logs(cell: Cell, promised: Sequence[Promise], ending: Ending) -> CellResult:
    """What the logs of a guest that has ended say."""
    assert ending.channels is not None
    text = ending.channels.port("verdict").read_bytes().decode("utf-8", "replace")
    console = ending.channels.console.read_bytes().decode("utf-8", "replace")
    document = ktap.parse(text)
    splats, notes = splat.part(splat.find(decode.annotate(cell, console)))
    tail = guest.console_tail(ending)
    joined = verdict.join(promised, document, splats, ending, tail)
    metadata = {**cell.read_metadata(), "folder": str(cell.folder)}
    found = CellResult(cell.title, joined, metadata, len(splats), ending.seconds)
    found.notes = notes
    return found


def _again(wanted: Sequence[Promise]) -> str:
    """The first guest's logs stay, and so do those of each other guest."""
    program = f"{wanted[0].program}-" if len(wanted) == 1 else ""
    return f"{AGAIN}{program}"


@dataclass
class Guests:
    """How the guests of one verdict are started."""

    cell: Cell
    shape: Shape
    accel: str
    make: MakeMission
    prefix: str
    artifacts: Optional[Path]

    def clear(self) -> None:
        """What guests of an earlier verdict left behind."""
        if self.artifacts:
            shutil.rmtree(self.artifacts, ignore_errors=True)
        for name in ("", BASE):
            for path in self.cell.folder.glob(f"{self.prefix}{name}{AGAIN}*"):
                path.unlink()

    def start(
        self, wanted: Sequence[Promise], name: str, outcome: Outcome
    ) -> tuple[CellResult, Ending]:
        ending = guest.run(
            self.cell,
            self.make(self.cell, wanted),
            self.shape,
            self.accel,
            prefix=self.prefix + name,
            outcome=outcome,
        )
        assert ending.channels is not None
        if self.artifacts:
            guest.unpack_files(ending.channels, self.artifacts)
        return read_logs(self.cell, wanted, ending), ending

    def start_together(
        self, groups: Groups, outcome: Outcome
    ) -> list[tuple[CellResult, Ending]]:
        """A guest for each group, all at the same time."""
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


def side_by_side(promised: Sequence[Promise]) -> Groups:
    """The base's own tests keep one CPU busy, so they do not wait for ours."""
    groups: Groups = {}
    for promise in promised:
        name = BASE if promise.collection in manifest.KERNEL else ""
        groups.setdefault(name, []).append(promise)
    return groups or {"": []}


def run_promised(
    cell: Cell,
    promised: Sequence[Promise],
    shape: Shape,
    accel: str,
    *,
    prefix: str = "",
    artifacts: Optional[Path] = None,
    outcome: Optional[Outcome] = None,
    make: MakeMission = mission_of,
) -> CellResult:
    """The verdict on promised tests; `artifacts` gets what they leave."""
    outcome = outcome or Outcome()
    guests = Guests(cell, shape, accel, make, prefix, artifacts)
    guests.clear()
    groups = side_by_side(promised)
    first = guests.start_together(groups, outcome)
    late_ones = [
        (name, late.to_rerun(wanted, result.results, ending))
        for (name, wanted), (result, ending) in zip(groups.items(), first)
    ]
    found = late.joined([result for result, _ in first])
    for name, todo in late_ones:
        for wanted in todo:
            with parallel.alone(cell.ctx):
                again, _ = guests.start(wanted, name + _again(wanted), outcome)
            late.merge(found, again, wanted)
    cell.ctx.flakes += [f"{cell.title} {flake}" for flake in found.flakes]
    return found
