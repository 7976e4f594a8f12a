# SPDX-License-Identifier: GPL-2.0
"""Build a cell: kernel, vDSO images and the kselftests, out of the tree."""

from __future__ import annotations

import json
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from harness import atomic, kconfig, manifest, procs
from harness.cell import Cell
from harness.errors import Fault

REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2025-01-01",
    "KBUILD_BUILD_USER": "vdsox",
    "KBUILD_BUILD_HOST": "vdsox",
    "LC_ALL": "C",
}
MARK = ".vdsox-tests"


def make_command(cell: Cell, *targets: str) -> list[object]:
    """kbuild for this cell, its host programs through ccache where there is one."""
    machine = cell.machine
    command: list[object] = ["make", "-C", cell.source.tree, f"O={cell.build}"]
    command += [*machine.make_args, f"-j{cell.ctx.jobs}"]
    command += [f"CC={cell.compiler}"]
    if shutil.which("ccache"):
        command += ["HOSTCC=ccache gcc", "HOSTCXX=ccache g++"]
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
    kconfig.verify(wanted, config, cell.variant.needs)


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
    with ui.step(cell.base, cell.label, "build") as outcome:
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
    arguments += [cell.variant.option] if cell.variant.name else []
    for path in cell.fragments:
        arguments += ["--config", str(path)]
    if cell.source.origin.startswith("/"):
        arguments += ["--tree", cell.source.origin]
    value = {
        "base": cell.base,
        "arch": machine.arch,
        "variant": cell.variant.name,
        "source": cell.source.origin,
        "release": _release(cell),
        "patched": cell.source.patched,
        "fragments": [str(path) for path in cell.fragments],
        "fingerprint": mark,
        "compiler": compiler.splitlines()[0],
        "build_seconds": round(seconds, 1),
        "command": "./vdsox run " + procs.quote(arguments),
    }
    atomic.write_text(cell.metadata, json.dumps(value, indent=1) + "\n")


def _release(cell: Cell) -> str:
    path = cell.build / "include" / "config" / "kernel.release"
    return path.read_text().strip() if path.is_file() else ""


def selftests(cell: Cell) -> None:
    """Build the tree's kselftests and install them into the cell."""
    with cell.ctx.ui.step(cell.base, cell.label, "kselftest") as outcome:
        targets = [
            name
            for name in manifest.FOLDERS
            if (cell.source.tree / "tools/testing/selftests" / name).is_dir()
        ]
        outcome.note = ", ".join(targets)
        inputs = cell.tests_fingerprint()
        mark = f"{inputs} {outcome.note}" if inputs else ""
        if same_tests(cell, mark):
            outcome.word = "cached"
            return
        make(cell, "make headers", "-s", "headers")
        with _replacing_tests(cell) as part:
            _make_selftests(cell, targets, part)
            if mark:
                (part / MARK).write_text(mark)


def same_tests(cell: Cell, mark: str) -> bool:
    """These very tests were built, for this kernel or for a variant of it."""
    for tests in (cell.tests, *cell.tests_of_variants()):
        path = tests / MARK
        if mark and path.is_file() and path.read_text() == mark:
            if tests != cell.tests:
                with _replacing_tests(cell) as part:
                    shutil.copytree(tests, part, symlinks=True)
            return True
    return False


@contextmanager
def _replacing_tests(cell: Cell) -> Iterator[Path]:
    """A folder that becomes the cell's tests when it is complete."""
    part = cell.tests.with_name(f"{cell.tests.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    yield part
    shutil.rmtree(cell.tests, ignore_errors=True)
    part.rename(cell.tests)


def _make_selftests(cell: Cell, targets: list[str], install: Path) -> None:
    machine = cell.machine
    command = [
        "make",
        "-C",
        cell.source.tree / "tools/testing/selftests",
        f"-j{cell.ctx.jobs}",
        f"O={cell.build}",
        *machine.make_args,
        f"CC={machine.cross}gcc",
        f"TARGETS={' '.join(targets)}",
        f"INSTALL_PATH={install}",
        "FORCE_TARGETS=1",
        "install",
    ]
    procs.run_logged(command, cell.build_log, "kselftest build", env=REPRODUCIBLE)
