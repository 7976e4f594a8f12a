# SPDX-License-Identifier: GPL-2.0
"""Which files kbuild compiles through ccache."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.build import CACHE_SETTINGS
from harness.cell import CACHED_CC
from harness.context import REPO

PLAIN = "int number = 1;\n"
BINARY = '.section .rodata\n.incbin "data"\n'


@pytest.fixture(name="compile_file")
def fixture_compile_file(tmp_path: Path):
    """Compiles as kbuild does, with a private cache; returns the object."""
    env = {**os.environ, **CACHE_SETTINGS, "CCACHE_DIR": str(tmp_path / "cache")}

    def run(*command: object) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def compile_file(name: str) -> bytes:
        flags = [f"-Wp,-MMD,{name}.d", "-c", "-o", f"{name}.o", name]
        run(CACHED_CC, "gcc", *flags)
        return (tmp_path / f"{name}.o").read_bytes()

    compile_file.hits = lambda: int(
        dict(line.split("\t") for line in run("ccache", "--print-stats").splitlines())[
            "direct_cache_hit"
        ]
    )
    return compile_file


def test_commands_and_tests_name_it_alike() -> None:
    """It is part of CC, and kbuild compiles all objects again if CC changes."""
    assert CACHED_CC == REPO / "scripts" / "harness" / "cached-cc"


def test_incbin_file_is_read_each_time(compile_file, tmp_path) -> None:
    """As in arm64's vdso-wrap.S: the same source includes another image."""
    (tmp_path / "wrap.S").write_text(BINARY)
    for data in (b"first image", b"other image"):
        (tmp_path / "data").write_bytes(data)
        assert data in compile_file("wrap.S")


def test_standard_input_is_preprocessed(tmp_path) -> None:
    """scripts/cc-version.sh identifies the compiler this way."""
    done = subprocess.run(
        [CACHED_CC, "gcc", "-E", "-P", "-x", "c", "-"],
        cwd=tmp_path,
        input="GCC __GNUC__",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] == "GCC" and done.stdout.split()[1].isdigit()


def test_other_files_are_cached(compile_file, tmp_path) -> None:
    (tmp_path / "plain.c").write_text(PLAIN)
    first = compile_file("plain.c")
    assert compile_file.hits() == 0
    assert compile_file("plain.c") == first
    assert compile_file.hits() == 1
