# SPDX-License-Identifier: GPL-2.0
"""Builds of the unpatched and of the patched tree with the option off, at one path.

The configuration is the test kernels' but for that option, and the unpatched kernel
is kept: other tests boot it beside the patched one.

Nearly every file includes a header that the patches touch, and nearly none has other
tokens for it: `sametokens` compiles those few, and takes the others' objects from the
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

from harness import build, machine, patcher, procs
from harness.cell import Cell
from harness.context import Context
from harness.source import Source

HERE = Path(__file__).parent
SAME_TOKENS = HERE / "sametokens"


@dataclass
class OffCell(Cell):
    """A cell of its own folder and compiler."""

    @property
    def name(self) -> str:
        return f"off-{self.base}-{self.machine.arch}"

    @property
    def compiler(self) -> str:
        """Objects of another compiler are kept apart."""
        gcc = f"{self.machine.cross}gcc"
        version = procs.capture([gcc, "--version"], "gcc --version")
        digest = hashlib.sha256(version.encode()).hexdigest()[:12]
        return f"{SAME_TOKENS} {self.folder / 'objects' / digest} {gcc}"


def _tree(ctx: Context, source: Source) -> Path:
    return ctx.out / "src" / f"{source.base.name}-off"


def link_tree(ctx: Context, source: Source) -> Path:
    """The same tree once more, unpatched: its files are links, never written to."""
    tree = _tree(ctx, source)
    stamp = f"{source.origin}\n"
    mark = tree / ".vdsox-source"
    if not mark.is_file() or mark.read_text() != stamp:
        shutil.rmtree(tree, ignore_errors=True)
        subprocess.run(["cp", "-al", source.tree, tree], check=True)
    if patcher.load_state(tree) is not None:
        patcher.unapply(tree)
    return tree


def key_of(cell: OffCell, source: Source) -> str:
    """Changes with whatever could change the outcome."""
    total = hashlib.sha256(source.origin.encode())
    inputs = [*cell.all_fragments(), Path(__file__), SAME_TOKENS]
    plan = patcher.plan(source.base, source.tree, patcher.originals(source.tree).get)
    for path in inputs:
        total.update(path.read_bytes())
    for name, content in sorted(plan.after.items()):
        if not name.startswith("tools/testing/"):
            total.update(name.encode() + b"\0" + content.data)
    return total.hexdigest()


def _make(cell: OffCell) -> None:
    build.configure(cell)
    assert "CONFIG_VDSO_TASK=y" not in (cell.build / ".config").read_text()
    build.make(cell, "kernel build", Path(cell.machine.image).name)


def disassembly(cell: OffCell) -> Iterator[str]:
    command = [f"{cell.machine.cross}objdump", "-d", "--no-show-raw-insn", "vmlinux"]
    with subprocess.Popen(
        command, cwd=cell.build, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield from process.stdout
    assert process.returncode == 0


def _images(cell: OffCell) -> dict[str, str]:
    found = sorted(cell.build.glob(cell.machine.vdso))
    images = [path for path in found if path.suffix == ".so"]
    assert images
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in images}


def _differences(saved: Path, cell: OffCell) -> list[str]:
    """Pairs of lines that differ; a different length differs at its end."""
    found = []
    with open(saved) as stream:
        for line in disassembly(cell):
            old = stream.readline()
            if old != line:
                found.append(f"-{old.rstrip()}\n+{line.rstrip()}")
            if len(found) > 2000:
                break
        if stream.readline():
            found.append("the unpatched kernel goes on")
    return found


@dataclass
class Outcome:
    """What the two builds of an architecture have and have not in common."""

    images_before: dict[str, str]
    images_after: dict[str, str]
    differences: list[str]


def compare(ctx: Context, source: Source, arches: list[str]) -> dict[str, Outcome]:
    """Build all architectures unpatched, then all of them patched, and compare."""
    cells = [unpatched(ctx, source, arch) for arch in arches]
    outcomes = {cell.machine.arch: _remembered(cell, source) for cell in cells}
    todo = [cell for cell in cells if outcomes[cell.machine.arch] is None]
    if todo:
        tree = link_tree(ctx, source)
        images = {}
        for cell in todo:
            cell.folder.mkdir(parents=True, exist_ok=True)
            cell.build_log.unlink(missing_ok=True)
            with ctx.ui.step(cell.base, cell.machine.arch, "unpatched"):
                _make(cell)
                images[cell.name] = _images(cell)
                _save(cell)
        patcher.sync(source.base, tree)
        for cell in todo:
            with ctx.ui.step(cell.base, cell.machine.arch, "option-off"):
                _make(cell)
                found = _differences(cell.folder / "before.dis", cell)
            outcome = Outcome(images[cell.name], _images(cell), found)
            outcomes[cell.machine.arch] = outcome
            _remember(cell, source, outcome)
    return {arch: outcome for arch, outcome in outcomes.items() if outcome}


def unpatched(ctx: Context, source: Source, arch: str) -> OffCell:
    """Once compared, its image is the kernel without the patches."""
    other = replace(source, tree=_tree(ctx, source), patched=False)
    return OffCell(ctx, other, machine.load(arch))


def _save(cell: OffCell) -> None:
    shutil.copyfile(cell.build / cell.machine.image, cell.image)
    with open(cell.folder / "before.dis", "w") as stream:
        stream.writelines(disassembly(cell))


def _remembered(cell: OffCell, source: Source) -> Outcome | None:
    try:
        value = json.loads((cell.folder / "outcome.json").read_text())
        if cell.image.is_file() and value.pop("key") == key_of(cell, source):
            return Outcome(**value)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _remember(cell: OffCell, source: Source, outcome: Outcome) -> None:
    value = {"key": key_of(cell, source), **vars(outcome)}
    (cell.folder / "outcome.json").write_text(json.dumps(value) + "\n")
    (cell.folder / "before.dis").unlink()
