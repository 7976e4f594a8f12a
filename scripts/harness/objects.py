# SPDX-License-Identifier: GPL-2.0
"""Progress of a kernel build: objects compiled so far and in total.

kbuild prints no total. Once the generated headers exist, `make -n` lists the objects
that are out of date, in some seconds of one CPU. So it runs in parallel with a build
that has lasted PERIOD, and the total is the union of its list and the build log. An
object counts when its compiler starts.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Callable, Iterator, Mapping, Optional, Sequence

from harness import procs
from harness.status import duration
from harness.ui import Outcome, no_progress

STARTED = re.compile(r"^  (?:CC|AS) +(?:\[M\] +)?([^/\s]\S*\.o)$", re.MULTILINE)
NAMED = re.compile(r"echo '  (?:CC|AS) +(?:\[M\] +)?([^/\s][^\s']*\.o)'")
# kbuild archives a first directory when all generated headers exist.
PACKED = re.compile(r"^  AR +\S*built-in\.a$", re.MULTILINE)
# The last line of a complete list. `make -n` fails after it, on a file that only a real
# build creates; so its exit status is ignored.
WHOLE = "echo '  AR      vmlinux.a'"
PERIOD = 10.0  # seconds
ELSEWHERE = ("scripts/", "tools/", ".tmp_")


def objects(pattern: re.Pattern[str], text: str) -> set[str]:
    """The kernel's objects, without host programs and the few of arch/*/boot/."""
    names = pattern.findall(text)
    return {n for n in names if not n.startswith(ELSEWHERE) and "/boot/" not in n}


def describe(done: int, total: int, seconds: float) -> str:
    """Progress text with an estimate of the time left.

    seconds: since the first object
    total: 0 if unknown
    """
    if not done:
        return ""
    if not total:
        return f"{done} objects"
    text = f"{done}/{total}"
    if done >= total or seconds <= 0:
        return text
    left = round(seconds * (total - done) / done)
    return f"{text}, about {duration(left) if left >= 60 else f'{left}s'} left"


class Objects:
    """Count the objects in a growing build log.

    dry_run: the `make -n` command that lists them all, or None
    clock: in seconds
    """

    def __init__(
        self,
        log: Path,
        dry_run: Optional[Sequence[object]],
        env: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._command, self._env, self._clock = log, dry_run, env, clock
        self._offset = log.stat().st_size if log.exists() else 0
        self._rest = b""
        self._seen: set[str] = set()
        self._named: set[str] = set()
        self._packed = False
        self._begun = self._first = self._polled = clock()
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._output: Optional[IO[bytes]] = None
        self._lock = threading.Lock()

    def text(self) -> str:
        """Progress text; reads what was appended to the log. OSError if unreadable."""
        with self._lock:
            self._read()
            self._count()
            total = len(self._seen | self._named) if self._named else 0
            return describe(len(self._seen), total, self._clock() - self._first)

    def _read(self) -> None:
        with open(self._log, "rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        self._offset += len(data)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        text = whole.decode("utf-8", "replace")
        if not self._seen:
            self._first = self._polled
        self._polled = self._clock()
        self._seen |= objects(STARTED, text)
        self._packed = self._packed or PACKED.search(text) is not None

    def _count(self) -> None:
        """Start `make -n` once, and read its list when it has ended."""
        if self._process and self._output and self._process.poll() is not None:
            self._output.seek(0)
            text = self._output.read().decode("utf-8", "replace")
            self._named = objects(NAMED, text) if WHOLE in text else set()
            self._output.close()
            self._output = None
        late = self._clock() - self._begun >= PERIOD
        if self._command and self._packed and late:
            self._output = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                [str(word) for word in self._command],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **self._env},
                start_new_session=True,
            )
            self._command = None

    def close(self) -> None:
        """End `make -n` if it still runs."""
        with self._lock:
            self._command = None
            if self._process:
                procs.end_group(self._process)
            if self._output:
                self._output.close()
                self._output = None


@contextmanager
def follow(
    outcome: Optional[Outcome],
    log: Path,
    dry_run: Optional[Sequence[object]],
    env: Mapping[str, str],
) -> Iterator[None]:
    """Let the step of `outcome` show the build's progress while the block runs."""
    if outcome is None:
        yield
        return
    counter = Objects(log, dry_run, env)
    outcome.progress = counter.text
    try:
        yield
    finally:
        outcome.progress = no_progress
        counter.close()
