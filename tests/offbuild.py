# SPDX-License-Identifier: GPL-2.0
"""Builds the unpatched tree, and the patched one with the option off, at one path.

The configuration is that of the test kernels without that option. Either two complete
kernels are compared, of which the unpatched one is kept for tests that boot it; or the
images and the objects that the patches could have changed, see offparts.py.

Nearly every file includes a header that the patches touch, but few files get other
tokens from it: `token_cache` compiles those few, and takes the other objects from the
first build.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

import offparts
from harness import atomic, build, machine, patcher, procs, variant
from harness.cell import Cell
from harness.context import Context
from harness.source import Source
from harness.ui import Outcome as Progress

HERE = Path(__file__).parent
TOKEN_CACHE = HERE / "token_cache"
# With more changed objects than this, complete kernels are built and compared.
MANY = 100
WHOLE = ["vmlinux"]


@dataclass
class OffCell(Cell):
    """A cell with its own folder and compiler."""

    @property
    def name(self) -> str:
        return f"off-{self.base}-{self.machine.arch}"

    @property
    def compiler(self) -> str:
        """token_cache, with a separate store for each compiler version."""
        gcc = f"{self.machine.cross}gcc"
        version = procs.capture([gcc, "--version"], "gcc --version")
        digest = hashlib.sha256(version.encode()).hexdigest()[:12]
        return f"{TOKEN_CACHE} {self.folder / 'objects' / digest} {gcc}"


def _tree(ctx: Context, source: Source) -> Path:
    return ctx.out / "src" / f"{source.base.name}-off"


def link_tree(ctx: Context, source: Source) -> Path:
    """An unpatched copy of the tree by hard links, which are never written to."""
    tree = _tree(ctx, source)
    stamp = f"{source.origin}\n"
    mark = tree / ".vdsox-source"
    if not mark.is_file() or mark.read_text() != stamp:
        part = tree.with_name(f"{tree.name}.part")
        for folder in (part, tree):
            shutil.rmtree(folder, ignore_errors=True)
        log = ctx.out / f"source-{source.base.name}.log"
        procs.run_logged(["cp", "-al", source.tree, part], log, "copy of the tree")
        part.rename(tree)
    if patcher.load_state(tree) is not None:
        patcher.unapply(tree)
    return tree


def key_of(cell: OffCell, source: Source) -> str:
    """A hash over all inputs of the comparison."""
    total = hashlib.sha256(source.origin.encode())
    inputs = [*cell.all_fragments(), Path(__file__), HERE / "offparts.py", TOKEN_CACHE]
    plan = patcher.plan(source.base, source.tree, patcher.originals(source.tree).get)
    for path in inputs:
        total.update(path.read_bytes())
    for name, content in sorted(plan.after.items()):
        if not name.startswith("tools/testing/"):
            total.update(name.encode() + b"\0" + content.data)
    return total.hexdigest()


def _configure(cell: OffCell) -> None:
    build.configure(cell)
    assert "CONFIG_VDSO_TASK=y" not in (cell.build / ".config").read_text()


def disassembly(cell: OffCell, files: list[str]) -> Iterator[str]:
    """Disassemble the files, with relocations where they are unlinked."""
    command = [f"{cell.machine.cross}objdump", "-dr", "--no-show-raw-insn", *files]
    options = {"cwd": cell.build, "stdout": subprocess.PIPE, "text": True}
    with procs.running(command, **options) as process:
        assert process.stdout is not None
        with process.stdout:
            yield from process.stdout
        assert process.wait() == 0


def _images(cell: OffCell) -> dict[str, str]:
    found = cell.built_images()
    assert cell.machine.arch in found
    return {
        a: hashlib.sha256(path.read_bytes()).hexdigest() for a, path in found.items()
    }


def _differences(saved: Path, cell: OffCell, files: list[str]) -> list[str]:
    """Pairs of lines that differ, and a last entry if the rest was not compared or the
    saved text is longer."""
    found = []
    with open(saved) as stream:
        for line in disassembly(cell, files):
            old = stream.readline()
            if old != line:
                found.append(f"-{old.rstrip()}\n+{line.rstrip()}")
            if len(found) > 2000:
                found.append("more lines, which were not compared")
                break
        if stream.readline():
            found.append("the unpatched kernel's disassembly is longer")
    return found


@dataclass
class Outcome:
    """The compared files, the images and the differences of two builds."""

    whole: bool
    files: list[str]
    images_before: dict[str, str]
    images_after: dict[str, str]
    differences: list[str]


@dataclass
class Pair:
    """The two builds of one architecture: make's targets and the compared files."""

    cell: OffCell
    targets: list[str]
    files: list[str]
    images: dict[str, str]
    note: str = ""

    @property
    def whole(self) -> bool:
        return self.files == WHOLE

    @property
    def saved(self) -> Path:
        return self.cell.folder / "before.dis"


