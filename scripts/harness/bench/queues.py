# SPDX-License-Identifier: GPL-2.0
"""Messages between processes: vqueue and other ways, in one run on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from harness import procs
from harness.bench import processor
from harness.bench.targets import Target
from harness.context import Context

SIZES = (64, 512, 4096)  # bytes of a message; those of tools/bench/ipc/Makefile
REPETITIONS, MESSAGES = 15, 40000
OWN = "vqueue"
# Least ratio of another's time for a message to vqueue's, one to one, 64 bytes.
LIMITS = {"pipe": 5.0, "unix-stream": 5.0, "unix-seqpacket": 5.0, "posix-mq": 10.0}
LIMITS |= {"ring": 0.9}
Row = dict[str, Any]


def build(ctx: Context, folder: Path) -> Path:
    """Compile the library, the program and its images; returns the program. Fault if
    that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    library, log = folder / "library", folder / "build.log"
    tools = ctx.repo / "tools"
    make = ["make", "-s", f"-j{ctx.jobs}"]
    wanted = [library / "libvdsox-module.a", library / "vdsox"]
    command = [*make, "-C", tools / "lib" / "vdsox", f"O={library}", *wanted]
    procs.run_logged(command, log, "build of libvdsox-module")
    command = [*make, "-C", tools / "bench" / "ipc", f"O={folder}"]
    procs.run_logged([*command, f"LIBRARY={library}"], log, "build of the queues")
    return folder / "ipc"


def execute(program: Path, repetitions: int, messages: int) -> dict[str, list[Row]]:
    """The program's rows: `throughput` with the nanoseconds for a message in each
    repetition, and `latency` with the 50th, 99th and 99.9th percentile in
    nanoseconds. Fault if it fails."""
    images = (f"{n}={program.parent}/vqueue-{n}/vqueue.vdso" for n in SIZES)
    words = [program, repetitions, messages, *images]
    value = json.loads(procs.capture(words, "queues"))
    assert isinstance(value, dict)
    return value


def _shape(row: Row) -> tuple[int, int, int]:
    return row["bytes"], row["producers"], row["consumers"]


def ratios(rows: list[Row]) -> list[Row]:
    """Each other transport's time for a message divided by vqueue's in the same
    repetition: median, least and greatest."""
    own = {_shape(row): row["ns"] for row in rows if row["name"] == OWN}
    found = []
    for row in rows:
        if row["name"] == OWN:
            continue
        pairs = sorted(a / b for a, b in zip(row["ns"], own[_shape(row)]))
        value = {key: row[key] for key in ("name", "bytes", "producers", "consumers")}
        value |= {"median": pairs[len(pairs) // 2], "min": pairs[0], "max": pairs[-1]}
        found.append(value)
    return found


def late(rows: list[Row]) -> list[Row]:
    """Percentiles of the time from sending to receipt, divided by vqueue's."""
    (own,) = (row["ns"] for row in rows if row["name"] == OWN)
    return [
        {"name": row["name"], "ratios": [a / b for a, b in zip(row["ns"], own)]}
        for row in rows
    ]


def targets(found: list[Row]) -> list[Target]:
    """Limits of the medians, one producer and one consumer, shortest messages."""
    medians = {
        row["name"]: row["median"] for row in found if _shape(row) == (SIZES[0], 1, 1)
    }

    def target(name: str, limit: float) -> Target:
        value: Optional[float] = medians.get(name)
        met = None if value is None else value >= limit
        what = f"{name} against vqueue, {SIZES[0]} bytes"
        return Target(what, f">= {limit:g}", value, "ratio of times", met)

    return [target(name, limit) for name, limit in LIMITS.items()]


def run(ctx: Context) -> dict[str, Any]:
    """Build and run; the document's object `queues`. Fault if a program fails."""
    with ctx.ui.step("-", "-", "queues") as outcome:
        program = build(ctx, ctx.out / "queues")
        rows = execute(program, REPETITIONS, MESSAGES)
        found = ratios(rows["throughput"])
        outcome.note = f"{len(found)} ratios, {REPETITIONS} times each"
    return {
        "context": processor.describe(),
        "ratios": found,
        "late": late(rows["latency"]),
        "targets": [target.as_json() for target in targets(found)],
    }
