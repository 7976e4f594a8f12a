# SPDX-License-Identifier: GPL-2.0
"""Derive the patches' costs from the figures of the patched and unpatched kernel."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Iterator, Optional

from harness.bench.figures import Figure, Figures

# State of an entry -> the state of the unpatched kernel to subtract.
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
# A sample of a switch is a round of two; of the others, one operation.
SWITCHES = re.compile(r"(switch\.\w+)\.(off|enabled|one|promoted|cputime)")
OPERATIONS = re.compile(r"((?:life|memory|kernel)\.\w+)\.(off|enabled|promoted)")
CALLS = re.compile(r"entry\.(\w+)\.(\w+)")


@dataclass(frozen=True)
class Cost:
    """A figure, or a difference of two.

    of: the unpatched kernel's figure for a difference, else 0
    repeats: the figures were equal in all boots
    """

    value: float
    unit: str
    of: float = 0.0
    repeats: bool = True

    @property
    def percent(self) -> Optional[float]:
        """A difference in percent of the unpatched kernel's figure."""
        return 100 * self.value / self.of if self.of else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Costs = dict[str, Cost]


def _difference(patched: Figure, unpatched: Figure, share: int = 1) -> Cost:
    """The cost of one operation, of which a sample has `share`."""
    repeats = patched.repeats and unpatched.repeats
    value = (patched.value - unpatched.value) / share
    return Cost(value, patched.unit, unpatched.value / share, repeats)


def _unpatched_mode(mode: str) -> str:
    """The unpatched kernel is measured in two modes only, before and after the program
    called the vDSO."""
    return "off" if mode == "off" else "enabled"


def _of_calls(patched: Figures, unpatched: Figures) -> Iterator[tuple[str, Cost]]:
    for name, figure in patched.items():
        match = CALLS.fullmatch(name)
        if not match:
            continue
        entry, state = match.groups()
        other = unpatched.get(f"entry.{entry}.{AGAINST_CALL.get(state)}")
        if state == "answered":
            yield name, Cost(figure.value, figure.unit, 0.0, figure.repeats)
        elif other:
            yield f"{name}.more", _difference(figure, other)


def _of_operations(patched: Figures, unpatched: Figures) -> Iterator[tuple[str, Cost]]:
    for pattern, share in ((SWITCHES, 2), (OPERATIONS, 1)):
        for name, figure in patched.items():
            match = pattern.fullmatch(name)
            other = (
                unpatched.get(f"{match[1]}.{_unpatched_mode(match[2])}")
                if match
                else None
            )
            if other:
                yield f"{name}.more", _difference(figure, other, share)


def _of_single_figures(patched: Figures) -> Iterator[tuple[str, Cost]]:
    for name, figure in patched.items():
        if name.startswith(("scale.", "clock.")):
            yield name, Cost(figure.value, figure.unit, 0.0, figure.repeats)


def derive(patched: Figures, unpatched: Figures) -> Costs:
    """The costs of all operations that both kernels have figures of. Their names are
    those of the figures, a difference's with `.more`."""
    costs: Costs = {}
    costs.update(_of_calls(patched, unpatched))
    costs.update(_of_operations(patched, unpatched))
    costs.update(_of_single_figures(patched))
    return costs


def within_kernel(figures: Figures) -> Costs:
    """Costs of the patched kernel alone: relative to its figures before any process had
    touched its area."""
    before: Figures = {}
    for name, figure in figures.items():
        if name.endswith((".off", ".syscall", ".syscall_filtered")):
            before[name] = figure
        if name.endswith(".off"):
            before[name[: -len("off")] + "enabled"] = figure
    return derive(figures, before)


def from_json(value: dict[str, Any]) -> Costs:
    """The inverse of Cost.as_json() for a cell's costs."""
    return {name: Cost(**fields) for name, fields in value.items()}
