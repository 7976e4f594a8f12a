# SPDX-License-Identifier: GPL-2.0
"""Builds modules and the programs of tests/module."""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path

from harness import machine
from library import NATIVE, REPO, Library, build_library, output

MODULE = REPO / "tools" / "module"
EXAMPLES = MODULE / "examples"
HELLO = EXAMPLES / "hello"
FLAGS_PAGE = EXAMPLES / "flags"
PINGPONG = EXAMPLES / "pingpong"
QUEUE = MODULE / "vqueue"
CASES = REPO / "tests" / "module"
GENERATOR = REPO / "scripts" / "vdsogen"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
# Of the programs of tests/module and of the library's sources in them.
FLAGS = ("-std=c++17", "-O1", "-g", "-pthread", *WARNINGS)
# Prints the words that it gets to a file, and compiles.
RECORDER = """#!/bin/sh
printf '%s ' "$@" >> {log}
echo >> {log}
exec {compiler} "$@"
"""


def build(
    native: Library, arch: str, folder: Path, table: Path, *words: object
) -> Path:
    """Build a module for an architecture from sources, which `words` begin with; returns
    the image."""
    prefix = machine.load(arch).cross
    compilers = ["--cc", f"{prefix}gcc", "--cxx", f"{prefix}g++"]
    tool = [native.out / "vdsox", "module", "build", table, "-o", folder]
    return Path(output(*tool, *compilers, *words).strip())


def recorded_build(
    native: Library, folder: Path, table: Path, *sources: Path
) -> tuple[str, ...]:
    """Build a module; returns the options that the C++ compiler gets for its sources."""
    folder.mkdir(parents=True, exist_ok=True)
    recorder, log = folder / "recorder", folder / "commands"
    log.write_text("")
    recorder.write_text(RECORDER.format(log=shlex.quote(str(log)), compiler="g++"))
    recorder.chmod(0o755)
    flags = ["--", f"-I{MODULE}/include"]
    build(native, NATIVE, folder, table, *sources, "--cxx", recorder, *flags)
    (found,) = {_options(line.split()) for line in log.read_text().splitlines()}
    return found


def _options(words: list[str]) -> tuple[str, ...]:
    """Without those that name files."""
    for option in ("-MF", "-o", "-c"):
        at = words.index(option)
        del words[at : at + 2]
    return tuple(words)


def includes(*folders: Path) -> tuple[str, ...]:
    """Options for a program that uses the modules in these folders."""
    own = (MODULE / "include", MODULE, GENERATOR)
    return tuple(f"-I{folder}" for folder in (*folders, *own))


@lru_cache
def program(base: Path, name: str, folder: Path, *flags: str) -> Path:
    """A program of tests/module, with the library's sources, for a module."""
    made = base / f"module-{name}"
    library = [*MODULE.glob("runtime/*.cc"), MODULE / "read_image.cc"]
    library += [MODULE / "table.cc"]
    reader = "diagnostics elf_dynamic elf_file elf_hash file text".split()
    library += [GENERATOR / f"{part}.cc" for part in reader]
    words = ["g++", *FLAGS, *flags, *includes(folder)]
    output(*words, CASES / f"{name}.cc", *library, "-o", made, timeout=600)
    return made


@lru_cache
def cases_program(base: Path, arch: str) -> Path:
    """The cases, linked with the architecture's library."""
    library = build_library(base, arch)
    made = base / f"module-cases-{arch}"
    words = [f"{library.prefix}g++", *FLAGS, "-static"]
    words += [*includes(base / f"hello-{arch}"), CASES / "cases.cc"]
    output(*words, library.out / "libvdsox-module.a", "-o", made, timeout=600)
    return made
