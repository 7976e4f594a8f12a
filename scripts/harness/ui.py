# SPDX-License-Identifier: GPL-2.0
"""Progress: a line a step with base, architecture, step, outcome and duration."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Iterator, TextIO

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


def duration(seconds: float) -> str:
    """12.3s below a minute, 3m04s above."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}s"


@dataclass
class Outcome:
    """What a step wants its line to say."""

    word: str = "ok"
    note: str = ""


@dataclass
class Ui:
    """Where progress goes, and whether it may move and shine."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    verbose: bool = False

    @property
    def live(self) -> bool:
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def paint(self, word: str) -> str:
        code = COLOURS.get(word)
        if not code or "NO_COLOR" in os.environ or not self.stream.isatty():
            return word
        return f"\033[{code}m{word}\033[0m"

    def say(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def debug(self, text: str) -> None:
        if self.verbose:
            self.say(f"# {text}")

    @contextmanager
    def step(self, base: str, arch: str, name: str) -> Iterator[Outcome]:
        """Time a step; its line is printed at its end, also when it fails."""
        outcome = Outcome()
        head = f"{base:<6} {arch:<12} {name:<10}"
        begun = time.monotonic()
        counter = _Counter(self, head, begun)
        try:
            yield outcome
        except BaseException:
            outcome.word, outcome.note = "FAIL", ""
            raise
        finally:
            counter.stop()
            took = duration(time.monotonic() - begun)
            pad = " " * max(0, 8 - len(outcome.word))
            note = f"  {outcome.note}" if outcome.note else ""
            self.say(f"{head} {self.paint(outcome.word)}{pad} {took:>7}{note}")


class _Counter:
    """The live seconds of a running step; silent without a TTY."""

    def __init__(self, ui: Ui, head: str, begun: float) -> None:
        self._ui, self._head, self._begun = ui, head, begun
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        if ui.live:
            self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(0.5):
            took = duration(time.monotonic() - self._begun)
            self._ui.stream.write(f"\r{self._head} ...      {took:>7}")
            self._ui.stream.flush()

    def stop(self) -> None:
        self._done.set()
        if self._ui.live:
            self._thread.join()
            self._ui.stream.write("\r\033[K")
