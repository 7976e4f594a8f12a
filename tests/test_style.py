# SPDX-License-Identifier: GPL-2.0
"""What every file of the project keeps to."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from harness.context import REPO

NO_SPDX = (".json", ".log", ".txt", "COPYING", ".patch", "series", "BASE", ".md", ".so")
LONGEST_FILE, LONGEST_FUNCTION = 800, 40


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=False
    )
    names = [name for name in done.stdout.split("\0") if name]
    return [REPO / name for name in names if (REPO / name).is_file()]


def ours(path: Path) -> bool:
    parts = path.relative_to(REPO).parts
    return not {"golden", "ktap", "LICENSES"} & set(parts)


FILES = [path for path in tracked() if ours(path)]
PYTHON = [path for path in FILES if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def test_every_file_says_its_licence() -> None:
    lacking = [
        name_of(path)
        for path in FILES
        if not path.name.endswith(NO_SPDX)
        and "SPDX-License-Identifier: " not in path.read_text(errors="replace")[:400]
    ]
    assert lacking == []


def test_no_file_is_too_long() -> None:
    long = [
        name_of(path)
        for path in FILES
        if len(path.read_bytes().splitlines()) > LONGEST_FILE
    ]
    assert long == []


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_python_functions_are_short_and_typed(path: Path) -> None:
    tests = path.is_relative_to(REPO / "tests")
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        length = (node.end_lineno or 0) - node.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"
        if not tests:
            assert node.returns is not None, f"{node.name} names no return type"


def test_python_is_formatted_by_black() -> None:
    done = subprocess.run(
        ["/usr/bin/black", "-q", "--check", *PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_host_name_is_written_down() -> None:
    """Mirrors are the user's own: only their configuration names them."""
    pattern = re.compile(r"https?://[a-z0-9.-]*(?:debian\.org|ubuntu\.com)", re.I)
    found = [
        name_of(path)
        for path in FILES
        if path.suffix in (".py", ".sh", "")
        and pattern.search(path.read_text(errors="replace"))
    ]
    assert found == []
