# SPDX-License-Identifier: GPL-2.0
"""Real guests: a late test runs once more, a failed one does not."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import pytest

from harness import machine, rerun
from harness.cell import Cell
from harness.initramfs import GuestJob, Planned
from harness.manifest import ExpectedTest
from harness.qemu import GuestConfig

pytestmark = pytest.mark.guest
SHELL = (Path("/bin/dash"), "/bin/sh")
LATE = "echo 1..2; echo 'not ok 1 a # TIMEOUT not yet'; echo ok 2 b; exit 124"
GOOD = "echo 1..2; echo ok 1 a; echo ok 2 b"
FIRST = 'read -r guest < /t/guest; [ "$guest" = 1 ] && '
SCRIPTS = {
    "good": GOOD,
    "late-once": f"{FIRST}{{ {LATE}; }}; {GOOD}",
    "hung-once": f"{FIRST}while :; do :; done; {GOOD}",
    "late-twice": LATE,
    "wrong": "exit 3",
    "wrong-and-late": "echo 1..2; echo 'not ok 1 a # TIMEOUT x'; echo not ok 2 b; exit 1",
    "crash": "kill -SEGV $$",
}
EXPECTED = {
    "boot": "PASS",
    "t.good": "PASS",
    "t.late-once": "PASS",
    "t.hung-once": "PASS",
    "t.late-twice": "TIMEOUT",
    "t.wrong": "FAIL",
    "t.wrong-and-late": "FAIL",
    "t.crash": "FAIL",
}
PREFIX = "late-"


class GuestJobs:
    """Makes jobs whose programs read the number of their guest from a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wanted: list[list[str]] = []

    def put(self, name: str, text: str) -> tuple[Path, str]:
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o755)
        return path, f"/t/{name}"

    def make(self, _cell: Cell, wanted: Sequence[ExpectedTest]) -> GuestJob:
        self.wanted.append([expected.program for expected in wanted])
        scripts = [self.put(n, f"#!/bin/sh\n{text}") for n, text in SCRIPTS.items()]
        files = [SHELL, self.put("guest", str(len(self.wanted))), *scripts]
        planned = [
            Planned(p.name, p.timeout, "/t", (f"./{p.program}",)) for p in wanted
        ]
        return GuestJob("test", tests=planned, files=files)


def test_late_runs_again_and_wrong_does_not(cells, tmp_path, monkeypatch) -> None:
    arch = machine.host_arch()
    cells.result(arch)
    cell = cells.cell(arch)
    monkeypatch.setattr(cell.ctx, "flakes", [])
    jobs = GuestJobs(tmp_path)
    limits = dict.fromkeys(SCRIPTS, 120) | {"hung-once": 4}
    expected_tests = [
        ExpectedTest(f"t.{name}", "t", name, limits[name]) for name in SCRIPTS
    ]
    found = rerun.run_expected(
        cell, expected_tests, GuestConfig(), "tcg", prefix=PREFIX, make=jobs.make
    )
    assert {r.name: r.status for r in found.results} == EXPECTED
    again = [["late-once"], ["hung-once"], ["late-twice"]]
    assert jobs.wanted == [list(SCRIPTS), *again]
    assert cell.ctx.flakes == [
        f"{cell.name} t.late-once a: not yet",
        f"{cell.name} t.hung-once: after 4 s",
    ]
    first = (cell.folder / f"{PREFIX}ktap.log").read_text()
    assert "not ok 2 t.late-once # TIMEOUT in its cases" in first
    second = (cell.folder / f"{PREFIX}again-late-once-ktap.log").read_text()
    assert "ok 1 t.late-once\n" in second
