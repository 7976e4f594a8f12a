# SPDX-License-Identifier: GPL-2.0
"""scripts/qemu/: the architectures, which nothing else lists; their ABIs and tests."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from cells import row_of
from harness import bases, machine, manifest
from harness.context import REPO
from harness.errors import Fault
from harness.machine import Machine
from library import FOLDER, output, table_manifest
from test_style import FILES, name_of
from toolkit import TARGETS, abi_rows

MACHINES = machine.load_all()
BASES = bases.all_bases(REPO)


@pytest.mark.parametrize("here", MACHINES, ids=lambda here: here.arch)
def test_a_machine_is_whole(here: Machine) -> None:
    assert machine.load(here.arch) == here, "a file has the name of its architecture"
    assert (REPO / "scripts" / "configs" / f"{here.arch}.config").is_file()
    counted = f"baseline-{bases.default_name(REPO)}-{here.arch}.json"
    assert (REPO / "tests" / "bench" / counted).is_file()
    assert abi_rows()[here.arch]["class"] == "64"
    assert not here.compat or abi_rows()[here.compat.abi]["class"] == "32"


def test_one_of_them_is_the_default() -> None:
    assert machine.names()[0] == machine.FIRST
    assert sorted(machine.names()) == sorted(here.arch for here in MACHINES)
    with pytest.raises(Fault, match="unknown architecture pdp11: choose one of x86_64"):
        machine.load("pdp11")


def test_host_is_known_by_what_uname_prints(monkeypatch) -> None:
    for here in MACHINES:
        monkeypatch.setattr(machine.platform, "machine", lambda: here.uname)
        assert machine.host_arch() == here.arch
        assert [other for other in MACHINES if other.native] == [here]
        assert here.cross == "" and not set(here.user.compilers) & set(here.compilers)
    monkeypatch.setattr(machine.platform, "machine", lambda: "pdp11")
    assert machine.host_arch() == "pdp11"
    assert machine.select(None) == [machine.load(machine.FIRST)]


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.name)
def test_every_image_is_that_of_one_machine(base: bases.Base) -> None:
    """An image belongs to the architecture in its path; every ABI has an image."""
    found = [base.images_of(here.srcarch) for here in MACHINES]
    assert sorted(abi for images in found for abi in images) == sorted(base.images)
    assert set(base.images) == set(abi_rows())
    for here, images in zip(MACHINES, found):
        assert here.arch in images
        assert not here.compat or here.compat.abi in images


def test_images_are_read_once(sample_repo) -> None:
    base = bases.load(sample_repo, "6.12")
    before = base.images
    (base.folder / "base.tbl").write_text("")
    assert base.images is before
    assert bases.load(sample_repo, "6.12").images == {}


def test_every_compiler_is_tried() -> None:
    """The sample images of vdsogen's and the library's tests, but for a compiler of 32-bit
    programs."""
    compat = {here.compat.abi for here in MACHINES if here.compat}
    assert set(TARGETS) == set(abi_rows()) - compat


@pytest.mark.parametrize("here", MACHINES, ids=lambda here: here.arch)
def test_kselftests_are_those_of_the_table(
    here: Machine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The guest runs those that the table has a row for, the Makefile builds its own."""
    folder = tmp_path / "vdso_task"
    folder.mkdir()
    shutil.copy(REPO / "selftests" / "Makefile", folder)
    (tmp_path / "lib.mk").write_text("$(info $(TEST_GEN_PROGS))\nall:\n")
    words = ["make", "-s", "-C", folder, f"top_srcdir={REPO}", *here.make_args]
    built = output(*words).split()
    table = table_manifest(tmp_path_factory.getbasetemp())
    images = bases.load(REPO).images_of(here.srcarch)
    expected = manifest.from_manifest(table, images)
    assert sorted(built) == sorted(test.program for test in expected)


def test_packages_are_for_all_machines() -> None:
    text = (FOLDER / "debian" / "control").read_text(encoding="ascii")
    lines = re.findall(r"^Architecture: (.*)$", text, re.M)
    assert lines
    for line in lines:
        assert {here.user.debian for here in MACHINES} <= set(line.split())


def test_data_without_a_row_for_an_architecture() -> None:
    assert row_of({"a": 1, "b": 2}, "b") == 2
    with pytest.raises(pytest.fail.Exception, match="no row for c, only for a, b"):
        row_of({"a": 1, "b": 2}, "c")


