# SPDX-License-Identifier: GPL-2.0
"""The progress of builds, guests and downloads in the lines of their steps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import apt, bases, build, machine, objects
from harness.cell import Cell
from harness.context import Context
from harness.guest import Watch
from harness.objects import NAMED, STARTED, Objects, describe
from harness.source import Source
from harness.ui import Outcome


class Clock:
    """A clock that only the test advances."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def fixture_clock() -> Clock:
    return Clock()


LOG = """\
  GEN     Makefile
  CC      scripts/mod/empty.o
  HOSTCC  scripts/kallsyms
  CC      /b/tools/objtool/check.o
  CC      kernel/bounds.s
  CC      init/main.o
  AS      arch/x86/entry/entry_64.o
  CC [M]  fs/ext4/dir.o
  CC      arch/x86/boot/string.o
"""


def test_objects_of_a_log() -> None:
    found = objects.objects(STARTED, LOG)
    assert found == {"init/main.o", "arch/x86/entry/entry_64.o", "fs/ext4/dir.o"}


def test_objects_of_a_dry_run() -> None:
    text = "set -e;  echo '  CC      mm/mmap.o';  gcc -c -o mm/mmap.o mm/mmap.c\n"
    text += "set -e;  echo '  AR      mm/built-in.a'; ar\n"
    assert objects.objects(NAMED, text) == {"mm/mmap.o"}


@pytest.mark.parametrize(
    "done, total, seconds, text",
    [
        (0, 0, 5, ""),
        (7, 0, 5, "7 objects"),
        (412, 880, 120, "412/880, about 2m16s left"),
        (880, 880, 120, "880/880"),
        (1, 880, 0, "1/880"),
    ],
)
def test_description(done: int, total: int, seconds: float, text: str) -> None:
    assert describe(done, total, seconds) == text


def dry_run(*names: str) -> list[str]:
    """A fake `make -n`, which fails if there is no vmlinux.a yet."""
    text = "\n".join(f"echo '{name}'" for name in names)
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit(2)"]


def finish(counter: Objects) -> None:
    assert isinstance(counter._process, subprocess.Popen)
    counter._process.wait()


def test_a_build_is_followed(tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "build.log"
    log.write_text("  CC      old/build.o\n")
    compiled = [f"  CC      {name}.o" for name in "bcd"]
    command = dry_run(*compiled, "  AR      vmlinux.a")
    counter = Objects(log, command, {}, clock)
    clock.now += 30
    assert counter.text() == ""
    with open(log, "a") as stream:
        stream.write("  CC      a.o\n  CC      b")
        stream.flush()
        clock.now += 30
        assert counter.text() == "1 objects" and counter._process is None
        stream.write(".o\n  AR      init/built-in.a\n")
        stream.flush()
        assert counter.text() == "2 objects"
        finish(counter)
        assert counter.text() == "2/4, about 30s left"
        stream.write("  CC      c.o\n  CC      d.o\n")
        stream.flush()
        assert counter.text() == "4/4"
    counter.close()


def test_a_short_build_is_not_counted(tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "build.log"
    counter = Objects(log, dry_run(), {}, clock)
    log.write_text("  CC      a.o\n  AR      built-in.a\n")
    clock.now += 9
    assert counter.text() == "1 objects" and counter._process is None
    counter.close()
    clock.now += 9
    assert counter.text() == "1 objects" and counter._process is None


def test_a_total_that_cannot_be_had(tmp_path: Path, clock: Clock) -> None:
    log = tmp_path / "build.log"
    counter = Objects(log, dry_run("  CC      b.o"), {}, clock)
    log.write_text("  CC      a.o\n  AR      built-in.a\n")
    clock.now += 10
    counter.text()
    finish(counter)
    assert counter.text() == "1 objects"
    counter.close()


def test_a_step_follows_its_build(
    sample_repo: Path, sample_tree: Path, tmp_path: Path, fake_tools
) -> None:
    """A dry run gives the total of a complete kernel, but not of parts."""
    fake_tools.add("make", "echo '  CC      init/main.o'")
    context = Context(repo=sample_repo, out=tmp_path / "out")
    source = Source(bases.load(sample_repo, "6.12"), sample_tree, "sample.deb", False)
    cell = Cell(context, source, machine.load("x86_64"))
    outcome = Outcome()
    build.make(cell, "kernel build", "bzImage", outcome=outcome)
    assert outcome.folder == "6.12-x86_64" and outcome.progress() == ""
    command = build._dry_run(cell, ("bzImage",))
    assert command and command[-2:] == ["-n", "vmlinux_o"]
    assert build._dry_run(cell, ("kernel/fork.o", "mm/")) is None


def test_following_ends_with_the_build(tmp_path: Path) -> None:
    outcome = Outcome()
    log = tmp_path / "build.log"
    with objects.follow(outcome, log, None, {}):
        log.write_text("  CC      a.o\n")
        assert outcome.progress() == "1 objects"
    assert outcome.progress() == ""
    with objects.follow(None, log, None, {}):
        pass


def test_a_guest_names_its_test() -> None:
    watch = Watch({"a.b": 1, "a.c": 1}, None, 60)
    watch.start()
    assert watch.progress() == "booting"
    watch.feed(b"# vdsox: ready\n")
    assert watch.progress() == ""
    watch.feed(b"# vdsox: begin a.b\n# vdsox: took 1 a.b\n# vdsox: begin a.c\n")
    assert watch.progress() == "a.c, 2 of 2"


def test_a_download_grows(tmp_path: Path) -> None:
    assert apt.progress(tmp_path) == ""
    part = tmp_path / "debs" / apt.PARTIAL
    part.mkdir(parents=True)
    assert apt.progress(tmp_path) == ""
    (part / "linux_1.deb").write_bytes(bytes(2_000_000))
    assert apt.progress(tmp_path) == "2 MB"
