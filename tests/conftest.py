# SPDX-License-Identifier: GPL-2.0
"""Fixtures: small trees and repositories, fake tools, built cells."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

from prebuild import Prebuild
from cells import NAMES, THOROUGH, Cells
from harness import events, interrupt, machine, procs
from harness.context import REPO, Context
from harness.results import flake_lines
from harness.ui import Ui
from fixtures import KERNEL_FILES, REPO_FILES, lay

if TYPE_CHECKING:
    from commandline import Commands

MISSED = pytest.StashKey[bool]()
CONTEXT = pytest.StashKey[Context]()


def progress_fd() -> int:
    return int(os.environ.get("VDSOX_PROGRESS_FD", "2"))


def make_context(still: bool = False) -> Context:
    """A context as in ./vdsox test, with progress on standard error."""
    stream = os.fdopen(os.dup(progress_fd()), "w", buffering=1)
    ui = Ui(stream=stream, still=still, events=events.from_environment())
    context = Context(ui=ui, install_deps=False)
    if "VDSOX_OUT" in os.environ:
        context.out = Path(os.environ["VDSOX_OUT"])
    if "VDSOX_JOBS" in os.environ:
        context.jobs = int(os.environ["VDSOX_JOBS"])
    return context


@pytest.fixture(scope="session")
def ctx(request: pytest.FixtureRequest) -> Iterator[Context]:
    context = make_context()
    request.config.stash[CONTEXT] = context
    yield context
    context.ui.stream.close()


@pytest.fixture(scope="session")
def cells(ctx: Context) -> Cells:
    """Builds each kernel and runs each guest once per session."""
    return Cells(ctx)


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM and SIGHUP end the session and its children as Ctrl-C does."""
    config.add_cleanup(procs.end_all)
    config.add_cleanup(interrupt.install())


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Tests that need no kernel run first, while the first kernel is built."""
    if not THOROUGH:
        left = [item for item in items if item.get_closest_marker("thorough")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    """Guests run in the order in which prebuild.py builds their kernels: plain kernels,
    host kernels, variants, kernels with the option off."""
    if item.get_closest_marker("last"):
        return 5
    if not item.get_closest_marker("guest"):
        return 0
    kernel = item.get_closest_marker("kernel")
    if kernel:
        return {"host": 2, "off": 4}[kernel.args[0]]
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    variants = set(NAMES) - set(machine.names())
    return 3 if variants & {str(value) for value in values} else 1


@pytest.fixture(scope="session", autouse=True)
def prebuild() -> Iterator[None]:
    """A second process builds the kernels if all tests run."""
    process = Prebuild(progress_fd()) if "VDSOX_PREBUILD" in os.environ else None
    yield
    status = process.end() if process else 0
    assert not status, f"the prebuild process exited early: {status}"


@pytest.fixture
def sample_repo(tmp_path: Path) -> Path:
    """A small repository with the layout of this one and its harness."""
    repo = tmp_path / "repo"
    lay(repo, REPO_FILES)
    shutil.copy(REPO / "vdsox", repo / "vdsox")
    (repo / "scripts").mkdir(exist_ok=True)
    for name in ("harness", "qemu", "configs", "init"):
        shutil.copytree(REPO / "scripts" / name, repo / "scripts" / name)
    return repo


@pytest.fixture
def sample_tree(tmp_path: Path) -> Path:
    """A tree that the harness accepts as a 6.12 kernel."""
    tree = tmp_path / "linux"
    lay(tree, KERNEL_FILES)
    return tree


class FakeTools:
    """Fake programs in the first folder of PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def fake_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTools:
    tools = FakeTools(tmp_path / "fake-bin")
    monkeypatch.setenv("PATH", f"{tools.folder}:{os.environ['PATH']}")
    return tools


Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def vdsox() -> Runner:
    """Run the command as a user would, from any repository."""

    def call(
        *args: object, repo: Path = REPO, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "VDSOX_PYTHON": sys.executable, **env}
        return procs.communicate(
            [repo / "vdsox", *args],
            env=environment,
            grace=procs.NESTED_GRACE,
            timeout=600,
        )

    return call


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """List the guest tests that timed out once and passed when they ran again."""
    if config.option.collectonly:
        return
    context = config.stash.get(CONTEXT, None)
    terminalreporter.section("flakes")
    for line in flake_lines(context.flakes if context else []):
        terminalreporter.write_line(line)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Log when each phase of a test ran, for ./vdsox test --times."""
    end, more = time.time(), {"phase": report.when, "outcome": report.outcome}
    log = events.from_environment()
    events.append(log, "phase", report.nodeid, end - report.duration, end, **more)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Exit with 2, not 1, if a guest did not run an expected test."""
    if exitstatus == 1 and session.config.stash.get(MISSED, False):
        session.exitstatus = 2


@pytest.fixture
def missed(request: pytest.FixtureRequest) -> Callable[[], None]:
    def note() -> None:
        request.config.stash[MISSED] = True

    return note


@pytest.fixture(name="commands")
def fixture_commands(
    sample_repo: Path, sample_tree: Path, fake_tools: FakeTools, tmp_path: Path
) -> Commands:
    """Starts ./vdsox of the sample repository with tools that can block at a step."""
    from commandline import Commands
    from faketools import StoppingTools

    tools = StoppingTools(fake_tools, tmp_path / "distributed")
    return Commands(sample_repo, tools, tmp_path)
