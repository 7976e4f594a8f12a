# SPDX-License-Identifier: GPL-2.0
"""Compare the costs of two documents with the allowed growth.

Only counts are compared: times differ between machines. Documentation/bench.rst
explains the bounds.
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
    """The growth allowed for costs whose name matches: the greater of `units` and, for
    an operation, `percent` of its length."""

    pattern: str
    units: float
    percent: float = 0.0

    def allows(self, old: Cost) -> float:
        """The allowed growth of a cost, in its unit."""
        return max(self.units, self.percent / 100 * (old.of or abs(old.value)))


# The first match applies. With the same compiler and kernel release the patches' code
# has the same instructions; the rest of an operation may differ by code layout.
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
# Another compiler generates other instructions for the same code.
OTHER = tuple(
    Bound(bound.pattern, 4 * bound.units, 2 * bound.percent + 0.5) for bound in SAME
)


@dataclass(frozen=True)
class Move:
    """A cost that both documents have; `allowed` is its growth's bound."""

    cell: str
    name: str
    old: Cost
    new: Cost
    allowed: float

    @property
    def by(self) -> float:
        """The growth, negative if the cost fell."""
        return self.new.value - self.old.value

    @property
    def regression(self) -> bool:
        """The cost grew by more than its bound."""
        return self.by > self.allowed

    def line(self) -> str:
        """One line of the report."""
        word = "REGRESSION" if self.regression else "changed"
        return (
            f"{word:<10} {self.cell} {self.name}: {self.old.value:g} ->"
            f" {self.new.value:g} {self.new.unit} ({self.by:+g}, allowed: up to"
            f" +{self.allowed:g})"
        )


def bound_of(name: str, same: bool) -> Bound:
    """The bound of a cost; Fault if no pattern matches its name."""
    for bound in SAME if same else OTHER:
        if re.fullmatch(bound.pattern, name):
            return bound
    raise Fault(f"compare.py has no bound for {name}")


def is_same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether both cells have the same kernel release and compiler."""
    return all(old.get(key) == new.get(key) for key in ("compiler", "release"))


def moves(
    cell: str, old: Costs, new: Costs, same: bool, every: bool = False
) -> list[Move]:
    """The costs that differ, or with `every` all, without those that do not repeat."""
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
    """Names of the costs that only the old document has."""
    return [n for n, cost in old.items() if cost.repeats and n not in new]


def load(path: Path) -> dict[str, Any]:
    """Read a bench.json; Fault if it is unreadable or of another version."""
    try:
        value = json.loads(path.read_text())
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Fault(f"{path}: not JSON") from None
    if not isinstance(value, dict) or value.get("version") != 1 or "cells" not in value:
        raise Fault(f"{path}: not a bench.json of version 1")
    return value


def documents(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[Move], list[str]]:
    """Changed and missing costs of the cells that both documents have; Fault if there
    is no such cell."""
    known = {cell["name"]: cell for cell in old["cells"]}
    found: list[Move] = []
    lost: list[str] = []
    shared: Iterable[Any] = [cell for cell in new["cells"] if cell["name"] in known]
    if not shared:
        raise Fault("the two documents have no cell in common")
    for cell in shared:
        before = known[cell["name"]]
        old_costs = costing.from_json(before["costs"])
        new_costs = costing.from_json(cell["costs"])
        found += moves(cell["name"], old_costs, new_costs, is_same(before, cell))
        lost += [f"{cell['name']} {name}" for name in missing(old_costs, new_costs)]
    return found, lost
