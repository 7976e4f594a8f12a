# SPDX-License-Identifier: GPL-2.0
"""The steps that run now: one line on a terminal, in a log a line a minute each."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Callable, TextIO

CLEAR = "\r\033[K"
EVERY = 60.0
BETWEEN = " | "


def duration(seconds: float) -> str:
    """12.3s below a minute, 3m04s above."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}s"


@dataclass(eq=False)
class Running:
    """A step: its begin, the time of its last line in a log, how far it is."""

    head: str
    begun: float
    reported: float
    progress: Callable[[], str]

    def line(self, now: float) -> str:
        took = duration(now - self.begun)
        return f"{self.head} ...      {took:>7}  {self.far()}".rstrip()

    def short(self, now: float) -> str:
        """The same beside other steps, where width is scarce."""
        words = [*self.head.split(), duration(now - self.begun), self.far()]
        return " ".join(word for word in words if word)

    def far(self) -> str:
        try:
            return self.progress()
        except (OSError, ValueError):
            return ""


class Status:
    """Draws the running steps; every other line goes through it, too."""

    def __init__(
        self,
        stream: TextIO,
        moves: bool,
        still: bool,
        clock: Callable[[], float],
        period: float,
    ) -> None:
        self._stream, self._clock, self._period = stream, clock, period
        self._moves, self._live = moves, moves and not still
        self._lock = threading.RLock()
        self._steps: list[Running] = []
        self._ticks = False

    def add(self, step: Running) -> None:
        with self._lock:
            self._steps.append(step)
            if self._period and not self._ticks:
                self._ticks = True
                threading.Thread(target=self._run, daemon=True).start()

    def remove(self, step: Running, line: str) -> None:
        """The step has ended; its line scrolls above the others."""
        with self._lock:
            self._steps.remove(step)
            self.say(line)

    def say(self, text: str) -> None:
        with self._lock:
            clear = CLEAR if self._moves else ""
            self._stream.write(f"{clear}{text}\n")
            if self._live:
                self._draw(self._clock())
            self._stream.flush()

    def tick(self) -> None:
        """Redraw; in a log, print each step that printed no line for a minute."""
        with self._lock:
            now = self._clock()
            if self._live:
                self._draw(now)
                self._stream.flush()
                return
            for step in self._steps:
                step.far()  # it counts on while nothing is printed
                if now - step.reported >= EVERY:
                    step.reported = now
                    self.say(step.line(now))

    def _draw(self, now: float) -> None:
        if not self._steps:
            return
        width = self._width() - 1  # a line that wraps could not be taken back
        *others, newest = self._steps
        text = BETWEEN.join(step.short(now) for step in self._steps)
        if not others:
            text = newest.line(now)
        elif len(text) > width:
            text = f"{newest.short(now)}{BETWEEN}{len(others)} more"
        self._stream.write(f"\r{text[:width]}\033[K")

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _run(self) -> None:
        while True:
            time.sleep(self._period)
            with self._lock:
                if not self._steps:
                    self._ticks = False
                    return
                try:
                    self.tick()
                except (OSError, ValueError):
                    return  # closed; the step's last line raises in its own thread
