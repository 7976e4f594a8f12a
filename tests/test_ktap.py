# SPDX-License-Identifier: GPL-2.0
"""The KTAP parser against its golden folders."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from harness import ktap

GOLDEN = Path(__file__).parent / "ktap"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def text_of(case: str) -> str:
    data = (GOLDEN / case / "input.log").read_bytes()
    return data.decode("utf-8", "replace")


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    assert ktap.parse(text_of(case)).as_json() == expected


def test_any_prefix_parses() -> None:
    """A guest may die between any two bytes."""
    for case in CASES:
        text = text_of(case)
        for end in range(len(text)):
            ktap.parse(text[:end])


def test_shuffled_lines_parse() -> None:
    chance = random.Random(1)
    lines = [line for case in CASES for line in text_of(case).splitlines()]
    for _ in range(200):
        chance.shuffle(lines)
        ktap.parse("\n".join(lines))


def test_nesting_as_deep_as_it_may_be() -> None:
    depth = ktap.DEEPEST
    down = [" " * level + "KTAP version 1" for level in range(depth + 1)]
    up = [" " * level + "ok 1 level" for level in range(depth, -1, -1)]
    result = ktap.parse("\n".join(down + up)).results[0]
    for _ in range(depth):
        (result,) = result.subtests
    assert result.subtests == []


def test_endless_nesting_ends() -> None:
    lines = [" " * level + "ok 1 level" for level in range(5000)]
    assert ktap.parse("\n".join(lines)).results[0].status == ktap.PASS
