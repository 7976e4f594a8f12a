# SPDX-License-Identifier: GPL-2.0
"""CONFIG_VDSO_TASK=n leaves the kernel as it was, but for source line numbers."""

from __future__ import annotations

import re

import pytest

import offbuild
from harness import machine

pytestmark = pytest.mark.guest
ARCHES = machine.names()
IMMEDIATE = re.compile(r"[$#]0x[0-9a-f]+|\$\d+|#\d+")


@pytest.fixture(name="outcome", params=ARCHES)
def fixture_outcome(request, cells) -> offbuild.Outcome:
    source = cells.source()
    found = cells.once("off", lambda: offbuild.compare(cells.ctx, source, ARCHES))
    return found[request.param]


def test_images_are_the_same_bytes(outcome: offbuild.Outcome) -> None:
    assert outcome.images_after == outcome.images_before


def only_a_number(pair: str) -> bool:
    """Two instructions that differ in one small immediate: a line number."""
    lines = [line[1:] for line in pair.splitlines()]
    if len(lines) != 2:
        return False
    bare = [IMMEDIATE.sub("N", line.split("//")[0]).rstrip() for line in lines]
    return bare[0] == bare[1]


def test_code_is_the_same(outcome: offbuild.Outcome) -> None:
    other = [pair for pair in outcome.differences if not only_a_number(pair)]
    assert other == [], "\n".join(other[:20])
    assert len(outcome.differences) < 100
