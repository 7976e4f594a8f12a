# SPDX-License-Identifier: GPL-2.0
"""A signal ends a command and all that it started, and the next run succeeds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from typing import Callable, Optional

import pytest

from commandline import DEFAULT_SIGNALS, END_LIMIT, LIMIT, alive, wait_for
from harness import interrupt, procs
from harness.context import REPO
from fixtures import snapshot

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
RUN = ["run"]
TREE = ["run", "--tree", "@TREE@"]
BOOT = ["boot", "--", "/bin/true"]
STEPS = [
    ("install", RUN),
    ("download", RUN),
    ("unpack-package", RUN),
    ("unpack-tree", RUN),
    ("patch", RUN),
    ("copy", TREE),
    ("configure", RUN),
    ("build", RUN),
    ("kselftest", RUN),
    ("kselftest", TREE),
    ("generate", RUN),
    ("probe", RUN),
    ("init", RUN),
    ("guest", RUN),
    ("reports", RUN),
    ("build", ["build"]),
    ("init", BOOT),
    ("guest", BOOT),
    ("build", ["bench"]),
    ("patch", ["apply", "@TREE@"]),
]
NAMES = [
    f"{words[0]}{'-tree' if words is TREE else ''}-{step}" for step, words in STEPS
]


def blocks_on(pid: int, path: Path) -> bool:
    """Whether the process blocks in a system call with this path as an argument."""
    try:
        words = Path(f"/proc/{pid}/syscall").read_text().split()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            return any(_string_at(memory, int(word, 16)) == path for word in words[1:7])
    except (FileNotFoundError, ProcessLookupError):
        return False


def _string_at(memory: FileIO, address: int) -> Optional[Path]:
    try:
        memory.seek(address)
        return Path(os.fsdecode(memory.read(4096).partition(b"\0")[0]))
    except (OSError, OverflowError):
        return None


def reach(commands: Commands, step: str) -> Callable[[], object]:
    """A condition that is true once the command is in the step."""
    if step != "reports":
        commands.tools.stop_at(step)
        return commands.tools.pids
    # Opening the FIFO for writing blocks, as it never gets a reader.
    commands.tools.stop_at("")
    fifo = commands.out / "report" / "results.json.new"
    fifo.parent.mkdir(parents=True)
    os.mkfifo(fifo)
    return lambda: blocks_on(commands.pid, fifo)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("step, words", STEPS, ids=NAMES)
def test_step_is_ended_and_repeated(commands, sample_tree, step, words, number) -> None:
    before = snapshot(sample_tree)
    commands.interrupted(words, reach(commands, step), number)
    assert f"vdsox: interrupted by {number.name}" in commands.output()
    assert not list(commands.out.rglob("half.o")), "make got no SIGTERM"
    assert not list(commands.out.rglob(".vdsox-stage-*"))
    assert snapshot(sample_tree) == before
    commands.tools.go_on()
    again = {"bench": ["build"], "boot": RUN}.get(words[0], words)
    commands.succeeds(again)
    for path in commands.out.rglob("tests/vdso_task/ids"):
        assert path.read_text() == "test\n"


def test_boot_does_not_take_half_the_kselftests(commands) -> None:
    """For a user's tree there is no record of the kselftests' sources."""
    commands.interrupted(TREE, reach(commands, "kselftest"), signal.SIGTERM)
    assert not list(commands.out.glob("*/tests"))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_installation_of_python_is_ended(commands, number) -> None:
    """By ./vdsox, which is a shell script."""
    commands.tools.python.unlink()
    commands.interrupted(RUN, reach(commands, "install"), number)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
@pytest.mark.parametrize("step", ["build", "guest"])
def test_tool_does_not_outlive_a_killed_command(commands, step: str) -> None:
    process = commands.start(RUN)
    commands.tools.stop_at(step)
    wait_for(commands.tools.pids, "the step")
    process.kill()
    process.wait()
    tool, child = commands.tools.pids()
    wait_for(lambda: not alive(tool), "the end of the tool")
    if alive(child):
        os.kill(child, signal.SIGKILL)


# --- ./vdsox test ---

HANGS = """
import time
from pathlib import Path

