# SPDX-License-Identifier: GPL-2.0
"""--times: record how long a command's steps take, and report it at its end."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Sequence

from harness import events, html, times
from harness.context import Context
from harness.events import Event
from harness.status import duration
from harness.times import Sample

STAT = Path("/proc/stat")
TEMPLATE = Path(__file__).with_name("times.html.j2")
EVERY = 5.0
PRINTED, PRINTED_PARTS = 10, 5


class Sampler:
    """A thread that reads /proc/stat every EVERY seconds."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Take the first sample and start the thread."""
        self._sample()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and take the last sample."""
        self._done.set()
        self._thread.join()
        self._sample()

    def _sample(self) -> None:
        self.samples.append((time.time(), times.ticks(STAT.read_text())))

    def _run(self) -> None:
        while not self._done.wait(EVERY):
            self._sample()


@contextmanager
def recording(ctx: Context, wanted: bool) -> Iterator[None]:
    """If `wanted`, record the block and report it, also if it raises."""
    if not wanted:
        yield
        return
    ctx.report.mkdir(parents=True, exist_ok=True)
    log = ctx.report / "events.jsonl"
    log.write_text("")
    ctx.ui.events = log
    sampler = Sampler()
    sampler.start()
    try:
        yield
    finally:
        sampler.stop()
        value = collect(ctx.out, events.read(log), sampler.samples)
        write(value, ctx.report)
        print("\n".join(describe(value)))
        print(f"full report: {ctx.report / 'times.html'}", flush=True)


def collect(
    out: Path, found: Sequence[Event], samples: Sequence[Sample]
) -> dict[str, Any]:
    """The whole of times.json.

    found: events of the run
    """
    value = times.summary(samples, found, os.cpu_count() or 1)
    return {**value, "builds": builds(out, found), "guests": guests(out, samples[0][0])}


def builds(out: Path, found: Sequence[Event]) -> list[dict[str, Any]]:
    """The kernels built in the run, and the time for each directory of objects."""
    windows: dict[str, list[times.Interval]] = {}
    for event in times.of_kind(found, "step"):
        if event.get("folder"):
            windows.setdefault(event["folder"], []).append(times.interval(event))
    return [
        times.build(name, _endings(out / name / "build"), ran)
        for name, ran in windows.items()
    ]


def _endings(folder: Path) -> Iterator[tuple[float, str]]:
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top, name)
            if name.endswith(".o"):
                yield path.stat().st_mtime, path.relative_to(folder).as_posix()


def guests(out: Path, begin: float) -> list[dict[str, Any]]:
    """Test durations of the guests whose KTAP log was written after `begin`."""
    found = []
    for path in sorted(out.glob("*/*ktap.log")):
        if path.stat().st_mtime >= begin:
            tests = times.kselftests(path.read_text(errors="replace"))
            total = round(sum(test["seconds"] for test in tests), 1)
            name = path.relative_to(out).as_posix()
            found.append({"name": name, "seconds": total, "tests": tests})
    return [guest for guest in found if guest["tests"]]


def write(value: dict[str, Any], folder: Path) -> None:
    """Write times.json and times.html."""
    (folder / "times.json").write_text(json.dumps(value, indent=1) + "\n")
    text = html.render(TEMPLATE, {"duration": duration}, times=value)
    (folder / "times.html").write_text(text)


def describe(value: dict[str, Any]) -> Iterator[str]:
    """The first lines of each table of times.html, as text."""
    idle = value["shares"].get("idle", 0.0)
    whole = f"{duration(value['seconds'])} on {value['cores']} cores"
    yield f"\ntimes: {whole}, {idle:.0%} idle"
    yield "\nminutes with the most idle CPU time:"
    idlest = sorted(value["minutes"], key=lambda minute: -minute.get("idle", 0.0))
    for minute in idlest[:PRINTED]:
        ran = ", ".join([*minute["steps"], *minute["tests"][:1]]) or "-"
        yield f"  {minute['minute']:6.1f}  {minute.get('idle', 0.0):4.0%}  {ran}"
    if value["steps"]:
        yield "\nlongest steps and waits:"
    for step in sorted(value["steps"], key=lambda step: -step["seconds"])[:PRINTED]:
        wait = "wait for " if step["kind"] == "wait" else ""
        yield f"  {duration(step['seconds']):>7}  {wait}{step['name']}"
    for build in value["builds"]:
        yield f"\n{build['name']}: {build['objects']} objects"
        for part in build["folders"][:PRINTED_PARTS]:
            yield f"  {part['seconds']:6.1f}s {part['objects']:5}  {part['folder']}"
    for guest in value["guests"]:
        yield f"\n{guest['name']}:"
        for test in guest["tests"][:PRINTED_PARTS]:
            yield f"  {test['seconds']:6.1f}s  {test['name']}"
    if value["tests"]:
        yield "\nslowest tests, excluding the steps and waits within them:"
    for test in value["tests"][:PRINTED]:
        yield f"  {test['own']:6.1f}s  {test['name']}"
