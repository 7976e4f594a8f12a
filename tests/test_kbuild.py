# SPDX-License-Identifier: GPL-2.0
"""The top-level Kbuild: host program and generated files against a patched tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cells import Cells
from harness import build, kconfig, machine, procs
from harness.cell import Cell
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


def prepare(cell: Cell, folder: Path, log: Path) -> list[object]:
    """The cell's kernel once more, with modules and ready for M= builds; returns the
    make command. The test kernels have no modules."""
    folder.mkdir()
    config = kconfig.parse((cell.build / ".config").read_text())
    text = kconfig.render({**config, "CONFIG_MODULES": "y"})
    (folder / ".config").write_text(text)
    make = ["make", "-s", "-j2", "-C", cell.source.tree, f"O={folder}"]
    make += [*cell.machine.make_args, *build.compilers(cell)]
    for target in ("olddefconfig", "modules_prepare"):
        command, env = [*make, target], build.environment(cell.ctx)
        procs.run_logged(command, log, f"make {target}", env=env)
    return make


OTHERS = [name for name in machine.names() if name != machine.host_arch()]


@pytest.mark.guest
@pytest.mark.parametrize(
    "arch",
    [
        machine.host_arch(),
        *(pytest.param(name, marks=pytest.mark.thorough) for name in OTHERS),
    ],
)
def test_external_build(cells: Cells, tmp_path: Path, arch: str) -> None:
    """It generates what the kernel build generates, for the ABIs of all architectures."""
    cells.build(arch)
    cell = cells.cell(arch)
    here = copy(tmp_path / "vdsox")
    make = prepare(cell, tmp_path / "build", tmp_path / "log")
    env = build.environment(cells.ctx)
    procs.run_logged([*make, f"M={here}"], tmp_path / "log", "make M=", env=env)
    made = here / "generated"
    kernel = cell.build / "include" / "generated"
    names = [path.name for path in made.glob("vdso_task_version_*.lds")]
    abis = set(cell.source.base.images)
    assert {f"vdso_task_version_{abi}.lds" for abi in abis} == set(names)
    for name in ["vdso_task_layout.h", "vdso_task_base.h", *names]:
        assert (made / name).read_bytes() == (kernel / name).read_bytes(), name
    manifest = json.loads((made / "manifest.json").read_text())
    assert set(manifest["abis"]) == abis
    for name in ("vdso_task_user.h", "vdso_task_symtab.h"):
        assert "getpid" in (made / name).read_text()
