# SPDX-License-Identifier: GPL-2.0
"""Build a cell: kernel, vDSO images and the kselftests, out of the tree."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

from harness import kconfig, procs
from harness.cell import Cell
from harness.errors import Fault

REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2025-01-01",
    "KBUILD_BUILD_USER": "vdsox",
    "KBUILD_BUILD_HOST": "vdsox",
    "LC_ALL": "C",
}


def make_command(cell: Cell, *targets: str) -> list[object]:
    """kbuild for this cell, through ccache where there is one."""
    machine = cell.machine
    command: list[object] = ["make", "-C", cell.source.tree, f"O={cell.build}"]
    command += [*machine.make_args, f"-j{cell.ctx.jobs}"]
    if shutil.which("ccache"):
        command += [f"CC=ccache {machine.cross}gcc", "HOSTCC=ccache gcc"]
        command += ["HOSTCXX=ccache g++"]
    return [*command, *targets]


def ccache_settings(cell: Cell) -> dict[str, str]:
    """A miss costs less if the compiler's own dependency files are trusted; with
    paths taken relative to the products, another checkout hits."""
    base = {"CCACHE_BASEDIR": str(cell.ctx.out), "CCACHE_NOHASHDIR": "1"}
    return {"CCACHE_DEPEND": "1", **base}


def make(cell: Cell, what: str, *targets: str) -> None:
    command = make_command(cell, *targets)
    env = {**ccache_settings(cell), **REPRODUCIBLE}
    procs.run_logged(command, cell.build_log, what, env=env)


def _same_tree(cell: Cell) -> None:
    """Objects of another tree are of no use: begin anew."""
    mark = cell.build / ".vdsox-tree"
    tree = f"{cell.source.tree}\n"
    if cell.build.is_dir() and (not mark.is_file() or mark.read_text() != tree):
        shutil.rmtree(cell.build)
    cell.build.mkdir(parents=True, exist_ok=True)
    mark.write_text(tree)


def configure(cell: Cell) -> None:
    wanted = kconfig.request(cell.all_fragments())
    config = cell.build / ".config"
    _same_tree(cell)
    make(cell, "make tinyconfig", "-s", "tinyconfig")
    given = kconfig.parse(config.read_text())
    kept = {name: value for name, value in given.items() if name not in wanted}
    config.write_text(kconfig.render({**kept, **wanted}))
    make(cell, "make olddefconfig", "-s", "olddefconfig")
    kconfig.verify(wanted, config)


def _collect(cell: Cell) -> None:
    """Put the products where the contract says they are."""
    machine = cell.machine
    shutil.copyfile(cell.build / machine.image, cell.image)
    shutil.copyfile(cell.build / ".config", cell.folder / ".config")
    images = [p for p in cell.build.glob(machine.vdso) if _is_image(p)]
    if not images:
        raise Fault(f"the build made no {machine.vdso}", cell.build_log)
    for path in images:
        shutil.copyfile(path, cell.folder / path.name)


def _is_image(path: Path) -> bool:
    return path.name.endswith((".so", ".so.dbg"))


def kernel(cell: Cell) -> None:
    """Configure and build, unless the same inputs were built already."""
    ui = cell.ctx.ui
    mark = cell.fingerprint()
    with ui.step(cell.base, cell.machine.arch, "build") as outcome:
        if mark and cell.read_metadata().get("fingerprint") == mark:
            if cell.image.is_file():
                outcome.word = "cached"
                return
        begun = time.monotonic()
        cell.folder.mkdir(parents=True, exist_ok=True)
        cell.build_log.unlink(missing_ok=True)
        cell.metadata.unlink(missing_ok=True)
        configure(cell)
        make(cell, "kernel build", Path(cell.machine.image).name)
        _collect(cell)
        outcome.note = _warnings(cell.build_log)
        write_metadata(cell, mark, time.monotonic() - begun)


def _warnings(log: Path) -> str:
    text = log.read_text(errors="replace")
    count = len(re.findall(r"warning:", text))
    return f"{count} warnings, see {log}" if count else ""


def write_metadata(cell: Cell, mark: str, seconds: float) -> None:
    machine = cell.machine
    compiler = procs.capture([f"{machine.cross}gcc", "--version"], "gcc --version")
    arguments = ["--base", cell.base, "--arch", machine.arch]
    arguments += ["--debug"] if cell.debug else []
    for path in cell.fragments:
        arguments += ["--config", str(path)]
    if cell.source.origin.startswith("/"):
        arguments += ["--tree", cell.source.origin]
    value = {
        "base": cell.base,
        "arch": machine.arch,
        "debug": cell.debug,
        "source": cell.source.origin,
        "release": _release(cell),
        "patched": cell.source.patched,
        "fragments": [str(path) for path in cell.fragments],
        "fingerprint": mark,
        "compiler": compiler.splitlines()[0],
        "build_seconds": round(seconds, 1),
        "command": "./vdsox run " + procs.quote(arguments),
    }
    cell.metadata.write_text(json.dumps(value, indent=1) + "\n")


def _release(cell: Cell) -> str:
    path = cell.build / "include" / "config" / "kernel.release"
    return path.read_text().strip() if path.is_file() else ""


def selftests(cell: Cell) -> None:
    """Build the tree's kselftests and install them into the cell."""
    with cell.ctx.ui.step(cell.base, cell.machine.arch, "kselftest") as outcome:
        targets = [
            name
            for name in ("vdso_task", "vDSO")
            if (cell.source.tree / "tools/testing/selftests" / name).is_dir()
        ]
        make(cell, "make headers", "-s", "headers")
        shutil.rmtree(cell.tests, ignore_errors=True)
        machine = cell.machine
        command = [
            "make",
            "-C",
            cell.source.tree / "tools/testing/selftests",
            f"O={cell.build}",
            *machine.make_args,
            f"CC={machine.cross}gcc",
            f"TARGETS={' '.join(targets)}",
            f"INSTALL_PATH={cell.tests}",
            "FORCE_TARGETS=1",
            "install",
        ]
        procs.run_logged(command, cell.build_log, "kselftest build", env=REPRODUCIBLE)
        outcome.note = ", ".join(targets)
