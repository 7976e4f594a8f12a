# SPDX-License-Identifier: GPL-2.0
"""apply --dry-run: which hunks of a series apply to a tree, and which do not."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from harness import ktree, patcher, stage
from harness.bases import Base, Patch, format_version


@dataclass(frozen=True)
class Tried:
    """What became of one patch.

    hunks, applied: numbers of hunks
    failed: `FILE: REASON` of each that does not apply, and of each new file whose name
        is taken
    """

    patch: str
    hunks: int
    applied: int
    failed: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For the terminal."""
        word = "FAIL" if self.failed else "ok"
        counts = f"{self.applied} of {self.hunks} hunks apply"
        yield f"{self.patch:<28} {word:<6} {counts}"
        for text in self.failed:
            yield f"    {text}"


def hunks_of(text: str) -> Counter[str]:
    """The number of hunks of each file in a patch."""
    found: Counter[str] = Counter()
    name = ""
    for line in text.splitlines():
        match = re.match(r"\+\+\+ [^/\s]+/(\S+)", line)
        name = match[1] if match else name
        found[name] += line.startswith("@@ ")
    return +found


def try_series(base: Base, tree: Path) -> list[Tried]:
    """Apply each patch to a copy of the tree's files, as far as it goes; the tree is
    only read. What fails in one patch may make a later one fail, too."""
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        folder = Path(temporary)
        return [_try_patch(base, tree, patch, folder) for patch in base.patches()]


def _try_patch(base: Base, tree: Path, patch: Patch, folder: Path) -> Tried:
    paths = [base.tree_path(name) for name in patch.files]
    failed = [f"{path}: already exists" for path in paths if (tree / path).exists()]
    if patch.hunks is None:
        return Tried(patch.name, 0, 0, tuple(failed))
    text = patch.hunks.read_text()
    hunks = hunks_of(text)
    missing = []
    for name in patcher.touched(text, patch.name):
        content = stage.read(tree, name)
        if content is None:
            missing.append(name)
        elif not (folder / name).exists():
            stage.put(folder / name, content)
    bad = patcher.failed_hunks(patcher.run_patch(folder, text))
    failed += [f"{name}: no such file" for name in missing]
    failed += [
        f"{hunk.file}: hunk {hunk.number} of {hunks[hunk.file]}, near line {hunk.line}"
        for hunk in bad
    ]
    total = sum(hunks.values())
    lost = sum(hunks[name] for name in missing) + len(bad)
    return Tried(patch.name, total, total - lost, tuple(failed))


def title(base: Base, tree: Path) -> str:
    """The tree's release and whether the base is for it."""
    version = ktree.version_of(tree)
    known = f"{format_version(base.min)} to {format_version(base.max)}"
    verb = "covers" if base.covers(version) else "does not cover"
    return f"{tree}: kernel {format_version(version)}; base {base.name} {verb} it ({known})"
