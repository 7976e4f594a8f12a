# SPDX-License-Identifier: GPL-2.0
"""decode.annotate() adds source lines to stack frames that it can resolve."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from harness import bases, decode, machine, splat
from harness.cell import Cell
from harness.context import Context
from harness.source import Source

HOOK = """\
static inline int vdso_hook(volatile int *p)
{
	return *p + 1;
}
"""
CORE = """\
#include "../include/linux/vdso_task.h"
int probe;
__attribute__((noinline)) int switch_to_it(volatile int *p)
{
	int value = vdso_hook(p);

	*p = value;
	return value;
}
int main(void)
{
	return switch_to_it(&probe);
}
"""


@pytest.fixture(name="cell")
def fixture_cell(sample_repo: Path, sample_tree: Path, tmp_path: Path) -> Cell:
    """A cell whose vmlinux is a small program with debug information."""
    for name, text in (("include/linux/vdso_task.h", HOOK), ("kernel/sched.c", CORE)):
        (sample_tree / name).parent.mkdir(parents=True, exist_ok=True)
        (sample_tree / name).write_text(text)
    context = Context(repo=sample_repo, out=tmp_path / "out")
    base = bases.load(sample_repo, "6.12")
    here = machine.load(machine.host_arch())
    cell = Cell(context, Source(base, sample_tree, "sample", False), here)
    cell.build.mkdir(parents=True)
    (cell.folder / ".config").write_text("CONFIG_DEBUG_INFO=y\n")
    source = sample_tree / "kernel" / "sched.c"
    command = ["gcc", "-g", "-O2", "-o", str(cell.build / "vmlinux"), str(source)]
    subprocess.run(command, check=True)
    return cell


def frame(cell: Cell) -> str:
    """A frame in the middle of the function, as the kernel prints it."""
    image = str(cell.build / "vmlinux")
    table = subprocess.run(["nm", "-S", image], capture_output=True, text=True)
    match = re.search(r"^\S+ (\S+) T switch_to_it$", table.stdout, re.MULTILINE)
    assert match is not None
    return f" switch_to_it+0x1/0x{int(match[1], 16):x}"


def test_inlined_function_is_annotated(cell: Cell) -> None:
    text = decode.annotate(cell, frame(cell) + "\n")
    assert re.search(r"\(include/linux/vdso_task\.h:3 kernel/sched\.c:5\)", text)
    assert splat.PATCHED_CODE.search(text)


def test_unknown_frames_stay(cell: Cell) -> None:
    text = " nowhere+0x1/0x2\n no frame at all\n"
    assert decode.annotate(cell, text) == text


def test_no_debugging_information(cell: Cell) -> None:
    (cell.folder / ".config").write_text("# CONFIG_DEBUG_INFO is not set\n")
    assert decode.annotate(cell, frame(cell)) == frame(cell)


def test_a_name_of_two_functions_needs_its_size() -> None:
    symbols = decode.Symbols("10 t show\n20 t other\n30 t show\n50 t last\n")
    assert symbols.address("show", 4, 0x10) == 0x14
    assert symbols.address("show", 4, 0x20) == 0x34
    assert symbols.address("show", 4, 0x30) is None
    assert symbols.address("other", 4, 0x99) == 0x24
    assert symbols.address("none", 4, 0x10) is None
