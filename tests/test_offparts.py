# SPDX-License-Identifier: GPL-2.0
"""Which objects of a kernel with the option off are compared."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

import offparts
from harness.bases import Image
from harness.errors import Fault

# Of the image, of the kernel beside it, of a 32-bit image.
IN_VDSO = ("arch/x/vdso/clock", "arch/x/vdso/map", "arch/x/vdso/vdso32/clock")
PART = "include/linux/part.h"
HIDDEN = "#ifdef CONFIG_VDSO_TASK\nint hidden;\n#endif\n"
DEPENDENCIES = """\
savedcmd_{name} := ccache gcc -c -o {name} {source}

source_{name} := {source}

deps_{name} := \\
    $(wildcard include/config/SMP) \\
  {header} \\
  /usr/lib/gcc/include/stdarg.h \\

{name}: $(deps_{name})
"""


@dataclass
class SourceTree:
    """The parts of a cell that offparts uses."""

    build: Path
    tree: Path
    images = {"x": Image("arch/x/vdso/vdso", "arch/x/vdso/")}

    @property
    def source(self) -> SimpleNamespace:
        return SimpleNamespace(tree=self.tree)

    def write(self, name: str, text: str) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compiled(self, name: str, source: str, header: str) -> None:
        """Write the .cmd file of an object as kbuild does."""
        path = self.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        text = DEPENDENCIES.format(name=name, source=source, header=header)
        (path.parent / f".{path.name}.cmd").write_text(text)


@pytest.fixture(name="trees")
def fixture_trees(tmp_path: Path) -> tuple[SourceTree, SourceTree]:
    """The unpatched and the patched tree."""
    old = SourceTree(tmp_path / "off", tmp_path / "src" / "old")
    new = SourceTree(tmp_path / "on", tmp_path / "src" / "new")
    for tree in (old, new):
        tree.write(PART, "int part;\n")
        for name in ("kernel/fork", "kernel/user", *IN_VDSO, "fs/free"):
            tree.write(f"{name}.c", "int code;\n")
    (old.build / "kernel").mkdir(parents=True)
    (old.build / "kernel" / ".fork.o.cmd").write_text(
        f"savedcmd_kernel/fork.o := token_cache store gcc -Wp,-MMD,x -I{old.tree}/include"
        f" -c -o kernel/fork.o {old.tree}/kernel/fork.c ; objtool kernel/fork.o\n"
    )
    return old, new


def changed(trees: tuple[SourceTree, SourceTree], *files: str) -> set[str]:
    old, new = trees
    return offparts.changed(old, new.tree, set(files))  # type: ignore[arg-type]


def test_header_with_other_tokens_is_changed(trees) -> None:
    trees[1].write(PART, f"{HIDDEN}int part;\n")
    assert changed(trees, PART) == set()
    trees[1].write(PART, "int part, more;\n")
    assert changed(trees, PART) == {PART}


def test_header_with_moved_lines_is_not_changed(trees) -> None:
    """Such as a WARN_ON() below a field of ours in a widely included header."""
    trees[0].write(PART, "int part = __LINE__;\n")
    trees[1].write(PART, f"{HIDDEN}int part = __LINE__;\n")
    assert changed(trees, PART) == set()
    trees[1].write(PART, f"{HIDDEN}int part = __LINE__ + 1;\n")
    assert changed(trees, PART) == {PART}


def test_header_of_a_header(trees) -> None:
    """Each tree's header includes that tree's own."""
    for tree in trees:
        tree.write("include/linux/outer.h", "#include <linux/part.h>\n")
    trees[1].write(PART, "int part, more;\n")
    assert changed(trees, "include/linux/outer.h") == {"include/linux/outer.h"}


def test_touched_source_is_changed(trees) -> None:
    assert changed(trees, "kernel/fork.c") == {"kernel/fork.c"}


def test_header_that_cannot_be_read_is_a_fault(trees) -> None:
    trees[1].write(PART, "#error no\n")
    with pytest.raises(Fault, match="part.h"):
        changed(trees, PART)


@pytest.mark.parametrize("changes", [{"kernel/fork.c"}, {"kernel/fork.c", PART}])
def test_objects_that_depend_on_what_changed(trees, monkeypatch, changes) -> None:
    """By absolute names and by those that ccache makes relative. Objects of an image
    and files that only the patched tree has are not listed."""
    old, new = trees
    new.write("kernel/new.c", "int code;\n")
    for name in ("kernel/fork", "kernel/user", *IN_VDSO, "kernel/new"):
        new.compiled(f"{name}.o", f"{new.tree}/{name}.c", f"../src/new/{PART}")
    new.compiled("fs/free.o", "../src/new/fs/free.c", "../src/new/include/other.h")
    new.write(PART, "int part, more;\n" if PART in changes else "int part;\n")
    monkeypatch.setattr(offparts, "touched", lambda _: {"kernel/fork.c", PART})
    folder = new.build / "arch/x/vdso"
    subprocess.run(["ar", "rc", "built-in.a", "map.o"], cwd=folder, check=True)
    depend = ["arch/x/vdso/map.o", "kernel/fork.o", "kernel/user.o"]
    want = depend if PART in changes else ["kernel/fork.o"]
    assert offparts.objects(old, new) == want  # type: ignore[arg-type]
