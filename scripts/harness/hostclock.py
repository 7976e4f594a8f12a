# SPDX-License-Identifier: GPL-2.0
"""A clock for time limits on a busy host: it excludes a process's run queue delay.

A runnable thread that waits for a CPU cannot make progress, so that time does not count
against its limit. The kernel sums run queue delay per thread: the second number in
/proc/PID/task/TID/schedstat, in nanoseconds, updated when a wait has ended.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Optional

# A limit is exceeded at the latest after this many times its length on the host's
# clock.
MAX_STRETCH = 4.0

Delays = Callable[[], Mapping[str, int]]


def no_delays() -> Mapping[str, int]:
    """For a process whose run queue delay is unknown."""
    return {}


def delays_of(pid: int, proc: Path = Path("/proc")) -> Delays:
    """A function that returns the run queue delay of each thread of a process, by
    thread ID, in nanoseconds. It raises nothing: a thread without an entry is left
    out."""
    folder = proc / str(pid) / "task"

    def read() -> dict[str, int]:
        found = {}
        with suppress(OSError):  # the process may have ended
            for path in folder.iterdir():
                # threads end at any time; a kernel may have no schedstat
                with suppress(OSError, ValueError, IndexError):
                    text = (path / "schedstat").read_text()
                    found[path.name] = int(text.split()[1])
        return found

    return read


class ProcessClock:
    """Seconds since its creation, without those in which a thread waited for a CPU.

    now: the host's clock, in seconds
    """

    def __init__(
        self, delays: Delays = no_delays, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._delays, self._now = delays, now
        self._seen = dict(delays())
        self._begun = now()
        self._waits: list[tuple[float, float]] = []
        self._waited = 0.0

    def host_seconds(self) -> float:
        """Seconds of the host's clock since the creation."""
        return self._now() - self._begun

    def seconds(self) -> float:
        """Call it often: it assumes that a wait which it finds new has just ended."""
        now = self.host_seconds()
        delays = dict(self._delays())
        grown = [value - self._seen.get(tid, value) for tid, value in delays.items()]
        self._seen.update(delays)
        self._subtract(max(0.0, now - max(grown, default=0) / 1e9), now)
        return now - self._waited

    def _subtract(self, start: float, end: float) -> None:
        """Subtract an interval; where waits of several threads overlap, only once."""
        while self._waits and self._waits[-1][1] > start:
            earlier = self._waits.pop()
            self._waited -= earlier[1] - earlier[0]
            start = min(start, earlier[0])
        if start < end:
            self._waits.append((start, end))
            self._waited += end - start


@dataclass
class Limit:
    """At most `left` seconds of the clock, and MAX_STRETCH * left of the host's."""

    clock: ProcessClock
    left: Optional[float] = None
    _start: float = 0.0
    _host_start: float = 0.0

    def set(self, seconds: Optional[float]) -> None:
        """Restart with a limit in seconds; None or 0: no limit."""
        self.left = seconds
        self._start = self.clock.seconds()
        self._host_start = self.clock.host_seconds()

    @property
    def is_over(self) -> bool:
        """The limit is exceeded on either clock."""
        if not self.left:
            return False
        if self.clock.host_seconds() - self._host_start > MAX_STRETCH * self.left:
            return True
        return self.clock.seconds() - self._start > self.left
