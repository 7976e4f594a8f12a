# SPDX-License-Identifier: GPL-2.0
"""Cells that tests share: each is built and run once per session.

Each slow step runs under a file lock of its own, so that a second process may finish
it before a test needs it: see prebuild.py.
"""

from __future__ import annotations

import functools
import os
from typing import Callable, Mapping, TypeVar

import pytest

import offbuild
from harness import bases, build, machine, parallel, runner, source, variant
from harness.cell import Cell
from harness.context import REPO, Context
from harness.ktap import Result
from harness.results import CellResult
from suites import skips_if_absent

Value = TypeVar("Value")

THOROUGH = "VDSOX_THOROUGH" in os.environ
# Bases other than the default one, which names of cells do not contain.
DEFAULT_BASE = bases.default_name(REPO)
OTHER_BASES = [b.name for b in bases.all_bases(REPO) if b.name != DEFAULT_BASE]
# Every architecture and one instrumented kernel; ./vdsox test --thorough adds all other
# variants of the first architecture, that one of the others, and every architecture of
# the other bases.
FIRST, *REST = machine.names()
INSTRUMENTED = variant.DEBUG
NAMES = [FIRST, *REST, INSTRUMENTED.named(FIRST)]
if THOROUGH:
    NAMES += [v.named(FIRST) for v in variant.OTHERS if v != INSTRUMENTED]
    NAMES += [INSTRUMENTED.named(arch) for arch in REST]
    NAMES += [f"{base}-{arch}" for base in OTHER_BASES for arch in machine.names()]

# Kernels that run installed programs: their cells expect no kselftests.
HOSTS = {arch: f"{arch}-{variant.HOST}" for arch in machine.names()}


def row_of(rows: Mapping[str, Value], arch: str) -> Value:
    """The row of an architecture in the data of a test; fails if there is none."""
    if arch not in rows:
        pytest.fail(f"no row for {arch}, only for {', '.join(rows)}")
    return rows[arch]


def parts_of(name: str) -> tuple[str, str, str]:
    """Base, architecture and variant of a cell's name `[BASE-]ARCH[-VARIANT]`."""
    base, _, rest = name.partition("-")
    if base not in OTHER_BASES:
        base, rest = DEFAULT_BASE, name
    arch, _, kind = rest.partition("-")
    return base, arch, kind


def images_of(name: str) -> dict[str, bases.Image]:
    """The images of a cell's kernel, by ABI."""
    base, arch, _ = parts_of(name)
    return bases.load(REPO, base).images_of(machine.load(arch).srcarch)


def describe(result: Result) -> str:
    """A failed test's result, its failed cases and the end of its log."""
    lines = [f"{result.name}: {result.status}: {result.reason}"]
    lines += [f"  {t.name}: {t.status}: {t.reason}" for t in result.subtests if t.bad]
    return "\n".join(lines + result.log[-60:])


class Cells:
    """Values and exceptions of the steps that ran, by name."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self._values: dict[str, object] = {}

    def once(self, key: str, make: Callable[[], Value]) -> Value:
        """Run make() on the first call; each call returns its value or raises."""
        if key not in self._values:
            try:
                # What another process has made meanwhile is found on disk.
                with parallel.locked(self.ctx, key):
                    self._values[key] = make()
            except Exception as error:  # pylint: disable=broad-except
                self._values[key] = error
        value = self._values[key]
        if isinstance(value, Exception):
            raise value
        return value  # type: ignore[return-value]

    def source(self, base: str = DEFAULT_BASE) -> source.Source:
        """Skips the test if no suite has a base other than the default one."""
        make = functools.partial(source.prepare, self.ctx, base, None)
        with skips_if_absent(base):
            return self.once(f"source-{base}", make)

    def cell(self, name: str) -> Cell:
        base, arch, kind = parts_of(name)
        here = machine.load(arch)
        return Cell(self.ctx, self.source(base), here, variant.by_name(kind))

    def build(self, name: str) -> None:
        self.once(f"build-{name}", lambda: build.everything(self.cell(name)))

    def result(self, name: str) -> CellResult:
        """Build, boot and test the cell as ./vdsox run does."""
        self.build(name)
        return self.once(f"run-{name}", lambda: runner.test_cell(self.cell(name)))

    def off(self) -> dict[str, offbuild.Outcome]:
        """Compare the kernels with the option off to the unpatched ones."""
        for name in HOSTS.values():
            self.build(name)
        plain = [self.cell(name) for name in HOSTS.values()]
        return self.once(
            "off", lambda: offbuild.compare(self.ctx, self.source(), plain, THOROUGH)
        )

    def unpatched(self, arch: str) -> Cell:
        """The complete unpatched kernel of the same configuration."""
        assert THOROUGH
        self.off()
        return offbuild.unpatched(self.ctx, self.source(), arch)
