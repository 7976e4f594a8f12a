# SPDX-License-Identifier: GPL-2.0
"""The prebuild: one build at a time, ended with the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from prebuild import Prebuild
from cells import Cells
from conftest import place
from harness import procs
from harness.context import REPO, Context
from harness.errors import Fault

SLOW = """
import sys, time
sys.path[:0] = [{tests!r}, {scripts!r}]
from pathlib import Path
from types import SimpleNamespace
from cells import Cells
from conftest import place
from harness.context import Context

def make():
    Path({out!r}, "begun").touch()
    time.sleep(0.5)
    Path({out!r}, "made").touch()

Cells(Context(out=Path({out!r}))).once("thing", make)
"""
BUILDS = """
import sys
sys.path.insert(0, {scripts!r})
from pathlib import Path
from types import SimpleNamespace
from harness import interrupt, procs

script = "echo $$ > {out}/pid.new; mv {out}/pid.new {out}/pid; sleep 1000"
with interrupt.handled(procs.end_all):
    procs.run_logged(["sh", "-c", script], Path({out!r}, "log"), "a long build")
"""


def script(text: str, out: Path) -> Path:
    path = out / "script.py"
    tests, scripts = str(REPO / "tests"), str(REPO / "scripts")
    path.write_text(text.format(tests=tests, scripts=scripts, out=str(out)))
    return path


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_waits_for_the_process_that_makes_it(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, script(SLOW, tmp_path)])
    wait_for(tmp_path / "begun")
    seen = Cells(Context(out=tmp_path)).once("thing", (tmp_path / "made").exists)
    assert other.wait() == 0 and seen


def test_failure_is_raised_in_each_call_and_made_once(tmp_path: Path) -> None:
    cells, calls = Cells(Context(out=tmp_path)), []

    def make() -> None:
        calls.append(1)
        raise Fault("no such thing")

    for _ in range(2):
        with pytest.raises(Fault, match="no such thing"):
            cells.once("thing", make)
    assert calls == [1]


def test_ends_what_it_builds(tmp_path: Path) -> None:
    process = Prebuild(2, script(BUILDS, tmp_path))
    wait_for(tmp_path / "pid")
    pid = int((tmp_path / "pid").read_text())
    procs.end_all()
    os.kill(pid, 0)
    assert process.end() is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert process.end() != 0


def item(params: dict[str, object], *marks: pytest.MarkDecorator) -> SimpleNamespace:
    """As much of a collected test as its place depends on."""
    by_name = {decorator.name: decorator.mark for decorator in marks}
    callspec = SimpleNamespace(params=params)
    return SimpleNamespace(get_closest_marker=by_name.get, callspec=callspec)


def test_guests_run_in_the_order_of_the_builds() -> None:
    guest, kernel = pytest.mark.guest, pytest.mark.kernel
    items = [
        item({}),
        item({"cell": "x86_64"}, guest),
        item({"arch": "arm64"}, guest, kernel("host")),
        item({"cell": "x86_64-debug"}, guest),
        item({"arch": "arm64"}, guest, kernel("off")),
        item({"cell": "x86_64"}, guest, pytest.mark.last),
    ]
    assert [place(each) for each in items] == list(range(6))  # type: ignore[arg-type]
