# SPDX-License-Identifier: GPL-2.0
"""Progress: a line for each step with base, architecture, name, outcome, duration."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Optional, TextIO

from harness import events
from harness.status import Running, Status, duration

COLOURS = {
    "ok": "32",
    "PASS": "32",
    "FAIL": "31",
    "ERROR": "31",
    "MISS": "31",
    "TIMEOUT": "31",
    "SKIP": "33",
    "cached": "36",
    "XFAIL": "33",
}


def no_progress() -> str:
    """For a step without a progress text."""
    return ""


@dataclass
class Outcome:
    """The variable parts of a step's line.

    progress: returns the progress text; another thread calls it while the step runs
    folder: for a kernel build, its cell's folder below the output directory
    """

    word: str = "ok"
    note: str = ""
    progress: Callable[[], str] = no_progress
    folder: str = ""


@dataclass
class Ui:
    """Progress output.

    still: no live line even on a terminal, since another process draws one there
    events: log file of events.py, or None
    clock, period: in seconds, see Status
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    still: bool = False
    events: Optional[Path] = None
    clock: Callable[[], float] = time.monotonic
    period: float = 0.5

    def __post_init__(self) -> None:
        ansi = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        period, clock = self.period, self.clock
        self.status = Status(self.stream, ansi, self.still, clock, period)

    def paint(self, word: str) -> str:
        """The word in its colour, on a terminal and without $NO_COLOR."""
        code = COLOURS.get(word)
        if not code or "NO_COLOR" in os.environ or not self.stream.isatty():
            return word
        return f"\033[{code}m{word}\033[0m"

    def print_line(self, text: str) -> None:
        """Print a line above the live line."""
        self.status.print_line(text)

    @contextmanager
    def step(self, base: str, arch: str, name: str) -> Iterator[Outcome]:
        """Time the block as a step; print its line at its end, also if it raises."""
        outcome = Outcome()
        head = f"{base:<6} {arch:<12} {name:<10}"
        begun, begun_at = self.clock(), time.time()
        running = Running(head, begun, begun, lambda: outcome.progress())
        self.status.add(running)
        try:
            yield outcome
        except BaseException:
            outcome.word, outcome.note = "FAIL", ""
            raise
        finally:
            took = duration(self.clock() - begun)
            pad = " " * max(0, 8 - len(outcome.word))
            note = f"  {outcome.note}" if outcome.note else ""
            word = self.paint(outcome.word)
            self.status.remove(running, f"{head} {word}{pad} {took:>7}{note}")
            self._log(" ".join((base, arch, name)), begun_at, outcome)

    def _log(self, name: str, begin: float, outcome: Outcome) -> None:
        more = {"outcome": outcome.word, "folder": outcome.folder}
        events.append(self.events, "step", name, begin, time.time(), **more)
