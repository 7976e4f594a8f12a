# SPDX-License-Identifier: GPL-2.0
"""How QEMU executes a guest's instructions, and which kselftests run in each mode.

TCG delivers interrupts between translation blocks only: straight-line code is never
interrupted within a block. With one instruction a block, an interrupt and so a context
switch is possible before each instruction. Documentation/testing.rst compares the
modes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping


@dataclass(frozen=True)
class Mode:
    """programs: the vdso_task kselftests that run in this mode; empty: all

    arguments: of a program in this mode
    timeout_scale: factor for time limits
    """

    name: str = ""
    help: str = ""
    timeout_scale: int = 1
    one_insn: bool = False
    programs: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def named(self, stem: str) -> str:
        """`stem` with the suffix of this mode; the usual mode has none."""
        return f"{stem}-{self.name}" if self.name else stem

    def runs(self, program: str) -> bool:
        """Whether a vdso_task kselftest runs in this mode."""
        return not self.programs or program in self.programs

    @property
    def prefix(self) -> str:
        """The prefix of its guests' log file names."""
        return f"{self.name}-" if self.name else ""

    @property
    def options(self) -> list[str]:
        """The command line options that select this mode."""
        return [f"--{self.name}"] if self.name else []


USUAL = Mode()
ONE_INSN = Mode(
    name="one-insn",
    help="emulate one instruction a block: a switch is possible before each",
    timeout_scale=4,
    one_insn=True,
    programs=(
        "ids",
        "threads",
        "exec",
        "fork",
        "policy",
        "creds",
        "ppid",
        "hotplug",
        "cputime",
    ),
    # Seconds for all cases of a program that repeats its operations.
    arguments={"threads": ("-t", "16"), "cputime": ("-t", "1")},
)

MODES = (USUAL, ONE_INSN)


def by_name(name: str) -> Mode:
    """The mode of that name; the usual one for an empty name."""
    return next(mode for mode in MODES if mode.name == name)
