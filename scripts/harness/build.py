# SPDX-License-Identifier: GPL-2.0
"""Build a cell outside of its source tree: kernel, vDSO images and kselftests."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import ContextManager, Iterator, Optional

from harness import atomic, kconfig, manifest, objects, parallel, procs
from harness.cell import Cell
from harness.context import Context
from harness.errors import Fault
from harness.ui import Outcome

REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "2025-01-01",
    "KBUILD_BUILD_USER": "vdsox",
    "KBUILD_BUILD_HOST": "vdsox",
    "LC_ALL": "C",
}
# A cache miss costs less if ccache takes the compiler's dependency file: see cached-cc.
CACHE_SETTINGS = {"CCACHE_DEPEND": "1"}
MARK = ".vdsox-tests"
TREE_MARK = ".vdsox-tree"


def compilers(cell: Cell) -> list[str]:
    """Variables of kbuild: the cell's compilers, through ccache if it is installed."""
    found = [f"CC={cell.compiler}"]
    if shutil.which("ccache"):
        found += ["HOSTCC=ccache gcc", "HOSTCXX=ccache g++"]
    return found


def make_command(cell: Cell, *targets: str) -> list[object]:
    """The make command of the cell's kbuild."""
    machine = cell.machine
    command: list[object] = ["make", "-C", cell.source.tree, f"O={cell.build}"]
    command += [*machine.make_args, f"-j{cell.ctx.jobs}", *compilers(cell)]
    return [*command, *targets]


def ccache_paths(ctx: Context) -> dict[str, str]:
    """Environment of ccache: paths are hashed relative to the output directory, so
    builds of another checkout hit the cache."""
    return {"CCACHE_BASEDIR": str(ctx.out), "CCACHE_NOHASHDIR": "1"}


def environment(ctx: Context) -> dict[str, str]:
    """Additions to the environment of kbuild."""
    return {**CACHE_SETTINGS, **ccache_paths(ctx), **REPRODUCIBLE}


def make(
    cell: Cell, what: str, *targets: str, outcome: Optional[Outcome] = None
) -> None:
    """Run kbuild targets; `what` names them in the Fault if make fails. The step of
    `outcome` shows the build's progress."""
    command = make_command(cell, *targets)
    env = environment(cell.ctx)
    if outcome:
        outcome.folder = cell.name
    dry_run = _dry_run(cell, targets)
    with parallel.shared_machine(cell.ctx), objects.follow(
        outcome, cell.build_log, dry_run, env
    ):
        procs.run_logged(command, cell.build_log, what, env=env, nice=cell.nice)


def _dry_run(cell: Cell, targets: tuple[str, ...]) -> Optional[list[object]]:
    """The `make -n` command that lists the objects of a whole kernel; None for other
    targets. It makes vmlinux_o, which depends on all objects: later recipes begin with
    `+`, and make runs those even with -n."""
    if targets != (Path(cell.machine.image).name,):
        return None
    return ["nice", *make_command(cell, "-j1", "-n", "vmlinux_o")]


def _is_of_tree(cell: Cell) -> bool:
    """The build directory was made from the cell's source tree."""
    mark = cell.build / TREE_MARK
    return mark.is_file() and mark.read_text() == f"{cell.source.tree}\n"


def _prepare_folder(cell: Cell) -> None:
    """Remove a build directory of another tree. A first build starts from a copy of
    another variant's: kbuild compiles only what the configuration changes."""
    if cell.build.is_dir() and not _is_of_tree(cell):
        shutil.rmtree(cell.build)
    if not cell.build.is_dir():
        part = cell.build.with_name("build.part")
        shutil.rmtree(part, ignore_errors=True)
        if not _copy_variant(cell, part):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            (part / TREE_MARK).write_text(f"{cell.source.tree}\n")
        part.rename(cell.build)


def _copy_variant(cell: Cell, part: Path) -> bool:
    """False if no other variant is built or its directory changed during the copy."""
    built = (c for c in cell.other_variants() if is_built(c) and _is_of_tree(c))
    model = next(built, None)
    if not model:
        return False
    command = ["cp", "-a", "--reflink=auto", model.build, part]
    if procs.status_logged(command, cell.build_log, "copy of a build") != 0:
        return False
    _replace_paths(part, model.build, cell.build)
    return True


