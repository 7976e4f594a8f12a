# SPDX-License-Identifier: GPL-2.0
"""The top-level Kbuild: host program and generated files against a patched tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cells import Cells
from harness import bases, machine, procs
from harness.context import REPO


def copy(target: Path) -> Path:
    """As much of the repository as the Kbuild asks for: an M= build writes there."""
    target.mkdir()
    shutil.copy(REPO / "Kbuild", target)
    shutil.copytree(REPO / "scripts" / "vdsogen", target / "scripts" / "vdsogen")
    shutil.copy(REPO / "scripts" / "vdso.tbl", target / "scripts")
    for product in target.rglob("*.o"):
        product.unlink()
    return target


@pytest.mark.guest
@pytest.mark.parametrize("arch", machine.names())
def test_external_build(cells: Cells, tmp_path: Path, arch: str) -> None:
    """It makes what the kernel build made, and of every ABI."""
    cells.build(arch)
    cell = cells.cell(arch)
    here = copy(tmp_path / "vdsox")
    command = ["make", "-C", cell.build, *cell.machine.make_args, f"M={here}"]
    procs.run_logged(command, tmp_path / "log", "make M=")
    made = here / "generated"
    kernel = cell.build / "include" / "generated"
    names = [path.name for path in made.glob("vdso_task_version_*.lds")]
    rows = bases.load(REPO, cell.base).images(machine.load(arch).abis)
    assert {f"vdso_task_version_{abi}.lds" for abi in rows} <= set(names)
    for name in ["vdso_task_layout.h", *names]:
        assert (made / name).read_bytes() == (kernel / name).read_bytes(), name
    manifest = json.loads((made / "manifest.json").read_text())
    assert set(rows) <= set(manifest["abis"])
    for name in ("vdso_task_user.h", "vdso_task_symtab.h"):
        assert "getpid" in (made / name).read_text()
