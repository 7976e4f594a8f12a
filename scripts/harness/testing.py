# SPDX-License-Identifier: GPL-2.0
"""./vdsox test: run pytest over tests/; long steps print progress to this stderr."""

from __future__ import annotations

import os
import sys

from harness import deps, events, machine, procs
from harness.context import Context
from harness.errors import EXIT_FAILED, EXIT_FAULT, EXIT_OK

STATUS = {0: EXIT_OK, 1: EXIT_FAILED}


def _arguments(expression: str | None, listing: bool, quick: bool) -> list[str]:
    args = ["-q", "--collect-only"] if listing else ["-v", "--durations=12"]
    args += ["-k", expression] if expression else []
    args += ["-m", "not guest"] if quick else []
    return args


def run(
    ctx: Context, expression: str | None, listing: bool, quick: bool, thorough: bool
) -> int:
    """Run the tests; returns 0, 1 if a test failed, 2 for any other status of pytest.
    Fault if packages are missing and cannot be installed."""
    arches = [] if quick or listing else machine.names()
    deps.ensure(ctx, deps.packages(arches, testing=True))
    progress = os.dup(2)
    everything = not (expression or listing or quick)
    env = {
        **os.environ,
        "VDSOX_PROGRESS_FD": str(progress),
        "VDSOX_OUT": str(ctx.out),
        "VDSOX_JOBS": str(ctx.jobs),
        "VDSOGEN_TOOLS": str(ctx.out / "tools" / "vdsogen-tests"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"VDSOX_PREBUILD": "1"} if everything else {}),
        **({"VDSOX_THOROUGH": "1"} if thorough else {}),
        **({events.VARIABLE: str(ctx.ui.events)} if ctx.ui.events else {}),
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    command += _arguments(expression, listing, quick) + ["tests"]
    sys.stdout.flush()
    options = {"cwd": ctx.repo, "env": env, "pass_fds": (progress,)}
    with procs.running(command, grace=procs.NESTED_GRACE, **options) as process:
        return STATUS.get(process.wait(), EXIT_FAULT)
