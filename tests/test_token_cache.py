# SPDX-License-Identifier: GPL-2.0
"""The compiler of the option-off builds: which objects it takes from its store."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from offbuild import TOKEN_CACHE

HEADER = "static inline int f(int x) { return x + 1; }\n"
SOURCE = '#include "part.h"\nint g(int x) { return f(x); }\n'
MOVED = "/* words\n * and more */\n\n#ifdef CONFIG_NEVER\nint never;\n#endif\n"


class Compiler:
    """gcc behind token_cache, in a folder of its own; counts what is compiled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = folder / "count"
        spy = folder / "spy"
        spy.write_text(f'#!/bin/sh\necho "$*" >>{self.count}\nexec gcc "$@"\n')
        spy.chmod(0o755)
        self.command = [str(TOKEN_CACHE), str(folder / "store"), str(spy)]
        self.write("part.h", HEADER)
        self.write("file.c", SOURCE)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        words = ["-Wp,-MMD,.file.o.d", "-O2", *options, "-c", "-o", "file.o", "file.c"]
        return subprocess.run(
            [*self.command, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def compiled(self, *options: str) -> bool:
        """Whether the file was compiled, and its object not taken from the store."""
        self.count.write_text("")
        (self.folder / "file.o").unlink(missing_ok=True)
        done = self.run(*options)
        assert done.returncode == 0, done.stderr
        assert (self.folder / "file.o").read_bytes()[:4] == b"\x7fELF"
        return " -c " in self.count.read_text()


@pytest.fixture(name="compiler")
def fixture_compiler(tmp_path: Path) -> Compiler:
    made = Compiler(tmp_path)
    assert made.compiled()
    return made


def test_moved_lines_are_the_same(compiler: Compiler) -> None:
    compiler.write("part.h", MOVED + HEADER)
    compiler.write("file.c", MOVED + SOURCE)
    (compiler.folder / ".file.o.d").unlink()
    assert not compiler.compiled()
    assert "part.h" in (compiler.folder / ".file.o.d").read_text()


@pytest.mark.parametrize(
    "header",
    [
        HEADER.replace("+ 1", "+ 2"),
        HEADER + "static inline void hook(void) { }\n",
        HEADER.replace("inline", ""),
    ],
)
def test_another_token_is_compiled(compiler: Compiler, header: str) -> None:
    compiler.write("part.h", header)
    assert compiler.compiled()
    assert not compiler.compiled()


def test_a_line_number_is_a_token(compiler: Compiler) -> None:
    compiler.write("part.h", "static inline int f(int x) { return __LINE__; }\n")
    assert compiler.compiled()
    compiler.write("part.h", "\nstatic inline int f(int x) { return __LINE__; }\n")
    assert compiler.compiled()


def test_another_option_is_compiled(compiler: Compiler) -> None:
    assert compiler.compiled("-O1")
    assert not compiler.compiled("-O1")


def test_object_is_that_of_the_plain_compiler(compiler: Compiler) -> None:
    plain = ["gcc", "-O2", "-c", "-o", "plain.o", "file.c"]
    subprocess.run(plain, cwd=compiler.folder, check=True)
    ours = (compiler.folder / "file.o").read_bytes()
    assert ours == (compiler.folder / "plain.o").read_bytes()


def test_store_does_not_follow_the_object(compiler: Compiler) -> None:
    """objtool writes into an object in place."""
    with open(compiler.folder / "file.o", "r+b") as stream:
        stream.write(b"spoiled")
    assert not compiler.compiled()


def test_error_leaves_nothing(compiler: Compiler) -> None:
    compiler.write("file.c", "int g(int x) { return\n")
    before = sorted((compiler.folder / "store").iterdir())
    (compiler.folder / "file.o").unlink()
    done = compiler.run()
    assert done.returncode != 0 and "error" in done.stderr
    assert not (compiler.folder / "file.o").exists()
    assert sorted((compiler.folder / "store").iterdir()) == before


def test_all_else_goes_to_the_compiler(compiler: Compiler) -> None:
    """Queries by kconfig, assembly and linking."""
    text = subprocess.run(
        [*compiler.command, "--version"], capture_output=True, text=True, check=True
    )
    assert "gcc" in text.stdout.lower()
    words = ["-S", "-o", "file.s", "file.c"]
    subprocess.run([*compiler.command, *words], cwd=compiler.folder, check=True)
    assert (compiler.folder / "file.s").is_file()
