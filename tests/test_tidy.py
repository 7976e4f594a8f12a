# SPDX-License-Identifier: GPL-2.0
"""clang-tidy, with the checks of .clang-tidy, over all C++ sources."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from test_style import tracked
from tidy import Unit, units

# A defect of each group of checks.
DEFECTS = {
    "bugprone-branch-clone": "int f(int x) { if (x) return 1; else return 1; }",
    "bugprone-infinite-loop": "int f(int x) { int i = 0; while (i < x) {} return i; }",
    "performance-unnecessary-value-param": (
        "struct S { S(const S &); ~S(); }; void g(const S &); void f(S s) { g(s); }"
    ),
    "misc-redundant-expression": "bool f(int x) { return x == x; }",
    "misc-unused-parameters": "static int f(int x) { return 1; } int y = f(2);",
    "modernize-redundant-void-arg": "int f(void) { return 1; }",
    "modernize-use-nullptr": "int *p = 0;",
    "modernize-use-override": (
        "struct A { virtual void f(); }; struct B : A { virtual void f(); };"
    ),
    "cppcoreguidelines-slicing": (
        "struct A { int a; }; struct B : A { int b; }; A f(B b) { return b; }"
    ),
    "cppcoreguidelines-virtual-class-destructor": "struct A { virtual void f(); };",
}


@pytest.fixture(name="every_unit", scope="module")
def fixture_every_unit(tmp_path_factory: pytest.TempPathFactory) -> list[Unit]:
    return units(tmp_path_factory.getbasetemp())


def test_every_source_is_in_a_unit(every_unit: list[Unit]) -> None:
    sources = {source for unit in every_unit for source in unit.sources}
    assert sources == {path for path in tracked() if path.suffix == ".cc"}


def test_nothing_is_found(every_unit: list[Unit], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda unit: unit.tidy(tmp_path), every_unit))
    assert not any(found), "\n".join(found)


def tidy_sample(folder: Path, suffix: str, text: str) -> str:
    """The findings in a source of a unit, or in a header that it includes."""
    source = folder / "scripts" / "vdsogen" / "sample.cc"
    source.parent.mkdir(parents=True)
    source.write_text('#include "sample.h"\n')
    source.with_suffix(".h").write_text("")
    source.with_suffix(suffix).write_text(text)
    return Unit("sample", folder, (source,), ("-std=c++17",)).tidy(folder)


@pytest.mark.parametrize("suffix", [".cc", ".h"])
def test_defects_are_found(tmp_path: Path, suffix: str) -> None:
    spaces = [
        f"namespace N{n} {{ {code} }}\n" for n, code in enumerate(DEFECTS.values())
    ]
    found = tidy_sample(tmp_path, suffix, "".join(spaces))
    assert [check for check in DEFECTS if f"[{check}," not in found] == [], found


def test_source_that_does_not_compile_is_found(tmp_path: Path) -> None:
    assert "clang-diagnostic-error" in tidy_sample(tmp_path, ".cc", "int x = y;\n")
