# SPDX-License-Identifier: GPL-2.0
"""Builds the vDSO images with Debian's own kernel configuration.

A complete kernel would take hours: only the objects that the patches add or touch are
compiled, and each image is linked and checked as in any kernel build.
"""

from __future__ import annotations

import lzma
import re
from dataclasses import dataclass
from pathlib import Path

from harness import apt, build, kconfig, machine, patcher, procs
from harness.cell import Cell
from harness.context import Context
from harness.source import Source

# Disabled are signing keys, BTF and Rust: only a complete build needs them.
OVERRIDES = """
CONFIG_VDSO_TASK=y
CONFIG_SYSTEM_TRUSTED_KEYS=""
# CONFIG_MODULE_SIG is not set
# CONFIG_DEBUG_INFO_BTF is not set
# CONFIG_RUST is not set
"""
OWN = "kernel/vdso/"


@dataclass
class DistroCell(Cell):
    """A cell whose configuration is the distribution's."""

    @property
    def name(self) -> str:
        return f"distro-{self.base}-{self.machine.arch}"


def configuration(ctx: Context, source: Source, log: Path) -> str:
    deb = apt.download(ctx.cache, f"linux-config-{source.base.name}", log)
    folder = ctx.out / "tools" / "linux-config"
    procs.run_logged(["dpkg-deb", "-x", deb, folder], log, f"unpack {deb.name}")
    (path,) = folder.glob("usr/src/*/config.amd64_none_amd64.xz")
    return lzma.decompress(path.read_bytes()).decode()


def touched(source: Source, config: dict[str, str]) -> list[str]:
    """Objects of the files with hooks, except those of arm64."""
    plan = patcher.plan(source.base, source.tree, patcher.originals(source.tree).get)
    names = [name for name in plan.after if name.endswith(".c")]
    mine = [name for name in names if name.startswith(("fs/", "kernel/"))]
    own = [name for name in mine if not name.startswith(OWN)]
    made = {compiled(source.tree, name)[:-1] + "o" for name in own}
    return sorted(name for name in made if is_enabled(source.tree, config, name))


def is_enabled(tree: Path, config: dict[str, str], name: str) -> bool:
    """Whether the folder's Makefile builds the object with this configuration."""
    path = tree / name
    rule = rf"^obj-\$\((CONFIG_\w+)\)\s*\+=.*\b{re.escape(path.name)}"
    found = re.search(rule, (path.parent / "Makefile").read_text(), re.M)
    return not found or config.get(found[1]) == "y"


def compiled(tree: Path, name: str) -> str:
    """The file itself, or the one that includes it, as in most of kernel/sched."""
    path = Path(name)
    line = re.compile(rf'^#\s*include "{re.escape(path.name)}"$', re.MULTILINE)
    for other in sorted((tree / path.parent).glob("*.c")):
        if line.search(other.read_text()):
            return str(path.with_name(other.name))
    return name


def _cell(ctx: Context, source: Source) -> DistroCell:
    return DistroCell(ctx, source, machine.load("x86_64"))


def config_of(ctx: Context, source: Source) -> Path:
    return _cell(ctx, source).build / ".config"


def images(ctx: Context, source: Source) -> list[Path]:
    """Compile, link and check the images of every ABI; return their paths."""
    cell = _cell(ctx, source)
    with ctx.ui.step(cell.base, "x86_64", "distro") as outcome:
        cell.build.mkdir(parents=True, exist_ok=True)
        cell.build_log.unlink(missing_ok=True)
        given = kconfig.parse(configuration(ctx, source, cell.build_log))
        wanted = kconfig.parse(OVERRIDES)
        config = cell.build / ".config"
        config.write_text(kconfig.render({**given, **wanted}))
        build.make(cell, "make olddefconfig", "-s", "olddefconfig")
        kconfig.verify({"CONFIG_VDSO_TASK": "y"}, config)
        objects = touched(source, kconfig.parse(config.read_text()))
        targets = [*cell.image_targets(), OWN, *objects]
        build.make(cell, "part of a kernel build", *targets, outcome=outcome)
    return list(cell.built_images().values())
