# SPDX-License-Identifier: GPL-2.0
"""Finds the objects that the patches could have changed with the option off.

kbuild's .cmd files of the plain kernel list the files that an object depends on. A
touched source counts as changed; a touched header only if it preprocesses to other
tokens, as lines within an #ifdef change nothing but the line numbers after them. Those
are in no code: a WARN_ON() stores its own in a table.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Callable, Iterator

from harness import patcher, procs
from harness.cell import Cell
from harness.errors import Fault

# Built first: its .cmd file has the command that compiles a file of the kernel.
FIRST = ["kernel/fork.o"]
ENDS = (".c", ".h", ".S")
LINE = re.compile(rb"^# \d")
NO_LINES = ["-Wno-builtin-macro-redefined", "-D__LINE__=0"]


def touched(cell: Cell) -> set[str]:
    """Files of the unpatched tree that the patches change."""
    source = cell.source
    plan = patcher.plan(source.base, source.tree, patcher.originals(source.tree).get)
    return {name for name, content in plan.before.items() if content}


def in_tree(plain: Cell, word: str) -> str:
    """A path from kbuild within the tree, or ""; ccache may have made it relative."""
    top = f"{plain.source.tree}/"
    path = os.path.normpath(plain.build / word)
    return path[len(top) :] if path.startswith(top) else ""


def dependencies(plain: Cell) -> Iterator[tuple[str, str, set[str]]]:
    """Object, source and dependencies, for all objects of a build."""
    for path in sorted(plain.build.rglob(".*.o.cmd")):
        text = path.read_text()
        made = re.search(r"^source_(\S+) := (\S+)$", text, re.M)
        if made and in_tree(plain, made[2]):
            words = text[made.end() :].split()
            files = {in_tree(plain, word) for word in words if word.endswith(ENDS)}
            yield made[1], in_tree(plain, made[2]), files


def _command(cell: Cell, tree: Path) -> list[str]:
    """The command that preprocesses its input as code of that tree's kernel."""
    saved = cell.build / "kernel" / ".fork.o.cmd"
    found = re.search(r"^savedcmd_\S+ := (.*)$", saved.read_text(), re.M)
    if not found:
        raise Fault(f"{saved}: holds no command")
    line = found[1].partition(";")[0].replace(str(cell.source.tree), str(tree))
    words = shlex.split(line)
    while not words[0].endswith("gcc"):
        words.pop(0)
    at = words.index("-c")
    kept = [word for word in words[:at] if not word.startswith("-Wp,-MMD")]
    return [*kept, *NO_LINES, "-E", "-x", "c", "-"]


def tokens(cell: Cell, tree: Path, header: str) -> bytes:
    done = subprocess.run(
        _command(cell, tree),
        cwd=cell.build,
        input=f'#include "{tree}/{header}"\n'.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise Fault(f"{header}: {done.stderr.decode(errors='replace').strip()}")
    lines = done.stdout.splitlines()
    return b"\n".join(ln for ln in lines if ln.strip() and not LINE.match(ln))


def changed(cell: Cell, patched: Path, files: set[str]) -> set[str]:
    """The sources, and the headers with other tokens in the patched tree."""
    found = set()
    for name in sorted(files):
        if not name.endswith(".h"):
            found.add(name)
        elif tokens(cell, cell.source.tree, name) != tokens(cell, patched, name):
            found.add(name)
    return found


def _kernel_side(plain: Cell, folder: str) -> set[str]:
    """What lies beside an image's own objects, but is linked into the kernel."""
    archive = plain.build / folder / "built-in.a"
    if not archive.is_file():
        return set()
    names = procs.capture(["ar", "t", archive], "ar t").split()
    return {f"{folder}/{Path(name).name}" for name in names}


def of_images(plain: Cell) -> Callable[[str], bool]:
    """Whether an object is part of a vDSO image."""
    folders = {image.folder for image in plain.images.values()}
    kernel = {name for folder in folders for name in _kernel_side(plain, folder)}

    def test(name: str) -> bool:
        return name not in kernel and any(name.startswith(f"{f}/") for f in folders)

    return test


def objects(cell: Cell, plain: Cell) -> list[str]:
    """Objects to build and compare; those of the images are built with the images.

    cell: configured with the option off, FIRST is built; plain: built with it on.
    """
    hooked = touched(plain)
    known = list(dependencies(plain))
    used = set().union(*(files | {source} for _, source, files in known))
    other = changed(cell, plain.source.tree, hooked & used)
    of_an_image = of_images(plain)
    return [
        name
        for name, source, files in known
        if (cell.source.tree / source).is_file()
        and not of_an_image(name)
        and (files | {source}) & other
    ]
