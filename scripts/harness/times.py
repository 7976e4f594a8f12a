# SPDX-License-Identifier: GPL-2.0
"""Time accounting of a run: sums over events, samples of /proc/stat, and logs.

Pure functions; timing.py records their input and writes their results. Times are in
seconds, an interval is a pair of begin and end.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any, Iterable, Sequence

from harness.events import Event

Interval = tuple[float, float]
# Time, and the ticks of /proc/stat's first line at that time.
Sample = tuple[float, dict[str, int]]

COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
SHOWN = {
    "user": ("user", "nice"),
    "system": ("system", "irq", "softirq"),
    "iowait": ("iowait",),
    "steal": ("steal",),
    "idle": ("idle",),
}
TOOK = re.compile(r"^# vdsox: took ([0-9.]+) (\S+)\s*$", re.MULTILINE)
MINUTE = 60.0
REST = "(link and images)"


def overlap(one: Interval, other: Interval) -> float:
    """Seconds that two intervals have in common."""
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def covered(whole: Interval, parts: Iterable[Interval]) -> float:
    """Seconds of `whole` that at least one of `parts` covers."""
    total, at = 0.0, whole[0]
    for begin, end in sorted(parts):
        begin, end = max(begin, at), min(end, whole[1])
        if end > begin:
            total += end - begin
            at = end
    return total


def interval(event: Event) -> Interval:
    """Begin and end of an event."""
    return float(event["begin"]), float(event["end"])


def of_kind(events: Iterable[Event], *kinds: str) -> list[Event]:
    """The events of these kinds."""
    return [event for event in events if event["kind"] in kinds]


def steps(events: Sequence[Event], begin: float) -> list[dict[str, Any]]:
    """Steps, and waits for products of another process, in order.

    begin: of the run; the result's begins are relative to it
    """
    return [
        {
            "kind": event["kind"],
            "name": event["name"],
            "outcome": event.get("outcome", ""),
            "process": event.get("process", 0),
            "begin": round(event["begin"] - begin, 1),
            "seconds": round(event["end"] - event["begin"], 1),
        }
        for event in of_kind(events, "step", "wait")
    ]


def tests(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Each pytest item, slowest first by its own time.

    `seconds` is set-up, call and tear-down. `own` excludes the steps and waits of the
    same process in that time: their products are shared with other items.
    """
    inner = defaultdict(list)
    for event in of_kind(events, "step", "wait"):
        inner[event.get("process")].append(interval(event))
    found: dict[str, dict[str, Any]] = {}
    for event in of_kind(events, "phase"):
        empty = {"name": event["name"], "outcome": "", "seconds": 0.0, "own": 0.0}
        item = found.setdefault(event["name"], empty)
        whole = interval(event)
        took = whole[1] - whole[0]
        item["seconds"] += took
        item["own"] += took - covered(whole, inner[event.get("process")])
        if event.get("phase") == "call" or event.get("outcome") != "passed":
            item["outcome"] = event.get("outcome", "")
    for item in found.values():
        item["seconds"], item["own"] = round(item["seconds"], 2), round(item["own"], 2)
    return sorted(found.values(), key=lambda item: -float(item["own"]))


def kselftests(ktap: str) -> list[dict[str, Any]]:
    """Duration of each test in a guest's KTAP, slowest first."""
    found = [{"name": m[2], "seconds": float(m[1])} for m in TOOK.finditer(ktap)]
    return sorted(found, key=lambda test: -test["seconds"])  # type: ignore[operator]


def folders(
    endings: Iterable[tuple[float, str]], windows: Sequence[Interval]
) -> list[dict[str, Any]]:
    """The wall time of a build by directory of its objects, longest first.

    endings: modification time and path of each object
    windows: intervals in which the build ran

    The time between two objects is accounted to the second one's directory: with
    several jobs it is that object's share. The time after the last object of a window
    is the link's. An object that a later window compiled again counts in that one only.
    """
    shares: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    ordered = sorted(endings)
    for begin, end in sorted(windows):
        at = begin
        for when, path in ordered:
            if begin <= when <= end:
                share = shares[str(PurePosixPath(path).parent)]
                share[0] += 1
                share[1] += when - at
                at = when
        shares[REST][1] += end - at
    found = [
        {"folder": name, "objects": int(count), "seconds": round(seconds, 1)}
        for name, (count, seconds) in shares.items()
    ]
    return sorted(found, key=lambda share: -share["seconds"])  # type: ignore[operator]


def build(
    name: str, endings: Iterable[tuple[float, str]], windows: Sequence[Interval]
) -> dict[str, Any]:
    """A kernel build's entry of times.json; the arguments are those of folders()."""
    parts = folders(endings, windows)
    return {
        "name": name,
        "objects": sum(part["objects"] for part in parts),
        "seconds": round(sum(end - begin for begin, end in windows), 1),
        "folders": parts,
    }


def ticks(stat: str) -> dict[str, int]:
    """The sums over all CPUs in the text of /proc/stat: state -> ticks."""
    words = stat.split("\n", 1)[0].split()[1:]
    return dict(zip(COLUMNS, (int(word) for word in words)))


def shares_between(first: Sample, last: Sample) -> dict[str, float]:
    """Fraction of CPU time in each state between two samples; their sum is 1."""
    passed = {name: last[1][name] - first[1][name] for name in COLUMNS}
    total = sum(passed.values())
    if total <= 0:
        return {}
    return {
        name: round(sum(passed[part] for part in parts) / total, 3)
        for name, parts in SHOWN.items()
    }


def busiest(events: Iterable[Event], whole: Interval) -> list[str]:
    """Names of events that overlap an interval by 1 s or more, longest first."""
    sums: dict[str, float] = defaultdict(float)
    for event in events:
        sums[event["name"]] += overlap(interval(event), whole)
    long = [name for name, seconds in sums.items() if seconds >= 1]
    return sorted(long, key=lambda name: -sums[name])


def minutes(samples: Sequence[Sample], events: Sequence[Event]) -> list[dict[str, Any]]:
    """CPU states, steps and tests of each minute of the run. An entry ends at the first
    sample after a minute."""
    found: list[dict[str, Any]] = []
    first = samples[0] if samples else None
    for sample in samples[1:]:
        assert first is not None
        if sample[0] - first[0] < MINUTE and sample is not samples[-1]:
            continue
        whole = (first[0], sample[0])
        found.append(
            {
                "minute": round((first[0] - samples[0][0]) / MINUTE, 1),
                "seconds": round(sample[0] - first[0], 1),
                **shares_between(first, sample),
                "steps": busiest(of_kind(events, "step", "wait"), whole),
                "tests": busiest(of_kind(events, "phase"), whole)[:3],
            }
        )
        first = sample
    return found


def summary(
    samples: Sequence[Sample], events: Sequence[Event], cores: int
) -> dict[str, Any]:
    """times.json but for builds and guests, which timing.py adds from their files."""
    begin = samples[0][0]
    return {
        "seconds": round(samples[-1][0] - begin, 1),
        "cores": cores,
        "shares": shares_between(samples[0], samples[-1]),
        "steps": steps(events, begin),
        "tests": tests(events),
        "minutes": minutes(samples, events),
    }
