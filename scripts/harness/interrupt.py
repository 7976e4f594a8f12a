# SPDX-License-Identifier: GPL-2.0
"""SIGHUP, SIGINT and SIGTERM end a command, after its own clean-ups.

The first signal raises Interrupted in the main thread, so that every `finally` and
`with` on the stack runs. Signals that follow within GRACE seconds are ignored: they
would abort the clean-ups. hold() defers the exception while it must not be raised,
as between the start of a process and its registration. The signals are not blocked
there, since a child would inherit the mask.

At the end the process restores the default action and sends the signal to itself: its
parent sees it terminated by that signal, which a shell reports as 128 plus its number.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Callable, Iterator, Optional

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
GRACE = 10.0


class Interrupted(KeyboardInterrupt):
    """One of SIGNALS arrived; no `except Exception` catches it."""


@dataclass
class _State:
    installed: bool = False
    received: Optional[int] = None
    when: float = 0.0
    holds: int = 0
    pending: bool = False


_state = _State()


def _handle(number: int, _frame: object) -> None:
    now = time.monotonic()
    if _state.received is not None and now < _state.when + GRACE:
        return
    _state.received, _state.when = _state.received or number, now
    if _state.holds:
        _state.pending = True
    else:
        raise Interrupted(signal.Signals(number).name)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def hold() -> Iterator[None]:
    """Defer Interrupted to the end of the block. Keep the block short."""
    if not _in_main_thread():
        yield
        return
    _state.holds += 1
    try:
        yield
    finally:
        _state.holds -= 1
        if _state.pending and not _state.holds:
            _state.pending = False
            raise Interrupted("deferred")


def install() -> Callable[[], None]:
    """Install handlers for SIGNALS; returns a function that restores the former ones.

    A signal that the parent made us ignore, as nohup does, stays ignored.
    """
    old = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in old.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _handle)
    _state.installed = True

    def restore() -> None:
        for number, handler in old.items():
            signal.signal(number, handler)
        _state.installed, _state.received, _state.pending = False, None, False

    return restore


@contextmanager
def handled(clean_up: Callable[[], None], name: str = "") -> Iterator[None]:
    """Run the block with SIGNALS handled; then clean up, and after a signal, die().

    Within another such block, or outside of the main thread, it only runs the block.
    """
    if _state.installed or not _in_main_thread():
        yield
        return
    restore = install()
    number = None
    try:
        try:
            yield
        finally:
            with hold():
                clean_up()
    except BaseException:
        # After a signal the outcome is that signal, even if a clean-up failed (a
        # terminal that hung up).
        if _state.received is None:
            raise
    finally:
        number = _state.received
        restore()
    if number is not None:
        die(number, name)


def die(number: int, name: str = "") -> None:
    """Terminate this process by a signal's default action; with `name`, report it."""
    with suppress(OSError, ValueError):
        if name:
            text = f"{name}: interrupted by {signal.Signals(number).name}"
            print(text, file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
