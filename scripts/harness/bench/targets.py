# SPDX-License-Identifier: GPL-2.0
"""Targets: limits of costs, each with the measured value if there is one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Iterable, Optional

from harness import machine
from harness.bench.costs import Cost, Costs
from harness.bench.native import Native, ratio

# In bytes: a page of records and slots, and the kernel's objects that manage it.
PAGE, DESCRIPTION = 4096, 1024


@dataclass(frozen=True)
class Target:
    """A limit, and the measured value in `unit`, or None.

    met: None if nothing was measured, or if the target does not apply to this CPU
    note: name of the worst cost, or the reason if it is not decided
    """

    name: str
    limit: str
    measured: Optional[float]
    unit: str
    met: Optional[bool]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _worst(costs: Costs, pattern: str, percent: bool = False) -> tuple[str, Any]:
    """Name and value of the greatest cost whose name matches; ("", None) without
    one."""
    found: list[tuple[float, str]] = []
    for name, cost in costs.items():
        value = cost.percent if percent else cost.value
        if re.fullmatch(pattern, name) and value is not None:
            found.append((value, name))
    value, name = max(found, default=(None, ""))
    return name, value


def _at_most(
    name: str, costs: Costs, pattern: str, limit: float, percent: bool = False
) -> Target:
    worst, value = _worst(costs, pattern, percent)
    unit = "percent" if percent else "instructions"
    met = None if value is None else value <= limit
    note = worst if value is not None else "not measured"
    return Target(name, f"<= {limit:g}", value, unit, met, note)


def exact(arch: str, costs: Costs) -> list[Target]:
    """Targets of counted instructions."""
    limits = machine.load(arch).counting
    return [
        _at_most("ids", costs, r"entry\.\w+\.answered", limits.answer),
        _at_most("unpromoted call", costs, r"entry\.\w+\.unpromoted\.more", 20),
        _at_most("call that is switched off", costs, r"entry\.\w+\.denied\.more", 20),
        _at_most("call that a filter sees", costs, r"entry\.\w+\.filtered\.more", 20),
        _at_most(
            "call although the record answers",
            costs,
            r"entry\.\w+\.syscall_promoted\.more",
            12,
        ),
        *(
            _at_most(
                what, costs, rf"switch\.(processes|threads)\.({modes})\.more", limit
            )
            for what, modes, limit in (
                ("switch, no records", "off|enabled", limits.switch_beside),
                ("switch, both with records", "promoted", limits.switch_ids),
                ("switch, both expose CPU time", "cputime", limits.switch_clocks),
            )
        ),
        *(
            _at_most(what, costs, rf"{key}\.(off|enabled)\.more", 0.3, True)
            for what, key in (
                ("fork, exec, exit", r"life\.fork_exec_exit"),
                ("thread made and joined", r"life\.thread"),
                ("page fault", r"memory\.fault"),
            )
        ),
        _at_most(
            "fork, one getpid, exit",
            costs,
            r"life\.fork_call_exit\.(off|enabled)\.more",
            1,
            True,
        ),
    ]


def memory(costs: Costs) -> list[Target]:
    """Targets of memory for a process, measured with the most processes."""

    def value(kind: str) -> Optional[Cost]:
        names = [n for n in costs if re.fullmatch(rf"scale\.areas\.\d+\.{kind}", n)]
        names.sort(key=lambda name: int(name.split(".")[2]))
        return costs[names[-1]] if names else None

    unpromoted, promoted = value("unpromoted_pages"), value("promoted_bytes")
    limit = PAGE + DESCRIPTION
    return [
        Target(
            "memory, never promoted",
            "0",
            unpromoted.value if unpromoted else None,
            "pages",
            unpromoted.value == 0 if unpromoted else None,
        ),
        Target(
            "memory, few threads and CPUs",
            f"<= {limit}",
            promoted.value if promoted else None,
            "bytes",
            promoted.value <= limit if promoted else None,
        ),
    ]


def image(pages: dict[str, tuple[int, int]]) -> list[Target]:
    """Targets of image sizes. `pages`: image -> (patched, unpatched)."""
    return [
        Target(
            f"pages of the {name} image",
            f"<= {before}",
            after,
            "pages",
            after <= before,
            "" if after <= before else f"the unpatched one has {before}",
        )
        for name, (after, before) in sorted(pages.items())
    ]


def _native_ratio(
    name: str, found: Native, pairs: Iterable[tuple[str, str]], limit: float, why: str
) -> Target:
    """A target of the greatest median ratio; a text `why` leaves it undecided."""
    ratios = [ratio(found.times, of, to) for of, to in pairs]
    medians = [r[0] for r in ratios if r]
    value = max(medians, default=None)
    met = None if value is None or why else value <= limit
    note = why or ("" if value is not None else found.refusal or "not measured")
    return Target(name, f"<= {limit:g}", value, "ratio of times", met, note)


def native(found: Native, ids: list[str]) -> list[Target]:
    """Targets of ratios of times; `ids` are the entries other than clocks."""
    by = found.context.get("cpu_number_by", "")
    slow = f"for machines with RDPID; this one has {by}" if by == "LSL" else ""
    clock, slot = "image/clock_thread_cputime", "image/{}"
    return [
        _native_ratio(
            "ids against the host vDSO's getcpu",
            found,
            [(slot.format(name), "host/getcpu") for name in ids],
            1.2,
            slow,
        ),
        _native_ratio(
            "ids against their system calls",
            found,
            [(slot.format(name), f"syscall/{name}") for name in ids],
            1 / 40,
            slow,
        ),
        _native_ratio(
            "thread CPU clock against CLOCK_MONOTONIC",
            found,
            [(clock, "image/clock_monotonic")],
            1.15,
            "",
        ),
        _native_ratio(
            "thread CPU clock against its system call",
            found,
            [(clock, "syscall/clock_thread_cputime")],
            1 / 15,
            "",
        ),
    ]


def from_json(values: list[dict[str, Any]]) -> list[Target]:
    """The inverse of Target.as_json()."""
    return [Target(**value) for value in values]
