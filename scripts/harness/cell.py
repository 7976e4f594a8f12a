# SPDX-License-Identifier: GPL-2.0
"""A cell: the kernel of one base, architecture and variant, its inputs and products."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterable, Optional

from harness import bases, kconfig, patcher, procs
from harness.context import Context
from harness.machine import Machine
from harness.mode import USUAL, Mode
from harness.source import Source
from harness.variant import ALL, PLAIN, Variant

CACHED_CC = Path(__file__).resolve().with_name("cached-cc")
# Factor for the time limits of a guest whose CPUs share one thread.
ONE_THREAD_SCALE = 3


@dataclass
class Cell:
    """after: the number of cells of the same command that are built and run before it.

    The mode changes only how guests run: cells that differ in it share one folder.
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
        """Nice value of its build: guests and builds of earlier cells have priority."""
        return min(procs.BUILD_NICE + 9 * self.after, 19)

    @property
    def base(self) -> str:
        return self.source.base.name

    @property
    def name(self) -> str:
        return self.variant.named(f"{self.base}-{self.machine.arch}")

    @property
    def title(self) -> str:
        """Its name in reports."""
        return self.mode.named(self.name)

    @property
    def label(self) -> str:
        """Its name in progress lines."""
        return self.mode.named(self.variant.named(self.machine.arch))

    @property
    def folder(self) -> Path:
        return self.ctx.out / self.name

    @property
    def one_thread(self) -> bool:
        """Emulate all CPUs in one thread? QEMU with a thread for each may execute stale
        code after a text patch: an unpatched distribution's kernel oopses with "int3"
        there, too. See Documentation/testing.rst."""
        return kconfig.request(self.all_fragments()).get("CONFIG_JUMP_LABEL") == "y"

    @property
    def timeout_scale(self) -> int:
        """Factor for every time limit of its guests."""
        slow = ONE_THREAD_SCALE if self.one_thread else 1
        return self.variant.timeout_scale * self.mode.timeout_scale * slow

    @property
    def kernel_args(self) -> list[str]:
        """Additions to the kernel command line. The kernel passes NAME=VALUE words that
        it does not parse to PID 1 as environment variables."""
        slow = (
            [f"VT_TIMEOUT_SCALE={self.timeout_scale}"] if self.timeout_scale > 1 else []
        )
        return [*self.variant.append, *slow]

    @property
    def build(self) -> Path:
        """kbuild's output directory."""
        return self.folder / "build"

    @property
    def tests(self) -> Path:
        """The directory of the installed kselftests."""
        return self.folder / "tests"

    def other_variants(self) -> list[Cell]:
        """The other variants of this base and architecture, the plain one first."""
        kinds = [kind for kind in ALL if kind != self.variant]
        return [replace(self, variant=kind) for kind in kinds]

    @property
    def image(self) -> Path:
        """The kernel image for QEMU."""
        return self.folder / Path(self.machine.image).name

    @property
    def images(self) -> dict[str, bases.Image]:
        """ABI -> vDSO image of the architecture's kernels."""
        return self.source.base.images_of(self.machine.srcarch)

    def image_targets(self) -> list[str]:
        """The make targets that build the images."""
        return list(dict.fromkeys(image.target for image in self.images.values()))

    def built_images(self) -> dict[str, Path]:
        """ABI -> image in the build directory, for those that the build produced."""
        paths = {abi: self.build / f"{i.path}.so" for abi, i in self.images.items()}
        return {abi: path for abi, path in paths.items() if path.is_file()}

    def vdso(self, abi: str, end: str = ".so") -> Path:
        """The copy of an image of the built kernel; ".so.dbg": with symbols."""
        return self.folder / f"vdso-{abi}{end}"

    @property
    def build_log(self) -> Path:
        return self.folder / "build.log"

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata.json"

    @property
    def compiler(self) -> str:
        """kbuild's CC: through ccache if it is installed."""
        gcc = f"{self.machine.cross}gcc"
        return f"{CACHED_CC} {gcc}" if shutil.which("ccache") else gcc

    def all_fragments(self) -> list[Path]:
        """Later ones win: common, architecture, patched, base, variant, --config."""
        names = ["base", self.machine.arch]
        names += ["vdso_task"] if self.source.patched else []
        own = self.source.base.config_fragments(self.machine.arch)
        return [
            *self._fragments(names),
            *own,
            *self._fragments(self.variant.fragments),
            *self.fragments,
        ]

    def _fragments(self, names: Iterable[str]) -> list[Path]:
        return [self.ctx.scripts / "configs" / f"{name}.config" for name in names]

    def fingerprint(self) -> str:
        """Digest of the kernel's inputs; empty for --tree: always build."""
        return self._digest(self.all_fragments() + self._inputs())

    def tests_fingerprint(self) -> str:
        """The same for the kselftests, which do not depend on the configuration."""
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
        """The tree's patch state: the repository may have changed since the tree was
        patched."""
        return [self.source.tree / patcher.STATE] if self.source.patched else []

    def read_metadata(self) -> dict[str, Any]:
        """metadata.json of the last build; empty if absent or damaged."""
        return read_metadata(self.folder)


def read_metadata(folder: Path) -> dict[str, Any]:
    """metadata.json of a cell's folder; empty if absent or damaged."""
    try:
        value = json.loads((folder / "metadata.json").read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def last_fragments(folder: Path) -> Optional[list[Path]]:
    """The --config fragments of the cell's last build, from metadata.json; None if it
    has not been built."""
    names = read_metadata(folder).get("fragments")
    return [Path(name) for name in names] if isinstance(names, list) else None
