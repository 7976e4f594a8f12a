# SPDX-License-Identifier: GPL-2.0
"""Builds libvdsox, once for each architecture, and programs that use it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "vdsogen"))

from harness import machine  # noqa: E402
from toolkit import BASE_TABLE, REPO, ROWS, TABLE, Tool, build_tools, make  # noqa: E402

FOLDER = REPO / "tools" / "lib" / "vdsox"
PROGRAMS = FOLDER / "tests"
NATIVE = machine.host_arch()
CROSS = {here.arch: here.cross for here in machine.load_all()}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
# -ENOSYS as a user or group ID: a valid one.
ENOSYS_ID = 2**32 - errno.ENOSYS


def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command; its exit status may be any."""
    options = {"capture_output": True, "text": True, "timeout": 120} | options
    return subprocess.run(
        [str(word) for word in words], check=False, **options  # type: ignore
    )


def output(*words: object, **options: object) -> str:
    """Run a command that must succeed; return its output."""
    done = run(*words, **options)
    assert (
        done.returncode == 0
    ), f"{words}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Library:
    """A build of the library and its tools for one architecture."""

    arch: str
    tools: Path

    @property
    def out(self) -> Path:
        return self.tools / f"library-{self.arch}"

    @property
    def prefix(self) -> str:
        return CROSS[self.arch]

    @property
    def words(self) -> list[str]:
        """The variables for make, besides O=."""
        compiler = [f"CROSS_COMPILE={self.prefix}", "CXXFLAGS=-O1 -g0"]
        return [*compiler, f"VDSOGEN={self.tools}/vdsogen"]

    @property
    def emulator(self) -> list[str]:
        if self.arch == NATIVE:
            return []
        user = machine.load(self.arch).user
        return [user.emulator, "-L", f"/usr/{user.triplet}"]

    def compile(self, source: str, out: Path, *flags: str, link: str) -> Path:
        """Compile a program of tests/ for the library; link: static, shared, a."""
        compiler = self.prefix + ("g++" if "-xc++" in flags else "gcc")
        libraries = {
            "static": ["-static", f"{self.out}/libvdsox.a"],
            "shared": [f"{self.out}/libvdsox.so", f"-Wl,-rpath,{self.out}"],
            "a": [f"{self.out}/libvdsox.a"],
        }[link]
        includes = [f"-I{FOLDER}/include", f"-I{self.out}/include"]
        words = [compiler, "-O1", "-pthread", *WARNINGS, *includes, *flags]
        output(*words, PROGRAMS / source, "-xnone", *libraries, "-o", out)
        return out

    def make(self, *names: str) -> Path:
        """Make products, by default all; returns the last one."""
        make(self.out, FOLDER, *self.words, *(f"{self.out}/{name}" for name in names))
        return self.out / names[-1] if names else self.out

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return run(*self.emulator, *words)


@lru_cache
def build_library(base: Path, arch: str) -> Library:
    """Build everything, in the folder VDSOGEN_TOOLS if set, which later runs reuse."""
    library = Library(arch, build_tools(base))
    library.make()
    return library


@lru_cache
def build_generator(base: Path, arch: str) -> Path:
    """Build vdsogen for the architecture."""
    tools = build_tools(base)
    if arch == NATIVE:
        return tools / "vdsogen"
    out = tools / f"library-{arch}"
    made = out / "host" / "vdsogen"
    make(out, FOLDER, f"HOSTCXX={CROSS[arch]}g++", made)
    return made


@lru_cache
def table_manifest(base: Path) -> dict:
    """The manifest that vdsogen generates from the table."""
    out = build_tools(base) / "library-manifest.json"
    part = out.with_suffix(f".{os.getpid()}")
    assert (
        Tool(build_tools(base) / "vdsogen").faults("generate", "manifest", *ROWS, part)
        == ""
    )
    part.replace(out)
    return json.loads(out.read_text(encoding="ascii"))


@dataclass(frozen=True)
class Names:
    """The library's entries: all, and those answered from records."""

    all: list[str]
    records: list[str]


def entry_names(manifest: dict) -> Names:
    new = [e for e in manifest["entries"] if e["kind"] != "base"]
    records = [e["name"] for e in new if e["kind"] == "record"]
    return Names(
        list(dict.fromkeys(e["name"] for e in new)), list(dict.fromkeys(records))
    )


def symbols(path: Path, prefix: str = "") -> dict[str, str]:
    """Dynamic symbols by name, with nm's type letter."""
    found = {}
    for line in output(f"{prefix}nm", "-D", path).splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":
            found[name] = kind
    return found


def needed(path: Path) -> list[str]:
    lines = output("readelf", "-dW", path).splitlines()
    return [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]


def require(tool: str) -> str:
    """The path of a program that ./vdsox test installs."""
    found = shutil.which(tool)
    if not found:
        pytest.fail(f"{tool} is not installed; see scripts/harness/deps.py")
    return found


def may_become(number: int) -> bool:
    """Whether this process may set its user and group ID to a number."""
    maps = [Path(f"/proc/self/{kind}_map").read_text() for kind in ("uid", "gid")]
    rows = [[map(int, line.split()) for line in text.splitlines()] for text in maps]
    return os.geteuid() == 0 and all(
        any(first <= number < first + count for first, _, count in ids) for ids in rows
    )
