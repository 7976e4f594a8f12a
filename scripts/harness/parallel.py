# SPDX-License-Identifier: GPL-2.0
"""Run steps in parallel threads, and lock the machine for steps that must run alone."""

from __future__ import annotations

import fcntl
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Iterator

from harness import procs
from harness.context import Context

POLL = 0.05


class Workers:
    """The calls that a workers() block submits."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._futures: list["Future[Any]"] = []

    def submit(self, call: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Queue a call; Future.result() raises what the call raises."""
        self._futures.append(self._pool.submit(call, *args))
        return self._futures[-1]

    def end(self) -> None:
        """Cancel the queued calls and end the programs of this process until the
        running calls have returned."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in self._futures):
            procs.end_all()
            time.sleep(POLL)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Run up to `count` calls at a time. An exception in the block ends all of them."""
    with ThreadPoolExecutor(count) as pool:
        found = Workers(pool)
        try:
            yield found
        except BaseException:
            found.end()
            raise


@contextmanager
def locked(ctx: Context, name: str, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock of the output directory, also against other processes."""
    path = ctx.out / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as lock:
        fcntl.flock(lock, kind)
        yield


@contextmanager
def shared_machine(ctx: Context) -> Iterator[None]:
    """Around steps that load the machine for minutes. Any number of processes may be in
    such a block at the same time, none while one is in exclusive_machine()."""
    with ExitStack() as stack:
        with locked(ctx, "turn"):
            stack.enter_context(locked(ctx, "beside", fcntl.LOCK_SH))
        yield


@contextmanager
def exclusive_machine(ctx: Context) -> Iterator[None]:
    """Wait for all shared_machine() blocks, also of other processes, and let no other
    begin before the block ends."""
    with locked(ctx, "turn"), locked(ctx, "beside"):
        yield
