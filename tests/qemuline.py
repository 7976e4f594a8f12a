# SPDX-License-Identifier: GPL-2.0
"""Returns the command line of QEMU for a guest without starting it."""

from __future__ import annotations

import pytest

from harness import guest
from harness.cell import Cell
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig


class _Started(Exception):
    """Carries the arguments with which QEMU would have been started."""


def _start(args: list[str], _channels: object) -> None:
    raise _Started(*args)


def qemu_line(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(guest.initramfs, "make", lambda *_args: None)
    monkeypatch.setattr(guest, "Qemu", _start)
    with pytest.raises(_Started) as started:
        guest.run(cell, GuestJob("probe"), GuestConfig(), "tcg")
    return list(started.value.args)


def accel_of(line: list[str]) -> str:
    return line[line.index("-accel") + 1]
