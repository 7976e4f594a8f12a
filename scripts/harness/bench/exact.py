# SPDX-License-Identifier: GPL-2.0
"""Exact counts: run a program in a guest whose instructions QEMU counts (-icount)."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from harness import guest, manifest, procs
from harness.bench import figures
from harness.bench.figures import Figures
from harness.cell import Cell
from harness.errors import Fault
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig

FLAGS = "-static -O2 -Wall -Wextra -pthread".split()
BARE = "-static -O2 -Wall -Wextra -nostdlib -fno-stack-protector".split()
PROGRAM, EXIT_PROGRAM = "/bench/bench", "/bench/exit"
# Fix what every kernel would choose at random at each boot.
ARGUMENTS = ("nokaslr", "norandmaps")
ONE_CPU = "entries clocks denied switch life memory kernel".split()
ONE_CPU += "bystanders threads areas".split()
CPUS = (1, 2, 4, 8, 16)
MEMORY, LIMIT = 1024, 1800.0  # MiB, seconds


def build(cell: Cell, folder: Path) -> list[tuple[Path, str]]:
    """Compile the guest's programs for the cell; returns (host path, guest path) pairs.
    Fault if that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    repo, log = cell.ctx.repo, folder / "guest.log"
    tool = manifest.build_vdsogen(cell.ctx, repo / "scripts" / "vdsogen")
    words = [tool, "generate", "symtab", *cell.source.base.table, folder / "symtab.h"]
    procs.capture(words, "vdsogen generate symtab")
    sources = sorted((repo / "tools" / "bench" / "guest").glob("*.c"))
    bare = [path for path in sources if path.name == "exit.c"]
    rest = [path for path in sources if path not in bare]
    rest.append(repo / "selftests" / "parse_task_vdso.c")
    gcc = f"{cell.machine.cross}gcc"
    places = [f"-I{folder}", f"-I{repo / 'selftests'}"]
    program, leaver = folder / "bench", folder / "exit"
    what = "build of the guest's programs"
    procs.run_logged([gcc, *FLAGS, *places, "-o", program, *rest], log, what)
    procs.run_logged([gcc, *BARE, "-o", leaver, *bare], log, what)
    return [(program, PROGRAM), (leaver, EXIT_PROGRAM)]


def run_once(
    cell: Cell, files: list[tuple[Path, str]], topics: Sequence[str], cpus: int
) -> Figures:
    """Boot a guest, run the program and parse its figures. Fault if the guest or the
    program fails.

    topics: what to measure, see tools/bench/guest/main.c
    """
    here = cell.machine
    # The tests' CPU model, whose counter the CPU-time clocks can use.
    cpu = ",".join(filter(None, [here.cpu, here.counting.cpu]))
    append = [*ARGUMENTS, *here.counting.append]
    config = GuestConfig(cpus, MEMORY, cpu, True, append)
    job = GuestJob("exec", (), [PROGRAM, *topics], files)
    output: dict[str, bytes] = {}

    def sink(name: str, data: bytes) -> None:
        output[name] = output.get(name, b"") + data

    guest_result = guest.run(
        cell, job, config, "tcg", prefix="bench-", limit=LIMIT, sink=sink
    )
    assert guest_result.channels is not None
    if guest_result.reason:
        raise Fault(guest_result.reason, guest_result.channels.console)
    errors = output.get("stderr", b"").decode("utf-8", "replace").strip()
    if guest_result.exit_status != 0:
        raise Fault(f"bench exited with status {guest_result.exit_status}: {errors}")
    return figures.parse(output.get("stdout", b"").decode("utf-8", "replace"))


def run(cell: Cell, topics: Sequence[str], cpus: int, repetitions: int) -> Figures:
    """Measure `repetitions` times, each time in a new guest. A figure `repeats` if it
    is the same in all of them."""
    with cell.ctx.ui.step(cell.base, cell.label, "count") as outcome:
        files = build(cell, cell.folder / "bench")
        runs = [run_once(cell, files, topics, cpus) for _ in range(repetitions)]
        found = figures.join(runs)
        repeating = sum(figure.repeats for figure in found.values())
        outcome.note = f"{len(found)} figures on {cpus} CPUs"
        if repetitions > 1:
            outcome.note += f", {repeating} repeat exactly"
    return found
