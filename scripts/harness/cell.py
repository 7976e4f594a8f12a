# SPDX-License-Identifier: GPL-2.0
"""A cell is one base on one architecture: its folder, its inputs, what was built."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from harness import bases
from harness.context import Context
from harness.machine import Machine
from harness.source import Source


@dataclass
class Cell:
    ctx: Context
    source: Source
    machine: Machine
    debug: bool = False
    fragments: list[Path] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.source.base.name

    @property
    def name(self) -> str:
        return cell_name(self.base, self.machine.arch, self.debug)

    @property
    def folder(self) -> Path:
        return self.ctx.out / self.name

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def tests(self) -> Path:
        return self.folder / "tests"

    @property
    def image(self) -> Path:
        return self.folder / Path(self.machine.image).name

    @property
    def build_log(self) -> Path:
        return self.folder / "build.log"

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata.json"

    def all_fragments(self) -> list[Path]:
        """Later ones win: common, architecture, patched, debug, the user's."""
        folder = self.ctx.scripts / "configs"
        names = ["base", self.machine.arch]
        names += ["vdso_task"] if self.source.patched else []
        names += ["debug"] if self.debug else []
        return [folder / f"{name}.config" for name in names] + self.fragments

    def fingerprint(self) -> str:
        """Changes whenever a kernel must be built anew; a user's tree always may."""
        total = hashlib.sha256()
        if self.source.origin.startswith("/"):
            return ""
        total.update(f"{self.source.origin} {self.source.patched}\n".encode())
        for path in self.all_fragments() + self._inputs():
            total.update(f"{path}\n".encode())
            total.update(path.read_bytes())
        return total.hexdigest()

    def _inputs(self) -> list[Path]:
        repo, base = self.ctx.repo, self.source.base
        if not self.source.patched:
            return []
        files = [repo / name for name in bases.overlay_files(repo, base.name)]
        return files + sorted(base.folder.glob("*.patch"))

    def read_metadata(self) -> dict[str, Any]:
        return read_metadata(self.folder)


def cell_name(base: str, arch: str, debug: bool) -> str:
    return f"{base}-{arch}" + ("-debug" if debug else "")


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
