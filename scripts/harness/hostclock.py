# SPDX-License-Identifier: GPL-2.0
"""How long a process has had to answer: time in which the host let it run.

A thread that is ready and gets no CPU waits for the host, and nobody can wait in vain
for it meanwhile. The kernel adds such waits up for each thread: the second number in
/proc/PID/task/TID/schedstat, in nanoseconds, counted when a wait has ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Optional

# However busy the host is, a limit ends after this many times its length.
MOST_TIMES = 4.0

Delays = Callable[[], Mapping[str, int]]


def no_delays() -> Mapping[str, int]:
    return {}


def delays_of(pid: int) -> Delays:
    """Reads how long each thread of a process has waited for a CPU, in ns."""
    folder = Path(f"/proc/{pid}/task")

    def read() -> dict[str, int]:
        found = {}
        try:
            for path in folder.glob("*/schedstat"):
                found[path.parent.name] = int(path.read_text().split()[1])
        except (OSError, ValueError, IndexError):
            pass  # threads end at any time; a kernel may count nothing
        return found

    return read


class ProcessClock:
    """Seconds that pass for a process: none while one of its threads waits for a CPU."""

    def __init__(
        self, delays: Delays = no_delays, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._delays, self._now = delays, now
        self._seen = dict(delays())
        self._begun = now()
        self._waits: list[tuple[float, float]] = []
        self._waited = 0.0

    def host_seconds(self) -> float:
        return self._now() - self._begun

    def seconds(self) -> float:
        """To be called often: waits that have ended since then are taken off."""
        now = self.host_seconds()
        delays = dict(self._delays())
        grown = [value - self._seen.get(tid, value) for tid, value in delays.items()]
        self._seen.update(delays)
        self._take_off(max(0.0, now - max(grown, default=0) / 1e9), now)
        return now - self._waited

    def _take_off(self, start: float, end: float) -> None:
        """Waits of several threads at the same time are taken off once."""
        while self._waits and self._waits[-1][1] > start:
            earlier = self._waits.pop()
            self._waited -= earlier[1] - earlier[0]
            start = min(start, earlier[0])
        if start < end:
            self._waits.append((start, end))
            self._waited += end - start


@dataclass
class Limit:
    """So many seconds of a process's clock, and no more than MOST_TIMES on the host's."""

    clock: ProcessClock
    left: Optional[float] = None
    _start: float = 0.0
    _host_start: float = 0.0

    def set(self, seconds: Optional[float]) -> None:
        self.left = seconds
        self._start = self.clock.seconds()
        self._host_start = self.clock.host_seconds()

    @property
    def is_over(self) -> bool:
        if not self.left:
            return False
        if self.clock.host_seconds() - self._host_start > MOST_TIMES * self.left:
            return True
        return self.clock.seconds() - self._start > self.left