from harness import procs


def test_build(ctx):
    (ctx.out / "build").mkdir(parents=True)
    command = ["make", f"O={ctx.out / 'build'}", "Image"]
    procs.run_logged(command, ctx.out / "log", "build")


def test_waits(ctx):
    time.sleep(1000)
"""
SHARED = "conftest.py prebuild.py cells.py suites.py fixtures.py offbuild.py offparts.py pytest.ini"


@pytest.fixture(name="sample_tests")
def fixture_sample_tests(sample_repo: Path) -> Path:
    folder = sample_repo / "tests"
    folder.mkdir()
    for name in SHARED.split():
        shutil.copy(REPO / "tests" / name, folder / name)
    (folder / "test_hangs.py").write_text(HANGS)
    return folder


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_tests_end_what_a_test_runs(commands, sample_tests, number) -> None:
    words = ["test", "-k", "test_build"]
    commands.interrupted(words, reach(commands, "build"), number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_tests_end_the_prebuild(commands, sample_tests, number) -> None:
    text = HANGS.replace("def test_build", "def not_a_test")
    (sample_tests / "test_hangs.py").write_text(text)
    commands.interrupted(["test"], reach(commands, "build"), number)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_pytest_itself_is_interrupted(commands, sample_tests, tmp_path, number) -> None:
    """As by Ctrl-C: it tears down its fixtures and exits as interrupted."""
    commands.tools.stop_at("build")
    options = ["-p", "no:cacheprovider", "-k", "test_build", str(sample_tests)]
    process = subprocess.Popen(
        [*DEFAULT_SIGNALS, sys.executable, "-m", "pytest", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "VDSOX_OUT": str(tmp_path / "out")},
        start_new_session=True,
    )
    wait_for(commands.tools.pids, "the step")
    process.send_signal(number)
    output, _ = process.communicate(timeout=END_LIMIT)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert not [pid for pid in commands.tools.pids() if alive(pid)]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_ci_script_ends_its_tests(commands, sample_tests, tmp_path, number) -> None:
    """And restores the setting that it changed."""
    pages = tmp_path / "pages"
    pages.write_text("always [madvise] never\n")
    there = "/sys/kernel/mm/transparent_hugepage/enabled"
    text = (REPO / ".ci/run").read_text()
    assert there in text
    run = commands.repo / ".ci/run"
    run.parent.mkdir()
    run.write_text(text.replace(there, str(pages)))
    run.chmod(0o755)
    text = HANGS.replace("def test_waits", "def not_a_test")
    (sample_tests / "test_hangs.py").write_text(text)
    ended = 128 + signal.SIGTERM
    commands.interrupted([str(run)], reach(commands, "build"), number, ended)
    assert pages.read_text() == "madvise\n"


# --- unit tests ---

HEAD = f"""
import os, signal, sys
sys.path.insert(0, {str(REPO / 'scripts')!r})
from pathlib import Path
from harness import interrupt, procs
me = os.getpid()
def clean():
    print("cleaned", flush=True)
"""


def script(text: str, *before: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*DEFAULT_SIGNALS, *before, sys.executable, "-c", HEAD + text],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


def test_signal_waits_for_the_end_of_a_hold() -> None:
    done = script(
        """
with interrupt.handled(clean, "it"):
    with interrupt.hold():
        os.kill(me, signal.SIGTERM)
        print("held")
    print("never")
"""
    )
    assert (done.stdout, done.stderr) == (
        "held\ncleaned\n",
        "it: interrupted by SIGTERM\n",
    )
    assert done.returncode == -signal.SIGTERM


def test_second_signal_does_not_cut_a_clean_up_short() -> None:
    done = script(
        """
with interrupt.handled(clean):
    try:
        os.kill(me, signal.SIGINT)
    finally:
        os.kill(me, signal.SIGTERM)
        print("undone")
