# SPDX-License-Identifier: GPL-2.0
"""What moved between two documents, and whether it moved further than it may.

Counts are compared with counts only, never times: times are another machine's. What
the bounds are, and why, stands in Documentation/bench.rst.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from harness.bench import costs as costing
from harness.bench.costs import Cost, Costs
from harness.errors import Fault


@dataclass(frozen=True)
class Bound:
    """A cost may grow by this many of its unit, or of the operation's own length."""

    pattern: str
    units: float
    percent: float = 0.0

    def allows(self, old: Cost) -> float:
        return max(self.units, self.percent / 100 * (old.of or abs(old.value)))


# The first that matches counts. Same compiler and kernel release: our own code is the
# same instructions, the rest of an operation may differ by how it was laid out.
SAME = (
    Bound(r"entry\.\w+\.first\.more", 60, 2),
    Bound(r"entry\..*", 1),
    Bound(r"clock\..*", 8, 1),
    Bound(r"switch\.\w+_fair\..*", 40),
    Bound(r"switch\..*", 4),
    Bound(r"life\..*", 20, 0.2),
    Bound(r"kernel\.tick\..*", 60, 2),
    Bound(r"(memory|kernel)\..*", 4, 0.2),
    Bound(r"scale\.areas\.\d+\.\w+_bytes", 256),
    Bound(r"scale\.areas\.\d+\.\w+_pages", 0.01),
    Bound(r"scale\.\w+\.\d+\.answered", 1),
    Bound(r"scale\..*", 60, 2),
)
# Another compiler chooses other instructions for the same code.
OTHER = tuple(
    Bound(bound.pattern, 4 * bound.units, 2 * bound.percent + 0.5) for bound in SAME
)


@dataclass(frozen=True)
class Move:
    """One cost in both documents."""

    cell: str
    name: str
    old: Cost
    new: Cost
    allowed: float

    @property
    def by(self) -> float:
        return self.new.value - self.old.value

    @property
    def regression(self) -> bool:
        return self.by > self.allowed

    def line(self) -> str:
        word = "REGRESSION" if self.regression else "moved"
        return (
            f"{word:<10} {self.cell} {self.name}: {self.old.value:g} ->"
            f" {self.new.value:g} {self.new.unit} ({self.by:+g}, may grow by"
            f" {self.allowed:g})"
        )


def bound_of(name: str, same: bool) -> Bound:
    for bound in SAME if same else OTHER:
        if re.fullmatch(bound.pattern, name):
            return bound
    raise Fault(f"no bound is stated for {name}")


def is_same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Were both compiled from one kernel release, by one compiler?"""
    return all(old.get(key) == new.get(key) for key in ("compiler", "release"))


def moves(
    cell: str, old: Costs, new: Costs, same: bool, every: bool = False
) -> list[Move]:
    """What both know and is not the same; what does not repeat is left out."""
    found = []
    for name, before in old.items():
        after = new.get(name)
        if after is None or not (before.repeats and after.repeats):
            continue
        allowed = bound_of(name, same).allows(before)
        move = Move(cell, name, before, after, allowed)
        if every or abs(move.by) > 1e-9:
            found.append(move)
    return found


def missing(old: Costs, new: Costs) -> list[str]:
    """What was measured once and is not any more."""
    return [n for n, cost in old.items() if cost.repeats and n not in new]


def load(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Fault(f"{path}: is no JSON") from None
    if not isinstance(value, dict) or value.get("version") != 1 or "cells" not in value:
        raise Fault(f"{path}: is no bench.json of this version")
    return value


def documents(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[Move], list[str]]:
    """Moves and losses in all cells that both documents have."""
    known = {cell["name"]: cell for cell in old["cells"]}
    found: list[Move] = []
    lost: list[str] = []
    shared: Iterable[Any] = [cell for cell in new["cells"] if cell["name"] in known]
    if not shared:
        raise Fault("the two documents have no cell in common")
    for cell in shared:
        before = known[cell["name"]]
        ours = costing.from_json(before["costs"])
        theirs = costing.from_json(cell["costs"])
        found += moves(cell["name"], ours, theirs, is_same(before, cell))
        lost += [f"{cell['name']} {name}" for name in missing(ours, theirs)]
    return found, lost
