# SPDX-License-Identifier: GPL-2.0
"""Run promised tests in a guest, and those once more that were only late."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable, Optional, Sequence

from harness import decode, guest, ktap, late, manifest, splat, verdict
from harness.cell import Cell
from harness.guest import Ending
from harness.initramfs import Mission
from harness.manifest import Promise
from harness.qemu import Shape
from harness.results import CellResult
from harness.ui import Outcome

AGAIN = "again-"

MakeMission = Callable[[Cell, Sequence[Promise]], Mission]


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
    found = CellResult(cell.name, joined, metadata, len(splats), ending.seconds)
    found.notes = notes
    return found


def _again_prefix(prefix: str, wanted: Sequence[Promise]) -> str:
    """The first guest's logs stay, and so do those of each other guest."""
    program = f"{wanted[0].program}-" if len(wanted) == 1 else ""
    return f"{prefix}{AGAIN}{program}"


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
    if artifacts:
        shutil.rmtree(artifacts, ignore_errors=True)
    for path in cell.folder.glob(f"{prefix}{AGAIN}*"):
        path.unlink()

    def one_guest(wanted: Sequence[Promise], name: str) -> tuple[CellResult, Ending]:
        mission = make(cell, wanted)
        ending = guest.run(cell, mission, shape, accel, prefix=name, outcome=outcome)
        assert ending.channels is not None
        if artifacts:
            guest.unpack_files(ending.channels, artifacts)
        return read_logs(cell, wanted, ending), ending

    found, ending = one_guest(promised, prefix)
    for wanted in late.to_rerun(promised, found.results, ending):
        again, _ = one_guest(wanted, _again_prefix(prefix, wanted))
        late.merge(found, again, wanted)
    cell.ctx.flakes += [f"{cell.name} {flake}" for flake in found.flakes]
    return found
