# SPDX-License-Identifier: GPL-2.0
"""Steps that run at the same time, and steps that run alone."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import initramfs, parallel, procs
from harness.context import Context
from harness.errors import Fault

LIMIT = 60.0


def test_calls_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=LIMIT)
    with parallel.workers(2) as workers:
        found = [workers.submit(both.wait) for _ in range(2)]
        assert {future.result() for future in found} == {0, 1}


def test_exception_ends_what_the_others_run(tmp_path: Path) -> None:
    """Both the running program, and the one that the call would start next."""
    begun, results = threading.Event(), []

    def call() -> None:
        begun.set()
        for name in ("first", "second"):
            command = ["sleep", "1000"]
            results.append(procs.status_logged(command, tmp_path / "log", name))

    never = []
    with pytest.raises(Fault, match="of the block"):
        with parallel.workers(1) as workers:
            workers.submit(call)
            workers.submit(never.append, 1)
            assert begun.wait(LIMIT)
            raise Fault("of the block")
    assert len(results) == 2 and all(status < 0 for status in results)
    assert never == []


def test_failed_call_raises_in_the_block() -> None:
    def call() -> None:
        raise Fault("of the call")

    with pytest.raises(Fault, match="of the call"):
        with parallel.workers(1) as workers:
            workers.submit(call).result()


def test_alone_excludes_busy_steps(tmp_path: Path) -> None:
    ctx, order = Context(out=tmp_path), []
    waits = threading.Event()

    def be_alone() -> None:
        waits.set()
        with parallel.exclusive_machine(ctx):
            order.append("alone")

    with parallel.workers(1) as workers:
        with parallel.shared_machine(ctx), parallel.shared_machine(ctx):
            done = workers.submit(be_alone)
            assert waits.wait(LIMIT)
            order.append("busy")
        done.result(LIMIT)
        with parallel.shared_machine(ctx):
            order.append("busy again")
    assert order == ["busy", "alone", "busy again"]


def test_program_that_yields(tmp_path: Path) -> None:
    """By the nice values of the process and of its autogroup, if it has one."""
    log = tmp_path / "log"
    script = "nice; cat /proc/self/autogroup 2>/dev/null || echo nice 15"
    wait = "until [ $(nice) = 15 ]; do :; done; "
    procs.run_logged(["sh", "-c", wait + script], log, "a program", nice=15)
    lines = log.read_text().splitlines()
    assert lines[-2] == "15"
    assert lines[-1].endswith("nice 15")


def test_guests_that_start_together_share_their_pid_1(tmp_path: Path) -> None:
    here = SimpleNamespace(cross="")
    cell = SimpleNamespace(ctx=Context(), folder=tmp_path, machine=here)
    with parallel.workers(4) as workers:
        built = [workers.submit(initramfs.build_init, cell) for _ in range(4)]
        assert {future.result() for future in built} == {tmp_path / "init"}
    assert (tmp_path / "init.log").read_text().count("$ gcc") == 1
