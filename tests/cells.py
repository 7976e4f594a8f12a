# SPDX-License-Identifier: GPL-2.0
"""Cells that tests share: each is built and run once a session."""

from __future__ import annotations

from typing import Callable, TypeVar

from harness import machine, runner, source
from harness.cell import Cell
from harness.context import Context
from harness.results import CellResult

Value = TypeVar("Value")


class Cells:
    """What was built, and what went wrong, for each architecture."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._values: dict[str, object] = {}

    def once(self, key: str, make: Callable[[], Value]) -> Value:
        """The value of the first call; its failure is everyone's failure."""
        if key not in self._values:
            try:
                self._values[key] = make()
            except Exception as error:  # pylint: disable=broad-except
                self._values[key] = error
        value = self._values[key]
        if isinstance(value, Exception):
            raise value
        return value  # type: ignore[return-value]

    def source(self) -> source.Source:
        return self.once("source", lambda: source.prepare(self.ctx, None, None))

    def cell(self, arch: str) -> Cell:
        return Cell(self.ctx, self.source(), machine.load(arch))

    def result(self, arch: str) -> CellResult:
        """The cell built, booted and tested as ./vdsox run does it."""
        return self.once(f"run-{arch}", lambda: runner.test_cell(self.cell(arch)))