def _replace_paths(part: Path, old: Path, new: Path) -> None:
    """Only the .cmd files below tools/ contain the build directory's path. If it
    changed there, make would rebuild objtool, and with it each object of an x86
    kernel."""
    for path in part.glob("tools/**/.*.cmd"):
        text, times = path.read_text(), path.stat()
        path.write_text(text.replace(str(old), str(new)))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def is_built(cell: Cell) -> bool:
    """The kernel image exists and was built from the current inputs."""
    mark = cell.fingerprint()
    known = bool(mark) and cell.read_metadata().get("fingerprint") == mark
    return known and cell.image.is_file()


def configure(cell: Cell) -> None:
    """Write .config from tinyconfig and the fragments. Fault if Kconfig changes the
    value of a symbol that a fragment sets."""
    wanted = kconfig.request(cell.all_fragments())
    config = cell.build / ".config"
    _prepare_folder(cell)
    make(cell, "make tinyconfig", "-s", "tinyconfig")
    given = kconfig.parse(config.read_text())
    kept = {name: value for name, value in given.items() if name not in wanted}
    config.write_text(kconfig.render({**kept, **wanted}))
    make(cell, "make olddefconfig", "-s", "olddefconfig")
    kconfig.verify(wanted, config, cell.variant.needs)


def _collect(cell: Cell) -> None:
    """Copy image, .config and vDSO images to the cell's folder."""
    machine = cell.machine
    shutil.copyfile(cell.build / machine.image, cell.image)
    shutil.copyfile(cell.build / ".config", cell.folder / ".config")
    config = kconfig.parse(cell.folder.joinpath(".config").read_text())
    for abi, image in cell.images.items():
        if image.option and config.get(image.option) != "y":
            continue
        path = cell.build / f"{image.path}.so"
        if not path.is_file():
            raise Fault(f"the build produced no {image.path}.so", cell.build_log)
        shutil.copyfile(path, cell.vdso(abi))
        # arm64's 32-bit image has one of another name.
        debug = path.with_name(f"{path.name}.dbg")
        if debug.is_file():
            shutil.copyfile(debug, cell.vdso(abi, ".so.dbg"))


def _step(cell: Cell, name: str) -> ContextManager[Outcome]:
    """A step in which no other command builds the cell."""
    lock = f"cell-{cell.name}"
    return parallel.locked_step(cell.ctx, lock, cell.base, cell.label, name)


def kernel(cell: Cell) -> None:
    """Configure and build, unless the same inputs were built already; then write
    metadata.json. Fault if a step fails."""
    mark = cell.fingerprint()
    with _step(cell, "build") as outcome:
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
    """Build the kernel and the kselftests."""
    kernel(cell)
    selftests(cell)


def _warnings(log: Path) -> str:
    text = log.read_text(errors="replace")
    count = len(re.findall(r"warning:", text))
    return f"{count} warnings, see {log}" if count else ""


def write_metadata(cell: Cell, mark: str, seconds: float) -> None:
    """Write metadata.json: the inputs, their fingerprint `mark`, the duration of the
    build in seconds and the command that repeats it."""
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
    """Build the tree's kselftests and install them into the cell's folder."""
    with _step(cell, "kselftest") as outcome:
        targets = [
            name
            for name in manifest.FOLDERS
            if (cell.source.tree / "tools/testing/selftests" / name).is_dir()
        ]
        outcome.note = ", ".join(targets)
        inputs = cell.tests_fingerprint()
        mark = f"{inputs} {outcome.note}" if inputs else ""
        if reuse_tests(cell, mark):
            outcome.word = "cached"
            return
        make(cell, "make headers", "-s", "headers")
        with _replacing_tests(cell) as part:
            _make_selftests(cell, targets, part)
            if mark:
                (part / MARK).write_text(mark)


def reuse_tests(cell: Cell, mark: str) -> bool:
    """True if the cell has tests of the fingerprint `mark`, its own or those copied
    from another variant."""
    for tests in (cell.tests, *(other.tests for other in cell.other_variants())):
        path = tests / MARK
        if mark and path.is_file() and path.read_text() == mark:
            if tests != cell.tests:
                with _replacing_tests(cell) as part:
                    shutil.copytree(tests, part, symlinks=True)
            return True
    return False


@contextmanager
def _replacing_tests(cell: Cell) -> Iterator[Path]:
    """Yields a folder; renamed to the cell's tests if the block raises nothing."""
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
