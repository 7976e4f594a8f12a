# SPDX-License-Identifier: GPL-2.0
"""bench.html: targets, exact counts and native times of each cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import atomic, html
from harness.bench import plots, processor

TEMPLATE = Path(__file__).with_name("bench.html.j2")
WORDS = {True: "met", False: "missed", None: "undecided"}


def number(value: float | None) -> str:
    """A figure as short text; a dash if it was not measured."""
    if value is None:
        return "–"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def write(value: dict[str, Any], folder: Path) -> Path:
    """Write the page of a document and its charts; returns the page's path."""
    pictures = {cell["name"]: plots.write(cell, folder) for cell in value["cells"]}
    filters = {"number": number, "cpu_lines": processor.lines}
    text = html.render(TEMPLATE, filters, report=value, pictures=pictures, words=WORDS)
    path = folder / "bench.html"
    atomic.write_text(path, text)
    return path
