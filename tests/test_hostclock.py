# SPDX-License-Identifier: GPL-2.0
"""A guest's limits do not count time for which the host gave it no CPU."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.guest import Watch
from harness.hostclock import MAX_STRETCH, Limit, ProcessClock, delays_of


class Host:
    """A clock that a test advances, and run delays of threads that it sets."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.delays = {"1": 5_000_000_000, "2": 0}
        self.clock = ProcessClock(lambda: self.delays, lambda: self.time)

    def advance(self, seconds: float, **waited: float) -> float:
        """Advance the clock and add run delays; return the clock's reading."""
        self.time += seconds
        for name, wait in waited.items():
            tid = name.removeprefix("thread")
            self.delays[tid] = self.delays.get(tid, 0) + int(wait * 1e9)
        return self.clock.seconds()


@pytest.fixture(name="host")
def fixture_host() -> Host:
    return Host()


def test_quiet_host(host: Host) -> None:
    """Delays from before the start do not count."""
    assert [host.advance(1) for _ in range(3)] == pytest.approx([1, 2, 3])


def test_wait_is_not_counted(host: Host) -> None:
    assert host.advance(10, thread1=4) == pytest.approx(6)


def test_long_wait_is_counted_when_it_ends(host: Host) -> None:
    for _ in range(9):
        host.advance(1)
    assert host.advance(1, thread1=10) == pytest.approx(0)
    assert host.advance(1) == pytest.approx(1)


def test_waits_at_the_same_time_count_once(host: Host) -> None:
    assert host.advance(4, thread1=2, thread2=3) == pytest.approx(1)
    assert host.advance(1, thread1=2) == pytest.approx(1)
    assert host.advance(5, thread2=1) == pytest.approx(5)


def test_wait_is_no_longer_than_there_was_time(host: Host) -> None:
    assert host.advance(2, thread1=50) == pytest.approx(0)


def test_threads_come_and_go(host: Host) -> None:
    host.delays["3"] = 7_000_000_000
    del host.delays["1"]
    assert host.advance(1) == pytest.approx(1)
    assert host.advance(1, thread3=0.5) == pytest.approx(1.5)


def test_limit_ends_without_waits(host: Host) -> None:
    limit = Limit(host.clock)
    limit.set(10)
    host.advance(9)
    assert not limit.is_over
    host.advance(2)
    assert limit.is_over


def test_limit_is_longer_on_a_busy_host(host: Host) -> None:
    limit = Limit(host.clock)
    limit.set(10)
    host.advance(15, thread2=8)
    assert not limit.is_over
    host.advance(4)
    assert limit.is_over


def test_limit_ends_however_busy_the_host_is(host: Host) -> None:
    limit = Limit(host.clock)
    limit.set(10)
    host.advance(10 * MAX_STRETCH - 1, thread1=10 * MAX_STRETCH - 1)
    assert not limit.is_over
    host.advance(2, thread1=2)
    assert limit.is_over


def test_no_limit(host: Host) -> None:
    limit = Limit(host.clock)
    limit.set(None)
    host.advance(1e6)
    assert not limit.is_over


def test_each_step_of_a_guest_has_its_limit(host: Host) -> None:
    watch = Watch({"t": 60}, None, 180, clock=host.clock)
    watch.start()
    host.advance(179)
    watch.feed(b"# vdsox: ready\n")
    host.advance(1000)
    assert not watch.late
    watch.feed(b"# vdsox: begin t\n")
    host.advance(100, thread1=20)
    assert not watch.late
    host.advance(11)
    assert watch.late


def test_delays_of_a_process() -> None:
    """One delay per thread that never decreases; none without a process."""
    read = delays_of(os.getpid())
    first, second = read(), read()
    if first:  # this kernel counts them
        assert str(os.getpid()) in first
        assert all(second[tid] >= first[tid] for tid in first.keys() & second.keys())
    assert delays_of(2**22 + 1)() == {}


def test_unreadable_threads_are_left_out(tmp_path: Path) -> None:
    """A thread may end between the reads of the folder and of its file."""
    readable = {str(tid): tid * 1000 for tid in range(100, 120)}
    for tid, delay in readable.items():
        (tmp_path / "7/task" / tid).mkdir(parents=True)
        (tmp_path / "7/task" / tid / "schedstat").write_text(f"5 {delay} 9\n")
    for tid in range(200, 220):  # no file, a read that fails, no second number
        (tmp_path / "7/task" / str(tid)).mkdir()
    for tid in range(210, 215):
        (tmp_path / "7/task" / str(tid) / "schedstat").mkdir()
    for tid in range(215, 220):
        (tmp_path / "7/task" / str(tid) / "schedstat").write_text("5\n")
    assert delays_of(7, tmp_path)() == readable
