# SPDX-License-Identifier: GPL-2.0
"""Builds the kernels that the tests need, while the tests run.

A guest is idle half of the time and most tests use one CPU. A test that needs a
kernel waits for its lock, see cells.py, and finds it built; or takes the lock
first and builds it itself, which is also how a failed build is reported.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, Optional

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent / "scripts")]

from harness import interrupt, procs  # noqa: E402


class Prebuild:
    """Starts and ends the process that builds.

    It is not registered: tests of the harness call procs.end_all().
    """

    def __init__(self, progress: int, script: Path = Path(__file__)) -> None:
        self._process = procs.start(
            [sys.executable, script],
            registered=False,
            stdout=subprocess.DEVNULL,
            pass_fds=(progress,),
        )

    def end(self) -> Optional[int]:
        """End the process and its children; return its status if it had exited."""
        status = self._process.poll()
        procs.end_group(self._process, procs.NESTED_GRACE)
        return status


def _jobs() -> Iterator[Callable[[], object]]:
    import cells
    from harness import machine
    from conftest import make_context

    context = make_context(still=True)  # the live line shows the tests' own steps
    shared = cells.Cells(context)
    for name in [*machine.names(), *cells.HOSTS.values(), *cells.NAMES]:
        yield lambda: shared.build(name)
    yield shared.off


def main() -> None:
    from harness.errors import Fault
    from pytest import skip

    with interrupt.handled(procs.end_all):
        for job in _jobs():
            try:
                job()
            except (Fault, OSError, AssertionError, skip.Exception):
                pass  # the test that needs it builds it again and reports


if __name__ == "__main__":
    main()
