# SPDX-License-Identifier: GPL-2.0
"""Native times: compile a program for a built vDSO image, run it on this machine."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from harness import manifest, procs
from harness.bench import processor
from harness.cell import Cell
from harness.errors import Fault

HEADERS = {"layout.h": "layout", "user.h": "user", "symtab.h": "symtab"}
DEFINED = re.compile(r'^\s*\.ascii "->(\w+) [$#]?(-?\d+) ', re.MULTILINE)
EXIT_MEANINGLESS = 3  # exit status: times mean nothing on this machine


@dataclass
class Native:
    """What was measured, or in `refusal` why not.

    steps: function -> instructions
    times: function -> nanoseconds an iteration, in each repetition
    """

    refusal: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)


def refusal(cell: Cell) -> str:
    """Why this machine cannot time the cell's image; empty if it can."""
    if cell.machine.native:
        return ""
    return (
        f"this machine can only emulate {cell.machine.arch} code, and times under"
        " emulation mean nothing"
    )


def sources(cell: Cell) -> Path:
    """The directory of the programs' sources."""
    return cell.ctx.repo / "tools" / "bench" / "native"


def offsets(cell: Cell, target: Path) -> None:
    """Write a header with constants of the tree's headers, as its vDSO code sees them.
    Fault if the base has no clock_data.h or offsets.c does not compile with it."""
    names = cell.source.base.folder / "clock_data.h"
    if not names.is_file():
        raise Fault(f"{names}: missing: the native benchmarks do not support this base")
    source = sources(cell) / "offsets.c"
    # It is compiled with the command line of an object of the image.
    folder = cell.build / cell.images[cell.machine.arch].folder
    saved = (folder / ".vtask.o.cmd").read_text().splitlines()[0]
    words = shlex.split(saved.partition(" := ")[2])
    assembly = target.with_suffix(".s")
    words = [word for word in words if not word.startswith("-Wp,-MMD")]
    at = words.index("-c")
    words[at:] = ["-include", str(names), "-S", "-o", str(assembly), str(source)]
    log = target.with_suffix(".log")
    procs.run_logged(words, log, "constants of the tree", cwd=cell.build)
    found = DEFINED.findall(assembly.read_text())
    if not found:
        raise Fault(f"{source}: no constant in its assembly", log)
    lines = [f"#define {name} {value}" for name, value in found]
    target.write_text("\n".join(["/* Generated from offsets.c. */", *lines, ""]))


def _headers(cell: Cell, folder: Path) -> None:
    """Generate the headers for the cell's table and tree."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = cell.source.tree / "scripts" / "vdsogen"
    tool = manifest.build_vdsogen(cell.ctx, generator)
    table = cell.source.base.table
    for name, kind in HEADERS.items():
        words = [tool, "generate", kind, *table, folder / name]
        procs.capture(words, f"vdsogen generate {kind}")
    offsets(cell, folder / "offsets.h")


def _make(cell: Cell, folder: Path, name: str) -> Path:
    """Make one of the Makefile's programs, for the cell's machine."""
    _headers(cell, folder)
    command = ["make", "-s", f"-j{cell.ctx.jobs}", "-C", sources(cell), f"O={folder}"]
    command += [f"CROSS_COMPILE={cell.machine.cross}", folder / name]
    procs.run_logged(command, folder / f"{name}.log", f"build of {name}")
    return folder / name


def build(cell: Cell, folder: Path) -> Path:
    """Compile the program that times the image on this machine. Fault if that fails."""
    return _make(cell, folder, "native")


def build_counter(cell: Cell, folder: Path) -> Path:
    """Compile the program that counts the image's instructions, statically, so that it
    runs in a guest as well. Fault if that fails."""
    return _make(cell, folder, "count")


def images(cell: Cell) -> list[Path]:
    """The stripped vDSO image and the one with symbols."""
    return [cell.vdso(cell.machine.arch), cell.vdso(cell.machine.arch, ".so.dbg")]


def execute(*command: object) -> str:
    """A program's output. Fault with its last error line if it fails; Refused if it
    reports that times mean nothing here."""
    done = procs.communicate(command)
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        refused = done.returncode == EXIT_MEANINGLESS
        raise Refused(errors[-1]) if refused else Fault(errors[-1])
    return done.stdout


class Refused(Fault):
    """The program has found that times mean nothing on this machine."""


def read_steps(text: str) -> dict[str, int]:
    """Parse the counter's lines `FUNCTION INSTRUCTIONS`."""
    pairs = (line.split() for line in text.splitlines())
    return {name: int(count) for name, count in pairs}


def read_times(document: dict[str, Any]) -> dict[str, list[float]]:
    """Nanoseconds an iteration of each function, in order of repetition, from Google
    Benchmark's JSON."""
    runs = [r for r in document["benchmarks"] if r.get("run_type") == "iteration"]
    runs.sort(key=lambda run: run["repetition_index"])
    times: dict[str, list[float]] = {}
    for run in runs:
        times.setdefault(run["run_name"], []).append(float(run["cpu_time"]))
    return times


def run(cell: Cell, repetitions: int, seconds: float) -> Native:
    """Build the programs, check the image, count its instructions by single-stepping,
    and time it. Fault if a program fails.

    seconds: minimum for each function and repetition
    """
    found = Native(refusal(cell))
    if found.refusal:
        return found
    with cell.ctx.ui.step(cell.base, cell.label, "native") as outcome:
        folder = cell.folder / "bench"
        program = build(cell, folder)
        try:
            execute(program, "check", *images(cell))
        except Refused as refused:
            found.refusal = outcome.note = refused.message
            return found
        counter = build_counter(cell, folder)
        found.steps = read_steps(execute(counter, *images(cell)))
        document = _time(program, cell, folder / "times.json", repetitions, seconds)
        found.context = document["context"] | processor.describe()
        found.times = read_times(document)
        outcome.note = f"{len(found.times)} functions, {repetitions} times each"
    return found


def _time(
    program: Path, cell: Cell, target: Path, repetitions: int, seconds: float
) -> dict[str, Any]:
    options = [
        f"--benchmark_out={target}",
        "--benchmark_out_format=json",
        "--benchmark_enable_random_interleaving=true",
        f"--benchmark_repetitions={repetitions}",
        f"--benchmark_min_time={seconds}",
    ]
    execute(program, "time", *images(cell), *options)
    value = json.loads(target.read_text())
    assert isinstance(value, dict)
    return value


def ratio(
    times: dict[str, list[float]], of: str, to: str
) -> Optional[tuple[float, float, float]]:
    """Median, least and greatest ratio of two functions' times in the same repetition;
    None if one was not measured."""
    if of not in times or to not in times:
        return None
    pairs = sorted(a / b for a, b in zip(times[of], times[to]))
    return pairs[len(pairs) // 2], pairs[0], pairs[-1]
