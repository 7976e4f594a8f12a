# SPDX-License-Identifier: GPL-2.0
"""Checks the protocols of Documentation/models/ with the kernel's memory model.

herd7 is in no Debian release: Documentation/models.rst describes how to get it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cells import Cells
from harness.context import REPO

FOLDER = REPO / "Documentation" / "models"
TESTS = sorted(path.stem for path in FOLDER.glob("*.litmus"))
LETTER = re.compile(r"// (\w)$", re.MULTILINE)

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not shutil.which("herd7"), reason="no herd7 on PATH"),
]


def text(name: str) -> str:
    return (FOLDER / f"{name}.litmus").read_text()


def broken() -> list[tuple[str, str]]:
    """Each letter of a file; it marks the lines to remove together."""
    return [(name, letter) for name in TESTS for letter in letters(name)]


def letters(name: str) -> list[str]:
    return sorted(set(LETTER.findall(text(name))))


def judge(cells: Cells, path: Path) -> str:
    """Never, Sometimes or Always, by the tested kernel's memory model."""
    model = cells.source().tree / "tools" / "memory-model"
    command = ["herd7", "-conf", "linux-kernel.cfg", path]
    done = subprocess.run(
        command, cwd=model, capture_output=True, text=True, check=False
    )
    found = re.search(r"^Observation \S+ (\w+) ", done.stdout, re.MULTILINE)
    assert found and "Flag" not in done.stdout, done.stdout + done.stderr
    return found[1]


@pytest.mark.parametrize("name", TESTS)
def test_it_cannot_happen(cells: Cells, name: str) -> None:
    assert letters(name)
    assert judge(cells, FOLDER / f"{name}.litmus") == "Never"


@pytest.mark.parametrize("name, letter", broken())
def test_each_line_is_needed(
    cells: Cells, tmp_path: Path, name: str, letter: str
) -> None:
    lines = text(name).splitlines(keepends=True)
    left = [line for line in lines if not line.endswith(f"// {letter}\n")]
    path = tmp_path / f"{name}.litmus"
    path.write_text("".join(left))
    assert judge(cells, path) == "Sometimes"
