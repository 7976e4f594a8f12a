# SPDX-License-Identifier: GPL-2.0
"""What the guest must answer: the table's manifest, and tests that the base has."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from harness import atomic, parallel, procs
from harness.cell import Cell
from harness.context import Context
from harness.errors import Fault
from harness.initramfs import GUEST_TESTS, Planned
from harness.mode import USUAL

OWN = "vdso_task"
# The base's: all of a folder, or those of it that ask for clocks and need no quiet host.
KERNEL: dict[str, tuple[str, ...]] = {"vDSO": (), "timers": ("inconsistency-check",)}
FOLDERS = (OWN, *KERNEL)
# No code of the running kernel takes part: once an architecture is enough.
USER_ONLY = {"vdso_test_chacha"}
# Seconds for each clock; why so many: Documentation/testing.rst.
ARGUMENTS = {"inconsistency-check": ("-t", "3")}
KERNEL_TIMEOUT = 300


@dataclass(frozen=True)
class ExpectedTest:
    """A test that must give a line, and the cases that must stand in it."""

    name: str
    collection: str
    program: str
    timeout: int
    cases: tuple[str, ...] = ()


def build_vdsogen(ctx: Context, sources: Path) -> Path:
    """Compile the generator for this machine, as a kernel build would."""
    target = ctx.out / "tools" / "vdsogen"
    files = sorted(sources.glob("*.cc"))
    if not files:
        raise Fault(f"{sources}: holds no C++ source")
    newest = max(p.stat().st_mtime for p in sources.glob("*.[ch]*"))
    if target.is_file() and target.stat().st_mtime > newest:
        return target
    folder = ctx.out / "tools" / "vdsogen.objects"
    folder.mkdir(parents=True, exist_ok=True)
    ccache = ["ccache"] if shutil.which("ccache") else []
    log, what = ctx.out / "tools" / "build.log", "build of vdsogen"

    def compiled(source: Path) -> Path:
        made = folder / f"{source.stem}.o"
        flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-c", "-o"]
        procs.run_logged([*ccache, "g++", *flags, made, source], log, what)
        return made

    with parallel.workers(ctx.jobs) as workers:
        futures = [workers.submit(compiled, source) for source in files]
        objects = [future.result() for future in futures]
    with atomic.replacing(target) as part:
        procs.run_logged(["g++", "-o", part, *objects], log, what)
    return target


def load(cell: Cell) -> dict[str, Any]:
    """The manifest that the table of the cell's own tree generates, by the generator
    of its kernel build where that has been done."""
    tree = cell.source.tree
    tool = cell.build / "scripts" / "vdsogen" / "vdsogen"
    if not tool.is_file():
        tool = build_vdsogen(cell.ctx, tree / "scripts" / "vdsogen")
    target = cell.folder / "manifest.json"
    table = tree / "scripts" / "vdso.tbl"
    command = [tool, "generate", "manifest", table, target]
    procs.capture(command, "vdsogen generate manifest")
    value = json.loads(target.read_text())
    assert isinstance(value, dict)
    return value


def from_manifest(value: dict[str, Any], abis: Iterable[str]) -> list[ExpectedTest]:
    """The tests of an architecture, whose kernel may serve several ABIs."""
    expected_tests = []
    for test in value["tests"]:
        mine = [abi for abi in abis if abi in test["abis"]]
        if not mine:
            continue
        named = test["cases"] or {}
        cases = dict.fromkeys(c for abi in mine for c in named.get(abi) or [])
        name = f"{OWN}.{test['name']}"
        expected_tests.append(
            ExpectedTest(name, OWN, test["name"], test["timeout"], tuple(cases))
        )
    return expected_tests


def kernel_tests(cell: Cell) -> list[ExpectedTest]:
    """The base's own kselftests, of those that its Makefiles list."""
    path = cell.tests / "kselftest-list.txt"
    left_out = USER_ONLY if cell.variant.name else set()
    lines = path.read_text().splitlines() if path.is_file() else []
    listed = [line.partition(":")[::2] for line in lines]
    return [
        ExpectedTest(f"{folder}.{program}", folder, program, KERNEL_TIMEOUT)
        for folder, program in listed
        if folder in KERNEL and program in (KERNEL[folder] or (program,))
        if program not in left_out
    ]


def expected_tests(cell: Cell) -> list[ExpectedTest]:
    own = from_manifest(load(cell), cell.machine.abis) if cell.source.patched else []
    found = [expected for expected in own if cell.mode.runs(expected.program)]
    found += kernel_tests(cell) if cell.mode == USUAL else []
    if not found:
        raise Fault("no kselftest was installed", cell.build_log)
    return found


def plan(cell: Cell, expected_tests: Iterable[ExpectedTest]) -> list[Planned]:
    """What the guest runs: the expected programs that were built."""
    planned = []
    for expected in expected_tests:
        if (cell.tests / expected.collection / expected.program).is_file():
            folder = f"{GUEST_TESTS}/{expected.collection}"
            words = {**ARGUMENTS, **cell.mode.arguments}.get(expected.program, ())
            argv = (f"./{expected.program}", *words)
            seconds = expected.timeout * cell.timeout_scale
            planned.append(Planned(expected.name, seconds, folder, argv))
    return planned
