# SPDX-License-Identifier: GPL-2.0
"""Runs ./vdsox of a sample repository with fake tools, in processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Optional

from faketools import StoppingTools

LIMIT = 60.0
# A command ends within this time, most of which only a busy machine needs.
END_LIMIT = 30.0
# The caller may ignore signals, as a shell does for a background job.
DEFAULT_SIGNALS = ["env", "--default-signal=HUP,INT,TERM"]


def wait_for(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that its parent never reaps does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class Commands:
    """Starts ./vdsox of the sample repository with fake tools."""

    def __init__(
        self, repo: Path, tools: StoppingTools, folder: Path, log: str = "output"
    ) -> None:
        self.repo, self.tools, self.folder = repo, tools, folder
        self.out, self.log = folder / "out", folder / log
        self.pid = 0

    def start(self, words: list[str]) -> "subprocess.Popen[bytes]":
        tree = str(self.folder / "linux")
        words = [word.replace("@TREE@", tree) for word in words]
        if not words[0].startswith("/"):
            options = ["--out", str(self.out), "-j1"]
            words = [str(self.repo / "vdsox"), words[0], *options, *words[1:]]
        env = {**os.environ, "VDSOX_PYTHON": str(self.tools.python)}
        env["XDG_CACHE_HOME"] = str(self.folder / "cache")
        env.pop("VDSOX_ACCEL", None)
        with open(self.log, "w") as log:
            return subprocess.Popen(
                [*DEFAULT_SIGNALS, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    def output(self) -> str:
        return self.log.read_text()

    def interrupted(
        self,
        words: list[str],
        reached: Callable[[], object],
        number: int,
        status: Optional[int] = None,
    ) -> None:
        """Start, wait for the step, send the signal: every process must end."""
        status = -number if status is None else status
        process = self.start(words)
        self.pid = process.pid
        try:
            wait_for(lambda: reached() or process.poll() is not None, "the step")
            assert process.poll() is None, self.output()
            os.kill(process.pid, number)
            assert process.wait(END_LIMIT) == status, self.output()
            assert not [pid for pid in self.tools.pids() if alive(pid)], self.output()
        finally:
            for pid in [process.pid, *self.tools.pids()]:
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def succeeds(self, words: list[str]) -> None:
        assert self.start(words).wait(LIMIT) == 0, self.output()
