# SPDX-License-Identifier: GPL-2.0
"""Build a cell: kernel, vDSO images and the kselftests, out of the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from harness import atomic, kconfig, manifest, objects, parallel, procs
from harness.cell import Cell
from harness.errors import Fault
from harness.ui import Outcome

REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2025-01-01",
    "KBUILD_BUILD_USER": "vdsox",
    "KBUILD_BUILD_HOST": "vdsox",
    "LC_ALL": "C",
}
# A miss costs less if the compiler's own dependency files are trusted: see cached-cc.
CACHE_SETTINGS = {"CCACHE_DEPEND": "1"}
MARK = ".vdsox-tests"
TREE_MARK = ".vdsox-tree"


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
    """With paths taken relative to the products, another checkout hits."""
    base = {"CCACHE_BASEDIR": str(cell.ctx.out), "CCACHE_NOHASHDIR": "1"}
    return {**CACHE_SETTINGS, **base}


def make(
    cell: Cell, what: str, *targets: str, outcome: Optional[Outcome] = None
) -> None:
    """outcome: of the step that is to show how far the build is."""
    command = make_command(cell, *targets)
    env = {**ccache_settings(cell), **REPRODUCIBLE}
    if outcome:
        outcome.folder = cell.name
    dry_run = _dry_run(cell, targets)
    with parallel.busy(cell.ctx), objects.follow(outcome, cell.build_log, dry_run, env):
        procs.run_logged(command, cell.build_log, what, env=env, nice=cell.nice)


def _dry_run(cell: Cell, targets: tuple[str, ...]) -> Optional[list[object]]:
    """What names the objects of a whole kernel. vmlinux_o has them all; the recipes
    behind it begin with a plus, so make would run them."""
    if targets != (Path(cell.machine.image).name,):
        return None
    return ["nice", *make_command(cell, "-j1", "-n", "vmlinux_o")]


def _is_of_tree(cell: Cell) -> bool:
    mark = cell.build / TREE_MARK
    return mark.is_file() and mark.read_text() == f"{cell.source.tree}\n"


def _begin(cell: Cell) -> None:
    """Objects of another tree are of no use. A first build starts from a copy of
    another variant's: kbuild compiles what the configuration changes."""
    if cell.build.is_dir() and not _is_of_tree(cell):
        shutil.rmtree(cell.build)
    if not cell.build.is_dir():
        part = cell.build.with_name("build.part")
        shutil.rmtree(part, ignore_errors=True)
        if not _copied(cell, part):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            (part / TREE_MARK).write_text(f"{cell.source.tree}\n")
        part.rename(cell.build)


def _copied(cell: Cell, part: Path) -> bool:
    """False if there is nothing to copy, or if it changed meanwhile."""
    built = (c for c in cell.of_variants() if is_built(c) and _is_of_tree(c))
    model = next(built, None)
    if not model:
        return False
    command = ["cp", "-a", "--reflink=auto", model.build, part]
    if procs.status_logged(command, cell.build_log, "copy of a build") != 0:
        return False
    _rename_in_tools(part, model.build, cell.build)
    return True


def _rename_in_tools(part: Path, old: Path, new: Path) -> None:
    """kbuild writes no path of the build down but for objtool, on which each object of
    an x86 kernel depends: it must not look as if it were to be made anew."""
    for path in part.glob("tools/**/.*.cmd"):
        text, times = path.read_text(), path.stat()
        path.write_text(text.replace(str(old), str(new)))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def is_built(cell: Cell) -> bool:
    """Of the very inputs that it has now."""
    mark = cell.fingerprint()
    known = bool(mark) and cell.read_metadata().get("fingerprint") == mark
    return known and cell.image.is_file()


def configure(cell: Cell) -> None:
    wanted = kconfig.request(cell.all_fragments())
    config = cell.build / ".config"
    _begin(cell)
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
        if is_built(cell):
            outcome.word = "cached"
            return
        begun = time.monotonic()
        cell.folder.mkdir(parents=True, exist_ok=True)
        cell.build_log.unlink(missing_ok=True)
        cell.metadata.unlink(missing_ok=True)
        configure(cell)
        image = Path(cell.machine.image).name
        make(cell, "kernel build", image, outcome=outcome)
        _collect(cell)
        outcome.note = _warnings(cell.build_log)
        write_metadata(cell, mark, time.monotonic() - begun)


def everything(cell: Cell) -> None:
    """All that a guest of the cell needs."""
    kernel(cell)
    selftests(cell)


def _warnings(log: Path) -> str:
    text = log.read_text(errors="replace")
    count = len(re.findall(r"warning:", text))
    return f"{count} warnings, see {log}" if count else ""


def write_metadata(cell: Cell, mark: str, seconds: float) -> None:
    machine = cell.machine
    compiler = procs.capture([f"{machine.cross}gcc", "--version"], "gcc --version")
    arguments = ["--base", cell.base, "--arch", machine.arch]
    arguments += cell.variant.options
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
    for tests in (cell.tests, *(other.tests for other in cell.of_variants())):
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
    what = "kselftest build"
    procs.run_logged(command, cell.build_log, what, env=REPRODUCIBLE, nice=cell.nice)
