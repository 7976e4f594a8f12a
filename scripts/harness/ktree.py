# SPDX-License-Identifier: GPL-2.0
"""Read a kernel tree's version and whether it is clean; nothing is changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable

from harness import procs
from harness.bases import Base, Version, all_bases, for_version, format_version
from harness.errors import Fault

NEEDED = ("Makefile", "Kbuild", "Kconfig", "MAINTAINERS", "kernel", "arch")


def version_of(tree: Path) -> Version:
    """VERSION, PATCHLEVEL, SUBLEVEL of the Makefile; Fault if no kernel tree."""
    if not tree.is_dir():
        raise Fault(f"{tree}: no such directory; give the top of a kernel tree")
    for name in NEEDED:
        if not (tree / name).exists():
            raise Fault(
                f"{tree / name}: missing, so this is not the top of a kernel tree"
            )
    text = (tree / "Makefile").read_text(errors="replace")
    numbers = []
    for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL"):
        match = re.search(rf"^{key} *= *(\d+) *$", text, re.MULTILINE)
        if not match:
            raise Fault(f"{tree / 'Makefile'}: no {key}, so this is not a kernel tree")
        numbers.append(int(match[1]))
    return numbers[0], numbers[1], numbers[2]


def base_of(repo: Path, tree: Path) -> Base:
    """The base that covers the tree's version; Fault if none does."""
    version = version_of(tree)
    base = for_version(repo, version)
    if base is None:
        known = "; ".join(
            f"{b.name}: {format_version(b.min)} to {format_version(b.max)}"
            for b in all_bases(repo)
        )
        raise Fault(
            f"{tree / 'Makefile'}: kernel {format_version(version)} is not supported"
            f" ({known}): use a tree of a supported version, or see with `vdsox apply"
            " --dry-run` what applies"
        )
    return base


def nearest_base(repo: Path, tree: Path) -> Base:
    """The base that covers the tree's version, else the one before it, else the first."""
    version = version_of(tree)
    covering = for_version(repo, version)
    known = sorted(all_bases(repo), key=lambda base: base.min)
    older = [base for base in known if base.min <= version]
    return covering or (older[-1] if older else known[0])


def dirty_files(tree: Path, paths: Iterable[str]) -> list[str]:
    """Those of the files that `git status` lists; none if the tree is no git work tree.
    Fault if git fails."""
    if not (tree / ".git").exists():
        return []
    command = ["git", "-c", "core.quotepath=off", "status", "--porcelain"]
    done = procs.communicate([*command, "--", *paths], cwd=tree)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["git failed"])[-1]
        raise Fault(f"{tree}: git status: {reason}")
    return [line[3:] for line in done.stdout.splitlines() if line]