# Names of architectures, with the name of its file in scripts/qemu/.
NAMES = {
    name: here.arch
    for here in MACHINES
    for name in (here.srcarch, here.uname, here.qemu, *vars(here.user).values())
}
# Files that name several at once, and what for: a test fails without a row of its data.
EXCEPTIONS = {
    "selftests/Makefile": "the 32-bit programs of each, which depend on the compiler",
    "tests/test_cpu_models.py": "a kernel argument",
    "tests/test_machine.py": "lists for the tests below",
    "tests/test_no_timers.py": "objects of the vDSO",
    "tests/test_prebuild.py": "a sample",
    "tests/test_progress.py": "a sample",
    "tests/test_times.py": "a sample",
    "tests/test_verdict.py": "a sample",
    "tests/vdsogen/toolkit.py": "options of the compiler and the linker",
}


def named(text: str) -> set[str]:
    """The architectures that a text names, also as in "arm64-debug"."""
    words = re.findall(r"(?<!\w)[a-z]\w+(?:-\w+)*", text)
    parts = [word.split("-") for word in words]
    heads = {"-".join(part[:n]) for part in parts for n in range(1, len(part) + 1)}
    return {arch for name, arch in NAMES.items() if name in heads}


def parts_of(tree: ast.AST) -> list[ast.expr]:
    """The lists, mappings, texts and conditions of a module, without its docstrings."""
    kinds = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Constant, ast.JoinedStr)
    kinds += (ast.BoolOp, ast.IfExp)
    nodes = list(ast.walk(tree))
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    found = [n for n in nodes if isinstance(n, kinds) and n not in docstrings]
    for node in nodes:
        match node:
            case ast.If(test=first, orelse=[ast.If(test=second)]):  # `elif`
                found.append(ast.List([first, second], lineno=node.lineno))
    return found


def lists_of_architectures(name: str, text: str) -> list[int]:
    """The lines on which a file names two architectures in one place."""
    if not name.endswith(".py"):
        lines = [line.partition("#")[0] for line in text.splitlines()]
        return [n for n, line in enumerate(lines, 1) if len(named(line)) > 1]
    found = set()
    for part in parts_of(ast.parse(text)):
        texts = [n.value for n in ast.walk(part) if isinstance(n, ast.Constant)]
        if len(named(" ".join(t for t in texts if isinstance(t, str)))) > 1:
            found.add(part.lineno)
    return sorted(found)


def is_script(path: Path) -> bool:
    if path.name.startswith(("Makefile", "Kbuild")) or path.suffix in (".py", ".sh"):
        return True
    return path.read_bytes().startswith(b"#!")


def test_architectures_are_listed_in_one_place() -> None:
    scripts = [path for path in FILES if is_script(path)]
    lines = {
        name_of(path): lists_of_architectures(path.name, path.read_text())
        for path in scripts
    }
    found = {name: numbers for name, numbers in lines.items() if numbers}
    new = {name: numbers for name, numbers in found.items() if name not in EXCEPTIONS}
    assert new == {}, "scripts/qemu/ has a file for each architecture, the table a row"
    assert set(EXCEPTIONS) == set(found), "an exception that nothing needs"


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.py", 'x = {"x86_64": 1, "arm64": 2}'),
        ("a.py", 'x = ["x86_64",\n"arm64-debug"]'),
        ("a.py", 'x = [("x86_64", 1),\n("aarch64", 2)]'),
        ("a.py", 'x = y in ("amd64", "arm64")'),
        ("a.py", 'x = "abi=x86_64,x32,ia32,arm64"'),
        ("a.py", 'x = "*-x86_64*", "*-arm64*"'),
        ("a.py", 'x = y == "arm64" or y == "x86_64"'),
        ("a.py", 'x = 1 if y == "arm64" else "qemu-x86_64"'),
        ("a.py", 'if x == "arm64":\n  pass\nelif x == "x86_64":\n  pass'),
        ("a.sh", "for arch in x86_64 arm64; do"),
        ("Makefile", "$(filter x86 aarch64,$(MACHINE))"),
    ],
)
def test_list_of_architectures_is_found(name: str, text: str) -> None:
    assert lists_of_architectures(name, text) == [1]


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.py", '"""On x86_64 and arm64."""'),
        ("a.py", 'x = {"x86_64": 1}\ny = {"arm64": 1}'),
        ("a.py", 'x = ["x86_64", "amd64", "qemu-x86_64", "x86_64-debug"]'),
        ("a.py", 'if x == "arm64":\n  pass\nif x == "x86_64":\n  pass'),
        ("Makefile", "CC := aarch64-linux-gnu-gcc # not x86_64"),
    ],
)
def test_one_architecture_is_no_list(name: str, text: str) -> None:
    assert lists_of_architectures(name, text) == []
