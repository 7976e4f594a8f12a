# SPDX-License-Identifier: GPL-2.0
"""Run steps in parallel threads, and locks against other threads and commands."""

from __future__ import annotations

import fcntl
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Callable, Iterator, Optional

from harness import events, procs
from harness.context import Context
from harness.errors import Fault
from harness.ui import Outcome, no_progress

POLL = 0.05
NOTICED = 0.5  # seconds; a shorter wait for a lock is no event


# In a thread of Workers, `ended` is the event that ends its waits.
_thread = threading.local()


class Workers:
    """The calls that a workers() block submits."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._futures: list["Future[Any]"] = []
        self._ended = threading.Event()

    def submit(self, call: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Queue a call; Future.result() raises what the call raises."""
        self._futures.append(self._pool.submit(self._run, call, *args))
        return self._futures[-1]

    def _run(self, call: Callable[..., Any], *args: Any) -> Any:
        _thread.ended = self._ended
        return call(*args)

    def end(self) -> None:
        """Cancel the queued calls, and end the programs of this process and the waits
        for locks until the running calls have returned."""
        self._ended.set()
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


def _acquire(lock: IO[str], kind: int) -> None:
    """A signal interrupts flock() in the main thread only; so other threads poll."""
    ended = getattr(_thread, "ended", None)
    if ended is None:
        fcntl.flock(lock, kind)
        return
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if ended.wait(POLL):
                raise Fault(f"{lock.name}: no longer waited for") from None


@contextmanager
def locked_file(
    path: Path, kind: int = fcntl.LOCK_EX, log: Optional[Path] = None
) -> Iterator[None]:
    """Hold the lock of a file, which is created. Blocks of one thread with the same
    file must not be nested. log: gets an event if it has to wait"""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as lock:
        begin = time.time()
        _acquire(lock, kind)
        if time.time() - begin > NOTICED:
            events.append(log, "wait", path.name, begin, time.time())
        yield


@contextmanager
def locked(ctx: Context, name: str, kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock of the output directory, also against other processes."""
    with locked_file(ctx.out / "locks" / name, kind, ctx.ui.events):
        yield


@contextmanager
def locked_step(
    ctx: Context, lock: str, base: str, cell: str, name: str
) -> Iterator[Outcome]:
    """A step of Ui that makes files in the output directory which other commands may
    make at the same time. While it waits for one, its line says so; what that one has
    made is found on disk."""
    with ctx.ui.step(base, cell, name) as outcome:
        outcome.progress = lambda: "waits for another command"
        with locked(ctx, lock):
            outcome.progress = no_progress
            yield outcome


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
