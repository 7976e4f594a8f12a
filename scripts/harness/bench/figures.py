# SPDX-License-Identifier: GPL-2.0
"""Parse the figures that the guest's program prints, and join those of several runs."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Iterable

from harness.errors import Fault

END = "end"


@dataclass(frozen=True)
class Figure:
    """The figure of one operation.

    value, low, high: lower quartile, least and greatest of the samples
    repeats: equal in all runs, of which there were at least two
    """

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
    """Parse lines of `NAME UNIT VALUE MIN MAX SAMPLES`, the last of which is `end`.
    Fault if one is malformed, doubled or missing."""
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
            raise Fault(f"the guest printed {name} twice")
        else:
            found[name] = Figure(unit, value, low, high, int(samples))
    if not ended:
        raise Fault("the guest's figures end too early: no line `end`")
    return found


def join(runs: Iterable[Figures]) -> Figures:
    """The first run's figures; those that differ in another run do not repeat."""
    first, *others = runs
    joined: Figures = {}
    for name, figure in first.items():
        equal = all(
            name in other and other[name].value == figure.value for other in others
        )
        joined[name] = Figure(
            figure.unit,
            figure.value,
            figure.low,
            figure.high,
            figure.samples,
            equal and bool(others),
        )
    return joined


def from_json(value: dict[str, Any]) -> Figures:
    """The inverse of Figure.as_json() for a kernel's figures."""
    return {name: Figure(**fields) for name, fields in value.items()}
