# SPDX-License-Identifier: GPL-2.0
"""A cell is one base on one architecture: its folder, its inputs, what was built."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

from harness import patcher
from harness.context import Context
from harness.machine import Machine
from harness.mode import USUAL, Mode
from harness.source import Source
from harness.variant import ALL, PLAIN, Variant

CACHED_CC = Path(__file__).with_name("cached-cc")


@dataclass
class Cell:
    """after: how many others of one command are to be ready before it.

    The mode is the guests' affair: it has no kernel and no folder of its own.
    """

    ctx: Context
    source: Source
    machine: Machine
    variant: Variant = PLAIN
    fragments: list[Path] = field(default_factory=list)
    after: int = 0
    mode: Mode = USUAL

    @property
    def nice(self) -> int:
        """A build yields to guests, and to those of the cells that come before it."""
        return min(10 + 9 * self.after, 19)

    @property
    def base(self) -> str:
        return self.source.base.name

    @property
    def name(self) -> str:
        return self.variant.named(f"{self.base}-{self.machine.arch}")

    @property
    def title(self) -> str:
        """What reports call it."""
        return self.mode.named(self.name)

    @property
    def label(self) -> str:
        """What progress lines call it."""
        return self.mode.named(self.variant.named(self.machine.arch))

    @property
    def folder(self) -> Path:
        return self.ctx.out / self.name

    @property
    def timeout_scale(self) -> int:
        """How many times longer than usual its guests may take."""
        return self.variant.timeout_scale * self.mode.timeout_scale

    @property
    def kernel_args(self) -> list[str]:
        """What the kernel does not know, it hands to PID 1 as its environment."""
        slow = (
            [f"VT_TIMEOUT_SCALE={self.timeout_scale}"] if self.timeout_scale > 1 else []
        )
        return [*self.variant.append, *slow]

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def tests(self) -> Path:
        return self.folder / "tests"

    def of_variants(self) -> list[Cell]:
        """The other kernels of this base and architecture, the plain one first."""
        kinds = [kind for kind in ALL if kind != self.variant]
        return [replace(self, variant=kind) for kind in kinds]

    @property
    def image(self) -> Path:
        return self.folder / Path(self.machine.image).name

    @property
    def build_log(self) -> Path:
        return self.folder / "build.log"

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata.json"

    @property
    def compiler(self) -> str:
        """What kbuild calls to compile: through ccache where there is one."""
        gcc = f"{self.machine.cross}gcc"
        return f"{CACHED_CC} {gcc}" if shutil.which("ccache") else gcc

    def all_fragments(self) -> list[Path]:
        """Later ones win: common, architecture, patched, variant, the user's."""
        folder = self.ctx.scripts / "configs"
        names = ["base", self.machine.arch]
        names += ["vdso_task"] if self.source.patched else []
        names += self.variant.fragments
        return [folder / f"{name}.config" for name in names] + self.fragments

    def fingerprint(self) -> str:
        """Changes whenever a kernel must be built anew; a user's tree always may."""
        return self._digest(self.all_fragments() + self._inputs())

    def tests_fingerprint(self) -> str:
        """The same for the kselftests, which do not look at the configuration."""
        return self._digest(self._inputs())

    def _digest(self, files: list[Path]) -> str:
        if self.source.origin.startswith("/"):
            return ""
        total = hashlib.sha256()
        total.update(f"{self.source.origin} {self.source.patched}\n".encode())
        for path in files:
            total.update(f"{path}\n".encode())
            total.update(path.read_bytes())
        return total.hexdigest()

    def _inputs(self) -> list[Path]:
        """What the tree was patched with, which the repository may be past by now."""
        return [self.source.tree / patcher.STATE] if self.source.patched else []

    def read_metadata(self) -> dict[str, Any]:
        return read_metadata(self.folder)


def read_metadata(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / "metadata.json").read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def last_fragments(folder: Path) -> Optional[list[Path]]:
    """The fragments of the user's that the cell was last built with."""
    names = read_metadata(folder).get("fragments")
    return [Path(name) for name in names] if isinstance(names, list) else None
