# SPDX-License-Identifier: GPL-2.0
"""Charts of a cell's figures: SVG for the page, PNG in its directory."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, Callable, Optional

Kernels = dict[str, dict[str, dict[str, Any]]]
VDSO, SYSCALL, SWITCH = "#0b6e99", "#c2691c", "#6b4c9a"
MODES = {
    "off": "no process has records",
    "enabled": "others have, not these two",
    "one": "one of the two has",
    "promoted": "both have",
    "cputime": "both have, and read their CPU time",
}
KINDS = {"switch.processes": "processes", "switch.threads": "threads"}


def _axes(title: str, label: str) -> Any:
    from matplotlib import figure

    drawing = figure.Figure(figsize=(8, 4), layout="constrained")
    axes = drawing.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def entries(kernels: Kernels) -> Optional[Any]:
    """Bars of each entry and its system call; None without figures."""
    patched, unpatched = kernels["patched"], kernels["unpatched"]
    found = [re.fullmatch(r"entry\.(\w+)\.answered", name) for name in patched]
    names = [m[1] for m in found if m and f"entry.{m[1]}.syscall" in unpatched]
    if not names:
        return None
    axes = _axes("An entry and its system call", "instructions a call")
    answers = [patched[f"entry.{name}.answered"]["value"] for name in names]
    calls = [unpatched[f"entry.{name}.syscall"]["value"] for name in names]
    for shift, values, colour, label in (
        (-0.2, answers, VDSO, "vDSO entry"),
        (0.2, calls, SYSCALL, "system call, unpatched kernel"),
    ):
        places = [at + shift for at in range(len(names))]
        bars = axes.bar(places, values, 0.38, color=colour, label=label)
        axes.bar_label(bars, fmt="%d", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.legend(frameon=False)
    return axes.figure


def _line(figures: dict[str, Any], pattern: str) -> list[tuple[int, float]]:
    found = ((re.fullmatch(pattern, name), f) for name, f in figures.items())
    return sorted((int(m[1]), f["value"]) for m, f in found if m)


def scaling(kernels: Kernels, kind: str, label: str) -> Optional[Any]:
    """Lines of cost by number of threads, CPUs or processes; None without figures."""
    patched = kernels["patched"]
    lines = (
        ("answered", "vDSO entry", VDSO, "o"),
        ("syscall_promoted", "system call", SYSCALL, "s"),
        ("switch_promoted", "context switch by sched_yield()", SWITCH, "^"),
    )
    drawn = [
        (_line(patched, rf"scale\.{kind}\.(\d+)\.{key}"), *rest) for key, *rest in lines
    ]
    if not drawn[0][0]:
        return None
    axes = _axes(f"Cost against {label}", "instructions")
    for points, name, colour, marker in drawn:
        if points:
            axes.plot(*zip(*points), color=colour, marker=marker, label=name)
    axes.set_xscale("log", base=2 if kind != "areas" else 10)
    ticks = [x for x, _ in drawn[0][0]]
    axes.set_xticks(ticks, [str(x) for x in ticks])
    axes.set_xlabel(label)
    axes.set_yscale("log")
    axes.legend(frameon=False)
    return axes.figure


def switches(costs: dict[str, Any]) -> Optional[Any]:
    """Bars of a switch's additional cost in each mode; None without figures."""
    groups = {
        kind: [
            (m, costs[f"{kind}.{m}.more"]) for m in MODES if f"{kind}.{m}.more" in costs
        ]
        for kind in KINDS
    }
    if not any(groups.values()):
        return None
    axes = _axes(
        "A context switch on the patched kernel", "additional instructions a switch"
    )
    for (kind, found), colour, shift in zip(
        groups.items(), (VDSO, SWITCH), (-0.2, 0.2)
    ):
        if not found:
            continue
        places = [list(MODES).index(mode) + shift for mode, _ in found]
        values = [cost["value"] for _, cost in found]
        bars = axes.bar(places, values, 0.38, color=colour, label=KINDS[kind])
        axes.bar_label(bars, fmt="%g", fontsize=8)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set_xticks(range(len(MODES)), list(MODES.values()))
    axes.set_xlim(-0.5, len(MODES) - 0.5)
    axes.legend(frameon=False, title="between")
    return axes.figure


def draw_all(cell: dict[str, Any]) -> dict[str, Any]:
    """Name -> chart, without those that have no figures."""
    kernels = cell["kernels"]
    makers: dict[str, Callable[[], Optional[Any]]] = {
        "entries": lambda: entries(kernels),
        "switches": lambda: switches(cell["costs"]),
        "threads": lambda: scaling(kernels, "threads", "threads of one process"),
        "cpus": lambda: scaling(kernels, "cpus", "CPUs"),
        "areas": lambda: scaling(kernels, "areas", "processes with records"),
    }
    made = {name: make() for name, make in makers.items()}
    return {name: picture for name, picture in made.items() if picture is not None}


def svg(picture: Any) -> str:
    """A chart as SVG text: the same bytes for the same figures."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "vdsox", "svg.fonttype": "none"}):
        stream = io.StringIO()
        picture.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def write(cell: dict[str, Any], folder: Path) -> dict[str, str]:
    """Write a PNG of each chart; returns name -> SVG text."""
    texts = {}
    for name, picture in draw_all(cell).items():
        picture.savefig(folder / f"bench-{cell['name']}-{name}.png", dpi=120)
        texts[name] = svg(picture)
    return texts
