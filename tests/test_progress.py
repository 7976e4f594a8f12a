# SPDX-License-Identifier: GPL-2.0
"""The output while steps run: the live line, and one line per minute."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from harness import events
from harness.ui import Ui


class Clock:
    """A clock that only the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A terminal of 100 columns, and the lines visible on it."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        seen = []
        for text in self.getvalue().split("\n"):
            line = ""
            for part in text.split("\r"):
                before, clears, after = part.partition("\033[K")
                line = before if clears else before + line[len(before) :]
                line += after
            seen.append(line.rstrip())
        return seen


@pytest.fixture(name="clock")
def fixture_clock() -> Clock:
    return Clock()


@pytest.fixture(name="terminal")
def fixture_terminal(monkeypatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("harness.status.Status._width", lambda _status: 100)
    return Terminal()


def test_log_gets_a_line_a_minute(clock: Clock) -> None:
    stream = io.StringIO()
    ui = Ui(stream=stream, clock=clock, period=0)
    with ui.step("6.12", "arm64", "build") as outcome:
        outcome.progress = lambda: "412/880, about 2m20s left"
        for _ in range(300):
            clock.now += 0.5
            ui.status.tick()
    first, second, last = stream.getvalue().splitlines()
    head = r"6\.12 +arm64 +build +"
    assert re.fullmatch(head + r"\.\.\. +1m00s  412/880, about 2m20s left", first)
    assert re.fullmatch(head + r"\.\.\. +2m00s  412/880, about 2m20s left", second)
    assert re.fullmatch(head + r"ok +2m30s", last)


def test_log_gets_no_line_of_a_short_step(clock: Clock) -> None:
    stream = io.StringIO()
    ui = Ui(stream=stream, clock=clock, period=0)
    with ui.step("6.12", "arm64", "build"):
        clock.now += 59
        ui.status.tick()
    assert len(stream.getvalue().splitlines()) == 1


def test_live_line_is_replaced_by_the_last_one(clock: Clock, terminal) -> None:
    ui = Ui(stream=terminal, clock=clock, period=0)
    with ui.step("6.12", "x86_64", "build") as outcome:
        outcome.progress = lambda: "a long word of progress"
        clock.now += 9.5
        ui.status.tick()
        (line,) = terminal.lines()
        assert re.fullmatch(r"6\.12 .* build +\.\.\. +9\.5s  a long word .*", line)
    line, rest = terminal.lines()
    assert re.fullmatch(r"6\.12 +x86_64 +build +ok +9\.5s", line)
    assert rest == ""


def test_two_steps_share_the_line(clock: Clock, terminal) -> None:
    ui = Ui(stream=terminal, clock=clock, period=0)
    with ui.step("6.12", "arm64", "build") as outcome:
        outcome.progress = lambda: "10/20"
        with ui.step("6.12", "x86_64", "guest"):
            clock.now += 1
            ui.status.tick()
            both = "6.12 arm64 build 1.0s 10/20 | 6.12 x86_64 guest 1.0s"
            assert terminal.lines() == [both]
            ui.print_line("a message")
            assert terminal.lines() == ["a message", both]
        message, guest, live = terminal.lines()
        assert message == "a message"
        assert re.fullmatch(r"6\.12 +x86_64 +guest +ok +1\.0s", guest)
        assert re.fullmatch(r"6\.12 +arm64 +build +\.\.\. +1\.0s  10/20", live)


def test_steps_that_do_not_fit_are_counted(clock: Clock, terminal) -> None:
    ui = Ui(stream=terminal, clock=clock, period=0)
    with ui.step("6.12", "arm64", "build") as first:
        with ui.step("6.12", "x86_64", "build") as second:
            first.progress = second.progress = (
                lambda: "1/2, about 1m00s left" + "x" * 20
            )
            ui.status.tick()
            (line,) = terminal.lines()
            assert line.startswith("6.12 x86_64") and line.endswith("| 1 more")
            second.progress = lambda: "y" * 200
            ui.status.tick()
            assert len(terminal.lines()[0]) == 99


def test_still_terminal_gets_whole_lines(clock: Clock, terminal) -> None:
    """Another process may draw on it: its line is cleared, and not redrawn."""
    ui = Ui(stream=terminal, clock=clock, period=0, still=True)
    with ui.step("6.12", "arm64", "build"):
        terminal.write("the other's live line, which is a rather long one indeed")
        clock.now += 60
        ui.status.tick()
        line, rest = terminal.lines()
        assert re.fullmatch(r"6\.12 +arm64 +build +\.\.\. +1m00s", line) and rest == ""


def test_progress_that_fails_is_left_out(clock: Clock) -> None:
    stream = io.StringIO()
    ui = Ui(stream=stream, clock=clock, period=0)

    def gone() -> str:
        raise FileNotFoundError

    with ui.step("6.12", "arm64", "build") as outcome:
        outcome.progress = gone
        clock.now += 60
        ui.status.tick()
    assert len(stream.getvalue().splitlines()) == 2


def test_thread_draws_and_ends(terminal) -> None:
    ui = Ui(stream=terminal, period=0.001)
    with ui.step("6.12", "arm64", "build") as outcome:
        asked = []
        outcome.progress = lambda: str(asked.append(1))
        while not asked:
            pass
    assert len(terminal.lines()) == 2


def test_events_of_steps(tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "events"
    ui = Ui(stream=io.StringIO(), clock=clock, period=0, events=log)
    with ui.step("6.12", "arm64", "build") as outcome:
        outcome.word, outcome.folder = "cached", "6.12-arm64"
    with pytest.raises(ValueError):
        with ui.step("6.12", "arm64", "guest"):
            raise ValueError
    with open(log, "a") as stream:
        stream.write('{"kind": "st')
    first, second = events.read(log)
    assert first["name"] == "6.12 arm64 build" and first["folder"] == "6.12-arm64"
    assert (first["outcome"], second["outcome"]) == ("cached", "FAIL")
    assert first["begin"] <= first["end"] <= second["end"]
