# SPDX-License-Identifier: GPL-2.0
"""vdsogen: its unit tests, its command line and its output for tables."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "vdsogen"))

from harness import machine  # noqa: E402
from toolkit import (
    BASE_TABLE,
    HERE,
    REPO,
    ROWS,
    TABLE,
    Tool,
    abi_rows,
    build_tools,
    keys_of,
    table_rows,
    table_text,
)  # noqa: E402

GOLDEN = sorted(p for p in (HERE / "golden").iterdir() if p.is_dir())
# The ABIs of images with records.
(RECORDS,) = [
    keys_of(row)["abi"].split(",")
    for row in table_rows("entry", table_text())
    if row[0] == "getpid"
]
GETPGRP = (
    f"entry getpgrp record nr=getpgrp type=pid_t field=pgrp@56 abi={','.join(RECORDS)}"
    ' value="task_pgrp_vnr(current)"\n'
)


@pytest.fixture(scope="module", name="tools")
def fixture_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tools(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module", name="tool")
def fixture_tool(tools: Path) -> Tool:
    return Tool(tools / "vdsogen")


def test_unit(tools: Path) -> None:
    run = subprocess.run([tools / "unit"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def same_as_golden(path: Path, text: str) -> None:
    if os.environ.get("VDSOGEN_UPDATE_GOLDEN"):
        path.write_text(text, encoding="ascii")
    assert path.read_text(encoding="ascii") == text, f"{path} differs"


@pytest.mark.parametrize("case", GOLDEN, ids=lambda path: path.name)
def test_golden(tool: Tool, case: Path, tmp_path: Path) -> None:
    """A case expects either its errors.txt or every output."""
    table = case / "input.tbl"
    if not case.name.startswith("bad-"):
        texts = tool.generate(tmp_path, table)
        for name, text in texts.items():
            same_as_golden(case / name, text)
        assert {path.name for path in case.iterdir()} == {"input.tbl", *texts}
        return
    out = tmp_path / "out"
    out.write_text("old", encoding="ascii")
    run = tool.run("generate", "layout", table, out)
    assert run.returncode == 1
    assert not out.exists(), "a failed run must not leave an output"
    same_as_golden(case / "errors.txt", run.stderr.replace(str(table), "input.tbl"))


def test_the_table_is_good(tool: Tool, tmp_path: Path) -> None:
    texts = tool.generate(tmp_path, *ROWS)
    manifest = json.loads(texts["manifest"])
    assert manifest["version"] == 1
    assert set(abi_rows()) == set(manifest["abis"])
    for test in manifest["tests"]:
        assert set(test["cases"]) == set(test["abis"])


def test_runs_repeat_in_any_folder(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    copy = tmp_path / "vdso.tbl"
    copy.write_bytes(TABLE.read_bytes())
    assert tool.generate(tmp_path / "a", *ROWS) == tool.generate(
        tmp_path / "b", copy, "--base", BASE_TABLE
    )


def test_one_row_is_enough_for_an_entry(tool: Tool, tmp_path: Path) -> None:
    """With a row for getpgrp, every output names it, and only lines about it change."""
    table = tmp_path / "vdso.tbl"
    table.write_text(TABLE.read_text(encoding="ascii") + GETPGRP, encoding="ascii")
    old = tool.generate(tmp_path, *ROWS)
    new = tool.generate(tmp_path, table, "--base", BASE_TABLE)
    without = sorted(set(abi_rows()) - set(RECORDS))
    assert without == ["arm"]
    for name in (*(f"version_{abi}" for abi in without), "base"):
        assert new.pop(name) == old.pop(name)
    for name in old:
        before = {line.rstrip(",") for line in old[name].splitlines()}
        added = {line.rstrip(",") for line in new[name].splitlines()} - before
        assert any("getpgrp" in line for line in added), name
        for line in added:
            assert re.search(r"pgrp|PGRP|reserved_|\\$", line), line
    compile_c(
        tmp_path / "layout", "VDSO_TASK_ASSERT(sizeof(struct vdso_task_slot) == 64);"
    )


def compile_c(
    header: Path, code: str, cc: tuple[str, ...] = ("gcc", "-std=gnu11")
) -> None:
    source = header.with_suffix(".c")
    source.write_text(f'#include "{header}"\n{code}\n', encoding="ascii")
    flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    run = subprocess.run(
        [*cc, *flags, source], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


LANGUAGES = {
    "c": ("gcc", "-std=gnu11"),
    "c++": ("g++", "-x", "c++", "-std=c++11"),
}
LANGUAGES |= {h.arch: (f"{h.cross}gcc",) for h in machine.load_all() if not h.native}


@pytest.mark.parametrize("language", LANGUAGES)
def test_headers_compile(tool: Tool, tmp_path: Path, language: str) -> None:
    tool.generate(tmp_path, *ROWS)
    cc = LANGUAGES[language]
    compile_c(tmp_path / "layout", "struct vdso_task_slot slot;", cc)
    compile_c(
        tmp_path / "user", "vdso_task_getpid_fn f; const char *s = VDSO_TASK_ABI;", cc
    )
    compile_c(tmp_path / "symtab", "const void *p = vdso_task_symbols;", cc)


@pytest.mark.parametrize("macro", ["__ASSEMBLY__", "__ASSEMBLER__", "LINKER_SCRIPT"])
def test_layout_serves_assembly(tool: Tool, tmp_path: Path, macro: str) -> None:
    tool.generate(tmp_path, *ROWS)
    run = subprocess.run(
        ["gcc", "-E", "-P", "-xc", f"-D{macro}", tmp_path / "layout"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not run.stdout.strip()


@pytest.mark.parametrize(
    "args",
    [
        "",
        "frobnicate",
        "generate",
        "generate nothing TABLE OUT",
        "generate layout TABLE",
        "generate layout TABLE OUT more",
        "generate version TABLE OUT",
        "check TABLE x86_64",
        "check TABLE x86_64 TABLE --page-size 5000",
        "check TABLE x86_64 TABLE --debug",
        "check TABLE x86_64 TABLE --unknown",
        "compare TABLE",
    ],
)
def test_usage(tool: Tool, tmp_path: Path, args: str) -> None:
    names = {"OUT": str(tmp_path / "out"), "TABLE": str(TABLE)}
    run = tool.run(*(names.get(word, word) for word in args.split()))
    assert run.returncode == 2
    assert "usage: vdsogen" in run.stderr


def test_faults_of_files(tool: Tool, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert f"{gone}: cannot open" in tool.faults(
        "generate", "layout", gone, tmp_path / "out"
    )
    assert "cannot create" in tool.faults("generate", "layout", TABLE, gone / "out")
    assert "is a directory" in tool.faults("check", TABLE, "x86_64", tmp_path)
    assert "no abi row names 'mips'" in tool.faults("check", TABLE, "mips", TABLE)
    assert "not an ELF file" in tool.faults("check", *ROWS, "x86_64", TABLE)
    if os.path.exists("/dev/full"):
        assert "cannot write" in tool.faults("generate", "layout", TABLE, "/dev/full")
        assert os.path.exists("/dev/full")


def test_every_source_is_listed() -> None:
    """Kbuild needs the objects one by one."""
    folder = REPO / "scripts" / "vdsogen"
    text = (folder / "Makefile.objects").read_text(encoding="ascii")
    listed = re.findall(r"^vdsogen-(?:reader|lib) \+?:?= (.*)$", text, re.M)
    objects = re.findall(r"\b(\w+)\.o\b", f"main.o {' '.join(listed)}")
    assert sorted(objects) == sorted(p.stem for p in folder.glob("*.cc"))


def test_fuzz_table(tools: Path, tmp_path: Path) -> None:
    table = tmp_path / "whole.tbl"
    table.write_text(table_text(), encoding="ascii")
    run = subprocess.run(
        [tools / "fuzz", "4", "1", table],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[0]) >= 100
