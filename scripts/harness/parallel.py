# SPDX-License-Identifier: GPL-2.0
"""Steps at the same time, each in a thread, and what they must not have beside them."""

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
    """Threads for the calls that a block submits."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._futures: list["Future[Any]"] = []

    def submit(self, call: Callable[..., Any], *args: Any) -> "Future[Any]":
        self._futures.append(self._pool.submit(call, *args))
        return self._futures[-1]

    def end(self) -> None:
        """No call begins any more, and every program that one has started is ended."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in self._futures):
            procs.end_all()
            time.sleep(POLL)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Up to so many calls at a time. An exception in the block ends all of them."""
    with ThreadPoolExecutor(count) as pool:
        found = Workers(pool)
        try:
            yield found
        except BaseException:
            found.end()
            raise


@contextmanager
def _locked(ctx: Context, name: str, kind: int) -> Iterator[None]:
    path = ctx.out / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as lock:
        fcntl.flock(lock, kind)
        yield


@contextmanager
def busy(ctx: Context) -> Iterator[None]:
    """Around what takes the machine for minutes, in whatever process."""
    with ExitStack() as stack:
        with _locked(ctx, "turn", fcntl.LOCK_EX):
            stack.enter_context(_locked(ctx, "beside", fcntl.LOCK_SH))
        yield


@contextmanager
def alone(ctx: Context) -> Iterator[None]:
    """Waits for all that is busy; nothing more becomes busy before the block ends."""
    with _locked(ctx, "turn", fcntl.LOCK_EX), _locked(ctx, "beside", fcntl.LOCK_EX):
        yield
