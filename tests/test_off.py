# SPDX-License-Identifier: GPL-2.0
"""CONFIG_VDSO_TASK=n leaves the kernel unchanged, except for source line numbers."""

from __future__ import annotations

import re

import pytest

import offbuild
from harness import machine

ARCHES = machine.names()
IMMEDIATE = re.compile(r"[$#]0x[0-9a-f]+|\$\d+|#\d+")
# __initcall_id(): module, __COUNTER__, __LINE__, function and level.
INITCALL = re.compile(r"\b(__initcall__kmod_\w+?__\d+)_\d+_")


@pytest.fixture(name="outcome", params=ARCHES)
def fixture_outcome(request, cells) -> offbuild.Outcome:
    return cells.off()[request.param]


@pytest.mark.guest
@pytest.mark.kernel("off")
def test_images_are_the_same_bytes(outcome: offbuild.Outcome) -> None:
    assert outcome.images_after == outcome.images_before


def only_a_number(pair: str) -> bool:
    """Whether two instructions differ only in a line number: an immediate, or a part of
    an initcall's name."""
    lines = [INITCALL.sub(r"\1_LINE_", line[1:]) for line in pair.splitlines()]
    if len(lines) != 2:
        return False
    bare = [IMMEDIATE.sub("N", line.split("//")[0]).rstrip() for line in lines]
    return bare[0] == bare[1]


@pytest.mark.parametrize(
    "before, after, same",
    [
        ("mov    $0x1f4,%esi", "mov    $0x1f6,%esi", True),
        ("mov\tw1, #0x1f4  // #500", "mov\tw1, #0x1f6  // #502", True),
        ("mov    $0x1f4,%esi", "mov    $0x1f4,%edi", False),
        ("mov    $0x1f4,%esi", "nop", False),
        (
            "adrp\tx19, 80ae000 <__initcall__kmod_cpu__650_3058_cpuhp_sysfs_init6>",
            "adrp\tx19, 80ae000 <__initcall__kmod_cpu__650_3060_cpuhp_sysfs_init6>",
            True,
        ),
        (
            "adrp\tx19, 80ae000 <__initcall__kmod_cpu__650_3058_cpuhp_sysfs_init6>",
            "adrp\tx19, 80ae000 <__initcall__kmod_cpu__651_3058_cpuhp_sysfs_init6>",
            False,
        ),
        (
            "adrp\tx19, 80ae000 <__initcall__kmod_cpu__650_3058_cpuhp_sysfs_init6>",
            "adrp\tx19, 80af000 <__initcall__kmod_cpu__650_3058_cpuhp_sysfs_init6>",
            False,
        ),
    ],
)
def test_line_numbers(before: str, after: str, same: bool) -> None:
    """A line number is distinguished from any other change."""
    assert only_a_number(f"-81000000:\t{before}\n+81000000:\t{after}") == same


@pytest.mark.guest
@pytest.mark.kernel("off")
def test_code_is_the_same(outcome: offbuild.Outcome) -> None:
    other = [pair for pair in outcome.differences if not only_a_number(pair)]
    assert other == [], "\n".join(other[:20])


@pytest.mark.guest
@pytest.mark.kernel("off")
def test_what_is_compared(outcome: offbuild.Outcome) -> None:
    """All, or at least the files with hooks."""
    hooked = {"kernel/fork.o", "kernel/sched/core.o", "fs/exec.o", "kernel/seccomp.o"}
    assert outcome.files == offbuild.WHOLE or hooked < set(outcome.files)
