# SPDX-License-Identifier: GPL-2.0
"""What the figures of two kernels say together: the costs that are judged."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Iterator, Optional

from harness.bench.figures import Figure, Figures

# How an entry is called, and the call of the unpatched kernel that it is held against.
AGAINST_CALL = {
    "unpromoted": "syscall",
    "first": "syscall",
    "denied": "syscall",
    "filtered": "syscall_filtered",
    "syscall": "syscall",
    "syscall_enabled": "syscall",
    "syscall_promoted": "syscall",
    "syscall_filtered": "syscall_filtered",
}
# A round of two switches, and operations whose own length is the measure.
SWITCHES = re.compile(r"(switch\.\w+)\.(off|enabled|one|promoted|cputime)")
OPERATIONS = re.compile(r"((?:life|memory|kernel)\.\w+)\.(off|enabled|promoted)")
CALLS = re.compile(r"entry\.(\w+)\.(\w+)")


@dataclass(frozen=True)
class Cost:
    """A figure, or a difference of two: `percent` is of the unpatched kernel's."""

    value: float
    unit: str
    of: float = 0.0
    repeats: bool = True

    @property
    def percent(self) -> Optional[float]:
        return 100 * self.value / self.of if self.of else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Costs = dict[str, Cost]


def _more(ours: Figure, theirs: Figure, share: int = 1) -> Cost:
    """By how much one operation got longer; `share` of them make a sample."""
    alike = ours.repeats and theirs.repeats
    value = (ours.value - theirs.value) / share
    return Cost(value, ours.unit, theirs.value / share, alike)


def _plain(mode: str) -> str:
    """The unpatched kernel is counted twice: before and after a vDSO was in use."""
    return "off" if mode == "off" else "enabled"


def _of_calls(ours: Figures, theirs: Figures) -> Iterator[tuple[str, Cost]]:
    for name, figure in ours.items():
        match = CALLS.fullmatch(name)
        if not match:
            continue
        entry, state = match.groups()
        other = theirs.get(f"entry.{entry}.{AGAINST_CALL.get(state)}")
        if state == "answered":
            yield name, Cost(figure.value, figure.unit, 0.0, figure.repeats)
        elif other:
            yield f"{name}.more", _more(figure, other)


def _of_operations(ours: Figures, theirs: Figures) -> Iterator[tuple[str, Cost]]:
    for pattern, share in ((SWITCHES, 2), (OPERATIONS, 1)):
        for name, figure in ours.items():
            match = pattern.fullmatch(name)
            other = theirs.get(f"{match[1]}.{_plain(match[2])}") if match else None
            if other:
                yield f"{name}.more", _more(figure, other, share)


def _of_themselves(ours: Figures) -> Iterator[tuple[str, Cost]]:
    for name, figure in ours.items():
        if name.startswith(("scale.", "clock.")):
            yield name, Cost(figure.value, figure.unit, 0.0, figure.repeats)


def derive(patched: Figures, unpatched: Figures) -> Costs:
    """All costs that both kernels' figures allow to state."""
    costs: Costs = {}
    costs.update(_of_calls(patched, unpatched))
    costs.update(_of_operations(patched, unpatched))
    costs.update(_of_themselves(patched))
    return costs


def within(figures: Figures) -> Costs:
    """Costs of one kernel: against itself before any process had touched its area."""
    before: Figures = {}
    for name, figure in figures.items():
        if name.endswith((".off", ".syscall", ".syscall_filtered")):
            before[name] = figure
        if name.endswith(".off"):
            before[name[: -len("off")] + "enabled"] = figure
    return derive(figures, before)


def from_json(value: dict[str, Any]) -> Costs:
    return {name: Cost(**fields) for name, fields in value.items()}