"""
    )
    assert (done.stdout, done.returncode) == ("undone\ncleaned\n", -signal.SIGINT)


def test_late_second_signal_ends_a_clean_up_that_hangs() -> None:
    done = script(
        """
interrupt.GRACE = 0
with interrupt.handled(clean):
    try:
        os.kill(me, signal.SIGTERM)
    finally:
        os.kill(me, signal.SIGTERM)
        print("never")
"""
    )
    assert (done.stdout, done.returncode) == ("cleaned\n", -signal.SIGTERM)


def test_clean_up_that_fails_is_no_other_outcome() -> None:
    """Such as the write of a progress line to a terminal that hung up."""
    done = script(
        """
with interrupt.handled(clean):
    try:
        os.kill(me, signal.SIGHUP)
    finally:
        raise OSError
"""
    )
    assert (done.stdout, done.returncode) == ("cleaned\n", -signal.SIGHUP)


def test_tree_is_changed_as_a_whole(tmp_path: Path) -> None:
    done = script(
        f"""
from harness import stage
swap = stage._swap
def interrupted(*words):
    os.kill(me, signal.SIGTERM)
    swap(*words)
stage._swap = interrupted
with interrupt.handled(clean):
    new = {{name: stage.Content(b"new") for name in ("a", "b/c")}}
    stage.commit(Path({str(tmp_path)!r}), new)
"""
    )
    assert done.returncode == -signal.SIGTERM, done.stderr
    assert {name: data for name, (data, _) in snapshot(tmp_path).items()} == {
        "a": b"new",
        "b/c": b"new",
    }


def test_ignored_signal_stays_ignored() -> None:
    text = """
with interrupt.handled(clean):
    os.kill(me, signal.SIGHUP)
print("goes on")
"""
    done = script(text, "env", "--ignore-signal=HUP")
    assert (done.stdout, done.returncode) == ("cleaned\ngoes on\n", 0)


def test_group_ends_with_its_program(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 1000 & echo $! > {pid}"]
    procs.run_logged(command, tmp_path / "log", "x")
    assert not alive(int(pid.read_text()))


@pytest.mark.parametrize("ignores", ["leader", "child"])
def test_group_that_ignores_sigterm_is_killed(tmp_path: Path, ignores: str) -> None:
    pids = tmp_path / "pids"
    child = "trap '' TERM; " if ignores == "child" else ""
    leader = "trap '' TERM; " if ignores == "leader" else ""
    text = f"({child}while :; do sleep 1000; done) & {leader}"
    text += f"echo $$ $! > {pids}.new; mv {pids}.new {pids}; while :; do wait; done"
    with procs.running(["sh", "-c", text], grace=0.5):
        wait_for(pids.exists, "the group")
    assert not [pid for pid in pids.read_text().split() if alive(int(pid))]


def test_no_signal_is_blocked_in_a_program() -> None:
    command = ["grep", "SigBlk", "/proc/self/status"]
    mine = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("SigBlk")
    )
    assert procs.capture(command, "grep").strip() == mine


def test_group_of_root_is_ended_through_sudo(fake_tools, monkeypatch, tmp_path) -> None:
    log = tmp_path / "log"
    fake_tools.add("sudo", f'printf "%s " "$@" > {log}\n')

    def refuse(_group: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(procs.os, "killpg", refuse)
    procs._signal(12345, signal.SIGTERM)
    assert log.read_text() == "-n sh -c kill -15 -12345 "


def test_nothing_stays_registered(tmp_path: Path) -> None:
    procs.run_logged(["true"], tmp_path / "log", "x")
    with pytest.raises(procs.Killed, match="x was ended by SIGKILL"):
        procs.run_logged(["sh", "-c", "kill -KILL $$"], tmp_path / "log", "x")
    process = procs.start(["sleep", "1000"])
    procs.end_all()
    assert process.returncode == -signal.SIGTERM
    assert procs._running == {}


def test_session_handles_signals() -> None:
    """Otherwise a test that calls cli.main() would end the session's process."""
    assert interrupt._state.installed
