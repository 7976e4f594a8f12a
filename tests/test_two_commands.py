# SPDX-License-Identifier: GPL-2.0
"""Two commands at the same time share one output directory."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

import pytest

from commandline import END_LIMIT, LIMIT, Commands, wait_for

TREE = ["build", "--tree", "@TREE@"]
# The step at which the first command stops; the line of the second that waits for it.
STEPS = [
    ("download", ["build"], "source cached"),
    ("unpack-tree", ["build"], "source cached"),
    ("patch", ["build"], "patch cached"),
    ("copy", TREE, "copy ok"),
    ("configure", ["build"], "build cached"),
    ("build", ["build"], "build cached"),
    ("build", TREE, "build ok"),
    ("kselftest", ["build"], "kselftest cached"),
]
NAMES = [f"{step}{'-tree' if words is TREE else ''}" for step, words, _ in STEPS]


def waits_for_a_lock(pid: int) -> bool:
    """A blocked request is a line `ID: -> FLOCK ADVISORY WRITE PID ...`."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("-> FLOCK" in line and str(pid) in line.split() for line in lines)


@contextmanager
def both(
    commands: Commands, words: list[str], waits: Callable[[int, Commands], object]
) -> Iterator["list[tuple[subprocess.Popen[bytes], Commands]]"]:
    """Yields two commands, of which the first has stopped and the second waits."""
    later = Commands(commands.repo, commands.tools, commands.folder, "second")
    started = [(commands.start(words), commands)]
    try:
        wait_for(commands.tools.pids, "the first command's step")
        started.append((later.start(words), later))
        wait_for(lambda: waits(started[1][0].pid, later), "the second command's wait")
        yield started
    finally:
        for process, _ in started:
            if process.poll() is None:
                process.terminate()
            process.wait(LIMIT)


@pytest.mark.parametrize("step, words, line", STEPS, ids=NAMES)
def test_second_waits_and_uses_what_the_first_made(
    commands: Commands, step: str, words: list[str], line: str
) -> None:
    commands.tools.stop_at(step)
    with both(commands, words, lambda pid, _: waits_for_a_lock(pid)) as started:
        _, child = commands.tools.pids()
        commands.tools.go_on()
        os.kill(child, signal.SIGTERM)
        for process, command in started:
            assert process.wait(LIMIT) == 0, command.output()
    _, later = started[1]
    assert line in " ".join(later.output().split()), later.output()
    (tests,) = commands.out.glob("*/tests/vdso_task/ids")
    assert tests.read_text() == "test\n"


@pytest.mark.parametrize("words", [["build"], ["run"]], ids=["main", "thread"])
def test_wait_ends_with_its_command(commands: Commands, words: list[str]) -> None:
    """Also where a thread waits, which no signal interrupts."""

    def waits(_: int, command: Commands) -> bool:
        return command.output().count(" patch ") == 1

    commands.tools.stop_at("build")
    with both(commands, words, waits) as ((first, _), (second, later)):
        time.sleep(0.5)
        second.terminate()
        assert second.wait(END_LIMIT) == -signal.SIGTERM, later.output()
        assert "interrupted by SIGTERM" in later.output()
        assert first.poll() is None, commands.output()