def _pair(cell: OffCell, plain: Cell, whole: bool, why: str = "") -> Pair:
    _configure(cell)
    if whole:
        return Pair(cell, [Path(cell.machine.image).name], WHOLE, {}, why)
    build.make(cell, "kernel build", *offparts.FIRST)
    objects = offparts.objects(cell, plain)
    if len(objects) > MANY:
        return _pair(cell, plain, True, f"all, as {len(objects)} objects may differ")
    targets = [*objects, *cell.image_targets()]
    return Pair(cell, targets, objects, {}, f"{len(objects)} objects")


def _before(pair: Pair, progress: Progress) -> None:
    cell = pair.cell
    build.make(cell, "kernel build", *pair.targets, outcome=progress)
    pair.images = _images(cell)
    with open(pair.saved, "w") as stream:
        stream.writelines(disassembly(cell, pair.files))
    if pair.whole:
        shutil.copyfile(cell.build / cell.machine.image, cell.image)


def _after(pair: Pair, progress: Progress) -> Outcome:
    cell = pair.cell
    _configure(cell)
    build.make(cell, "kernel build", *pair.targets, outcome=progress)
    found = _differences(pair.saved, cell, pair.files)
    pair.saved.unlink()
    return Outcome(pair.whole, pair.files, pair.images, _images(cell), found)


def compare(
    ctx: Context, source: Source, plain: list[Cell], whole: bool
) -> dict[str, Outcome]:
    """Build all architectures unpatched, then all of them patched, and compare.

    plain: a built kernel of each architecture, with the option on.
    """
    outcomes: dict[str, Outcome] = {}
    todo = []
    for kernel in plain:
        cell = unpatched(ctx, source, kernel.machine.arch)
        old = _load_outcome(cell, source)
        if old and (old.whole or not whole):
            outcomes[kernel.machine.arch] = old
        else:
            todo.append((kernel, cell))
    if not todo:
        return outcomes
    tree = link_tree(ctx, source)
    pairs = []
    for kernel, cell in todo:
        cell.folder.mkdir(parents=True, exist_ok=True)
        cell.build_log.unlink(missing_ok=True)
        with ctx.ui.step(cell.base, cell.machine.arch, "unpatched") as outcome:
            pair = _pair(cell, kernel, whole)
            _before(pair, outcome)
            outcome.note = pair.note
        pairs.append(pair)
    patcher.sync(source.base, tree)
    for pair in pairs:
        cell = pair.cell
        with ctx.ui.step(cell.base, cell.machine.arch, "option-off") as outcome:
            outcomes[cell.machine.arch] = _after(pair, outcome)
        _store_outcome(cell, source, outcomes[cell.machine.arch])
    return outcomes


def unpatched(ctx: Context, source: Source, arch: str) -> OffCell:
    """The cell whose image, after compare(), is the unpatched kernel."""
    other = replace(source, tree=_tree(ctx, source), patched=False)
    kind = variant.with_host(variant.PLAIN)
    return OffCell(ctx, other, machine.load(arch), kind)


def _load_outcome(cell: OffCell, source: Source) -> Outcome | None:
    try:
        value = json.loads((cell.folder / "outcome.json").read_text())
        kept = cell.image.is_file() or not value["whole"]
        if kept and value.pop("key") == key_of(cell, source):
            return Outcome(**value)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _store_outcome(cell: OffCell, source: Source, outcome: Outcome) -> None:
    value = {"key": key_of(cell, source), **vars(outcome)}
    atomic.write_text(cell.folder / "outcome.json", json.dumps(value) + "\n")
