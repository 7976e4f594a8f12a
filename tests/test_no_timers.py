# SPDX-License-Identifier: GPL-2.0
"""Without POSIX timers CPU-time clocks give EINVAL, and the vDSO must not answer."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from cells import row_of
from harness import machine
from harness.cell import Cell

# Relative to the build directory.
FILES = {
    "x86_64": ["arch/x86/entry/vdso/vclock_gettime.o", "arch/x86/entry/vdso/vtask.o"],
    "arm64": [
        "arch/arm64/kernel/vdso/vgettimeofday.o",
        "arch/arm64/kernel/vdso/vtask.o",
    ],
}
CLOCKS = "__vdso_task_clock_get"
# The option, and the one that depends on it.
GONE = "POSIX_TIMERS POSIX_CPU_TIMERS_TASK_WORK".split()


def symbols(cell: Cell, name: str, folder: Path, *options: str) -> set[str]:
    """Symbols of a vDSO file, compiled with its kernel's command and more options.

    These follow kconfig.h, as the command includes other files by options, too.
    """
    saved = (cell.build / name).parent / f".{Path(name).name}.cmd"
    found = re.search(r"^savedcmd_\S+ := (.*)$", saved.read_text(), re.M)
    assert found, saved
    words = shlex.split(found[1].partition(";")[0])
    words[words.index("-o") + 1] = str(folder / "file.o")
    kept = [word for word in words if not word.startswith("-Wp,-MMD")]
    at = next(i for i, word in enumerate(kept) if word.endswith("/kconfig.h")) + 1
    command = [*kept[:at], *options, *kept[at:]]
    subprocess.run(command, cwd=cell.build, check=True)
    nm = [f"{cell.machine.cross}nm", folder / "file.o"]
    listing = subprocess.run(nm, capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in listing.splitlines()}


@pytest.mark.guest
@pytest.mark.parametrize("arch", machine.names())
def test_no_clock_without_timers(cells, arch: str, tmp_path: Path) -> None:
    """Compiles only the two files, which saves the build of another kernel."""
    cells.build(arch)
    cell = cells.cell(arch)
    header = tmp_path / "no-timers.h"
    header.write_text("".join(f"#undef CONFIG_{option}\n" for option in GONE))
    for name in row_of(FILES, arch):
        assert CLOCKS in symbols(cell, name, tmp_path)
        without = symbols(cell, name, tmp_path, "-include", str(header))
        assert without and not any("vdso_task_clock" in one for one in without)
