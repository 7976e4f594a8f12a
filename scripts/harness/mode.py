# SPDX-License-Identifier: GPL-2.0
"""How QEMU runs a guest's instructions, and which kselftests that makes a difference to.

TCG looks for interrupts between translation blocks only: a straight run of
instructions is one step for whatever happens on the same CPU. With one instruction a
block there may be a switch before each. Documentation/testing.rst says what each mode
can show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping


@dataclass(frozen=True)
class Mode:
    """programs: of our kselftests, those that run in this mode; none: all.

    arguments: what a program is started with in this mode
    """

    name: str = ""
    help: str = ""
    timeout_scale: int = 1
    one_insn: bool = False
    programs: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def named(self, stem: str) -> str:
        """The name of a thing in this mode, made of the usual mode's."""
        return f"{stem}-{self.name}" if self.name else stem

    def runs(self, program: str) -> bool:
        return not self.programs or program in self.programs

    @property
    def prefix(self) -> str:
        """What the names of its guests' logs begin with."""
        return f"{self.name}-" if self.name else ""

    @property
    def options(self) -> list[str]:
        return [f"--{self.name}"] if self.name else []


USUAL = Mode()
ONE_INSN = Mode(
    name="one-insn",
    help="emulate one instruction a block: a switch may come before each",
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
    # Seconds for all cases of a program that repeats what it does.
    arguments={"threads": ("-t", "16"), "cputime": ("-t", "1")},
)

MODES = (USUAL, ONE_INSN)


def by_name(name: str) -> Mode:
    return next(mode for mode in MODES if mode.name == name)
