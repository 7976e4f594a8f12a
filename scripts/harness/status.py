# SPDX-License-Identifier: GPL-2.0
"""Running steps: one live line on a terminal; in a log, a line a minute for each."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Callable, TextIO

CLEAR = "\r\033[K"
EVERY = 60.0
SEPARATOR = " | "


def duration(seconds: float) -> str:
    """Seconds as text: 12.3s below a minute, 3m04s above."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}s"


@dataclass(eq=False)
class Running:
    """A running step.

    begun, reported: clock at its begin and at its last line in a log, in seconds
    progress: its progress text
    """

    head: str
    begun: float
    reported: float
    progress: Callable[[], str]

    def line(self, now: float) -> str:
        """Its line in full."""
        took = duration(now - self.begun)
        return f"{self.head} ...      {took:>7}  {self.progress_text()}".rstrip()

    def short(self, now: float) -> str:
        """A shorter line, for several steps on one line."""
        words = [*self.head.split(), duration(now - self.begun), self.progress_text()]
        return " ".join(word for word in words if word)

    def progress_text(self) -> str:
        """The progress; empty if its source (a log) cannot be read."""
        try:
            return self.progress()
        except (OSError, ValueError):
            return ""


class Status:
    """Draws the live line and prints all other lines above it.

    ansi: the stream is a terminal that understands escape sequences
    still: no live line
    clock, period: in seconds; a period of 0: the caller calls tick()
    """

    def __init__(
        self,
        stream: TextIO,
        ansi: bool,
        still: bool,
        clock: Callable[[], float],
        period: float,
    ) -> None:
        self._stream, self._clock, self._period = stream, clock, period
        self._ansi, self._live = ansi, ansi and not still
        self._lock = threading.RLock()
        self._steps: list[Running] = []
        self._ticking = False

    def add(self, step: Running) -> None:
        """A step begins; a thread calls tick() until no step runs."""
        with self._lock:
            self._steps.append(step)
            if self._period and not self._ticking:
                self._ticking = True
                threading.Thread(target=self._run, daemon=True).start()

    def remove(self, step: Running, line: str) -> None:
        """The step has ended; print its last line."""
        with self._lock:
            self._steps.remove(step)
            self.print_line(line)

    def print_line(self, text: str) -> None:
        """Print a line in place of the live line, and redraw that below it."""
        with self._lock:
            clear = CLEAR if self._ansi else ""
            self._stream.write(f"{clear}{text}\n")
            if self._live:
                self._draw(self._clock())
            self._stream.flush()

    def tick(self) -> None:
        """Redraw the live line; in a log, print steps without a line for a minute."""
        with self._lock:
            now = self._clock()
            if self._live:
                self._draw(now)
                self._stream.flush()
                return
            for step in self._steps:
                step.progress_text()  # objects.py reads the log at each call
                if now - step.reported >= EVERY:
                    step.reported = now
                    self.print_line(step.line(now))

    def _draw(self, now: float) -> None:
        if not self._steps:
            return
        width = self._width() - 1  # a wrapped line could not be erased
        *others, newest = self._steps
        text = SEPARATOR.join(step.short(now) for step in self._steps)
        if not others:
            text = newest.line(now)
        elif len(text) > width:
            text = f"{newest.short(now)}{SEPARATOR}{len(others)} more"
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
                    self._ticking = False
                    return
                try:
                    self.tick()
                except (OSError, ValueError):
                    return  # stream closed: remove() raises in the step's own thread
