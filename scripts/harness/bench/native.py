# SPDX-License-Identifier: GPL-2.0
"""The native laboratory: compile it for a built image, run it, take its figures."""

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

FLAGS = "-std=c++17 -O2 -Wall -Wextra".split()
# Parts of vdsogen that read ELF files.
READERS = "elf_file.cc file.cc diagnostics.cc text.cc".split()
HEADERS = {"layout.h": "layout", "user.h": "user"}
# A file of the vDSO, whose command compiles what must see the tree as it does.
LIKE = {
    "x86_64": "arch/x86/entry/vdso/.vclock_gettime.o.cmd",
    "arm64": "arch/arm64/kernel/vdso/.vgettimeofday.o.cmd",
}
IMAGE = {"x86_64": "vdso64.so", "arm64": "vdso.so"}
# Files that only one of the two programs has; Google Benchmark is for times alone.
OWN_FILES = {"native": {"main.cc", "timings.cc", "references.cc"}}
OWN_FILES["count"] = {"count.cc", "steps.cc"}
DEFINED = re.compile(r'^\s*\.ascii "->(\w+) [$#]?(-?\d+) ', re.MULTILINE)
MEANINGLESS = 3


@dataclass
class Native:
    """What the native laboratory found, or why it did not look."""

    refusal: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)


def refusal(cell: Cell) -> str:
    """Why this machine cannot time the cell's image; empty where it can."""
    if cell.machine.native:
        return ""
    return (
        f"this machine cannot run {cell.machine.arch} code but by emulation, whose"
        " times mean nothing"
    )


def sources(cell: Cell) -> Path:
    return cell.ctx.repo / "tools" / "bench" / "native"


def offsets(cell: Cell, target: Path) -> None:
    """Constants of the tree's own headers, as its vDSO code sees them."""
    source = sources(cell) / cell.base / "offsets.c"
    if not source.is_file():
        raise Fault(f"{source}: the laboratory does not know this base")
    saved = (cell.build / LIKE[cell.machine.arch]).read_text().splitlines()[0]
    words = shlex.split(saved.partition(" := ")[2])
    assembly = target.with_suffix(".s")
    words = [word for word in words if not word.startswith("-Wp,-MMD")]
    at = words.index("-c")
    words[at:] = ["-S", "-o", str(assembly), str(source)]
    log = target.with_suffix(".log")
    procs.run_logged(words, log, "constants of the tree", cwd=cell.build)
    found = DEFINED.findall(assembly.read_text())
    if not found:
        raise Fault(f"{source}: gave no constant", log)
    lines = [f"#define {name} {value}" for name, value in found]
    target.write_text("\n".join(["/* Made of offsets.c. */", *lines, ""]))


def _headers(cell: Cell, folder: Path) -> None:
    """What the laboratory must know of the cell's table and tree."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = cell.source.tree / "scripts" / "vdsogen"
    tool = manifest.build_vdsogen(cell.ctx, generator)
    table = cell.source.tree / "scripts" / "vdso.tbl"
    for name, kind in HEADERS.items():
        words = [tool, "generate", kind, table, folder / name]
        procs.capture(words, f"vdsogen generate {kind}")
    offsets(cell, folder / "offsets.h")


def _compile(cell: Cell, folder: Path, name: str, *options: str) -> Path:
    """One of the programs: its own files and those that no other owns."""
    _headers(cell, folder)
    others = set[str]().union(*OWN_FILES.values()) - OWN_FILES[name]
    files = [p for p in sources(cell).glob("*.cc") if p.name not in others]
    files += [cell.ctx.scripts / "vdsogen" / reader for reader in READERS]
    target = folder / name
    command = [f"{cell.machine.cross}g++", *FLAGS, f"-I{folder}", "-o", target]
    command += [*sorted(files), *options]
    procs.run_logged(command, folder / f"{name}.log", f"build of {name}")
    return target


def build(cell: Cell, folder: Path) -> Path:
    """The program that times the image on this machine."""
    return _compile(cell, folder, "native", "-lbenchmark", "-lpthread")


def build_counter(cell: Cell, folder: Path) -> Path:
    """The program that counts its instructions, on this machine or in a guest."""
    return _compile(cell, folder, "count", "-static")


def images(cell: Cell) -> list[Path]:
    """The vDSO as the kernel carries it, and its twin with symbols."""
    image = cell.folder / IMAGE[cell.machine.arch]
    return [image, image.with_name(image.name + ".dbg")]


def execute(*command: object) -> str:
    """Its output; a Fault with what it said where it failed."""
    done = procs.communicate(command)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise Refused(said[-1]) if done.returncode == MEANINGLESS else Fault(said[-1])
    return done.stdout


class Refused(Fault):
    """The program itself says that times mean nothing here."""


def read_steps(text: str) -> dict[str, int]:
    """What the counter says: a call and its instructions, one a line."""
    pairs = (line.split() for line in text.splitlines())
    return {name: int(count) for name, count in pairs}


def read_times(document: dict[str, Any]) -> dict[str, list[float]]:
    """Nanoseconds an iteration of each repetition, by the order of repetitions."""
    runs = [r for r in document["benchmarks"] if r.get("run_type") == "iteration"]
    runs.sort(key=lambda run: run["repetition_index"])
    times: dict[str, list[float]] = {}
    for run in runs:
        times.setdefault(run["run_name"], []).append(float(run["cpu_time"]))
    return times


def run(cell: Cell, repetitions: int, seconds: float) -> Native:
    """Build, check, count single steps, time."""
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
    """Median, least and greatest of the ratios of repetitions that belong together."""
    if of not in times or to not in times:
        return None
    pairs = sorted(a / b for a, b in zip(times[of], times[to]))
    return pairs[len(pairs) // 2], pairs[0], pairs[-1]
