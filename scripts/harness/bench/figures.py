# SPDX-License-Identifier: GPL-2.0
"""What the programs of the laboratory print, and whether it repeats."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Iterable

from harness.errors import Fault

END = "end"


@dataclass(frozen=True)
class Figure:
    """One operation: the lower quartile of its samples."""

    unit: str
    value: float
    low: float
    high: float
    samples: int
    repeats: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Figures = dict[str, Figure]


def _number(text: str, line: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Fault(f"the guest printed no figure: '{line}'")
    return value


def parse(text: str) -> Figures:
    """`NAME UNIT VALUE MIN MAX SAMPLES` a line, and `end` as the last."""
    found: Figures = {}
    ended = False
    for line in text.splitlines():
        words = line.split()
        if len(words) != 6 or ended:
            raise Fault(f"the guest printed no figure: '{line}'")
        name, unit = words[:2]
        value, low, high, samples = (_number(word, line) for word in words[2:])
        if name == END:
            ended = True
        elif name in found:
            raise Fault(f"the guest measured {name} twice")
        else:
            found[name] = Figure(unit, value, low, high, int(samples))
    if not ended:
        raise Fault("the guest's figures end too early")
    return found


def join(runs: Iterable[Figures]) -> Figures:
    """The first run's figures; those that another does not have alike do not repeat."""
    first, *others = runs
    joined: Figures = {}
    for name, figure in first.items():
        same = all(
            name in other and other[name].value == figure.value for other in others
        )
        joined[name] = Figure(
            figure.unit,
            figure.value,
            figure.low,
            figure.high,
            figure.samples,
            same and bool(others),
        )
    return joined


def from_json(value: dict[str, Any]) -> Figures:
    return {name: Figure(**fields) for name, fields in value.items()}
