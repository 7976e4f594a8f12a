# SPDX-License-Identifier: GPL-2.0
"""Progress: a line a step with base, architecture, step, outcome and duration."""

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
    return ""


@dataclass
class Outcome:
    """What a step wants its line to say.

    progress: how far the step is, asked for by a thread while the step runs
    folder: of a build, the folder under out/ that it builds in
    """

    word: str = "ok"
    note: str = ""
    progress: Callable[[], str] = no_progress
    folder: str = ""


@dataclass
class Ui:
    """Where progress goes, and whether it may move and shine.

    still: no live line, even on a terminal: another process has one there
    events: the log of steps that events.py describes
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    verbose: bool = False
    still: bool = False
    events: Optional[Path] = None
    clock: Callable[[], float] = time.monotonic
    period: float = 0.5

    def __post_init__(self) -> None:
        moves = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        period, clock = self.period, self.clock
        self.status = Status(self.stream, moves, self.still, clock, period)

    def paint(self, word: str) -> str:
        code = COLOURS.get(word)
        if not code or "NO_COLOR" in os.environ or not self.stream.isatty():
            return word
        return f"\033[{code}m{word}\033[0m"

    def say(self, text: str) -> None:
        self.status.say(text)

    def debug(self, text: str) -> None:
        if self.verbose:
            self.say(f"# {text}")

    @contextmanager
    def step(self, base: str, arch: str, name: str) -> Iterator[Outcome]:
        """Time a step; its line is printed at its end, also when it fails."""
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
