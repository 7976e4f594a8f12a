# SPDX-License-Identifier: GPL-2.0
"""Two commands at the same time share one output directory."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from commandline import LIMIT, Commands, wait_for

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


def end_both(first: "subprocess.Popen[bytes]", second: "subprocess.Popen[bytes]"):
    """Kill what is left of two commands."""
    for process in (first, second):
        if process.poll() is None:
            process.terminate()
            process.wait()


@pytest.mark.parametrize("step, words, line", STEPS, ids=NAMES)
def test_second_waits_and_uses_what_the_first_made(
    commands: Commands, step: str, words: list[str], line: str
) -> None:
    commands.tools.stop_at(step)
    first = commands.start(words)
    later = Commands(commands.repo, commands.tools, commands.folder, "second")
    second = first
    try:
        wait_for(commands.tools.pids, "the first command's step")
        _, child = commands.tools.pids()
        second = later.start(words)
        wait_for(lambda: waits_for_a_lock(second.pid), "the second command's wait")
        commands.tools.go_on()
        os.kill(child, signal.SIGTERM)
        assert first.wait(LIMIT) == 0, commands.output()
        assert second.wait(LIMIT) == 0, later.output()
    finally:
        end_both(first, second)
    assert line in " ".join(later.output().split()), later.output()
    (tests,) = commands.out.glob("*/tests/vdso_task/ids")
    assert tests.read_text() == "test\n"
