# SPDX-License-Identifier: GPL-2.0
"""The kernel's own tests: each expected test of each cell, and each case."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Iterator

import pytest

import cells as shared
from harness import bases, ktap, manifest, procs
from harness.context import REPO, Context
from harness.ktap import Result
from harness.manifest import OWN, ExpectedTest

pytestmark = pytest.mark.guest
# The program of this ABI sends no image.
SILENT = "arm"
# Reasons that hold in all guests of an architecture, or for all of our kernels.
EXCUSED = re.compile(r"on this architecture$|^exported only with CONFIG_")


@functools.cache
def _manifest(base: str) -> dict:
    """The manifest of our table, generated before any kernel is built."""
    context = Context(out=Path(os.environ.get("VDSOX_OUT", REPO / "out")))
    tool = manifest.build_vdsogen(context, REPO / "scripts" / "vdsogen")
    target = context.out / "tools" / f"manifest-{base}.json"
    table = bases.load(REPO, base).table
    procs.capture([tool, "generate", "manifest", *table, target], "manifest")
    value: dict = json.loads(target.read_text())
    return value


def _expected(name: str) -> list[ExpectedTest]:
    base, _, _ = shared.parts_of(name)
    return manifest.from_manifest(_manifest(base), shared.images_of(name))


def _tests() -> Iterator[object]:
    for cell in shared.NAMES:
        for expected in _expected(cell):
            yield pytest.param(cell, expected, id=f"{cell}-{expected.program}")


def _cases() -> Iterator[object]:
    for cell in shared.NAMES:
        for expected in _expected(cell):
            for case in expected.cases:
                name = f"{cell}-{expected.program}-{case}"
                yield pytest.param(cell, expected, case, id=name)


@pytest.fixture(name="find")
def fixture_find(cells, missed):
    """A top-level result of a cell's run, by name."""

    def find(cell: str, name: str) -> Result:
        found = cells.result(cell)
        result = next(r for r in found.results if r.name == name)
        if ktap.MISS in [result.status, *(t.status for t in result.subtests)]:
            missed()
        return result

    return find


@pytest.mark.parametrize("cell", shared.NAMES)
def test_boot(find, cell: str) -> None:
    """No splat outside the tests, and no guest that ended early."""
    result = find(cell, "boot")
    assert result.status == ktap.PASS, shared.describe(result)


@pytest.mark.parametrize("cell, expected", _tests())
def test_expected(find, cell: str, expected: ExpectedTest) -> None:
    result = find(cell, expected.name)
    assert result.status == ktap.PASS, shared.describe(result)


@pytest.mark.parametrize("cell, expected, case", _cases())
def test_case(find, cell: str, expected: ExpectedTest, case: str) -> None:
    result = find(cell, expected.name)
    inner = next(test for test in result.subtests if test.name == case)
    excused = inner.status == ktap.SKIP and EXCUSED.search(inner.reason)
    assert excused or inner.status in (ktap.PASS, ktap.XFAIL), shared.describe(inner)


@pytest.mark.parametrize("cell", shared.NAMES)
def test_nothing_of_ours_is_skipped(cells, cell: str) -> None:
    """The guest has all that our tests need, so no test may skip."""
    skipped = [
        f"{result.name} {test.name}: {test.reason}"
        for result in cells.result(cell).results
        for test in [result, *result.subtests]
        if result.name.startswith(OWN)
        and test.status == ktap.SKIP
        and not EXCUSED.search(test.reason)
    ]
    assert skipped == []


@pytest.mark.parametrize("cell", shared.NAMES)
def test_kernel_vdso_selftests(cells, cell: str) -> None:
    """The base's own tests of the vDSO still pass on the patched kernel."""
    own = [r for r in cells.result(cell).results if r.name.startswith("vDSO.")]
    _, _, variant = shared.parts_of(cell)
    assert len(own) >= (6 if variant else 7)
    bad = [shared.describe(result) for result in own if result.bad]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("cell", shared.NAMES)
def test_kernel_clock_selftest(find, cell: str) -> None:
    """The base's own test that clocks never go back, CPU-time clocks included."""
    result = find(cell, "timers.inconsistency-check")
    assert not result.bad, shared.describe(result)
    passed = {test.name for test in result.subtests if test.status == ktap.PASS}
    assert {"CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID"} <= passed


@pytest.mark.parametrize("cell", shared.NAMES)
def test_reports_of_the_run(cells, cell: str, tmp_path: Path) -> None:
    """Reports of real results are valid, too."""
    import jsonschema
    import junitparser

    from harness import reports, results

    found = [cells.result(cell)]
    schema = json.loads((REPO / "scripts/harness/results.schema.json").read_text())
    value = results.as_json(found)
    jsonschema.validate(value, schema)
    reports.write_all(value, tmp_path)
    (cell_value,) = value["cells"]
    names = [test["name"] for test in cell_value["tests"]]
    (suite,) = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert names == [c.name for c in suite if c.classname == cell_value["name"]]
    cases = sum(len(test.get("subtests", [])) for test in cell_value["tests"])
    assert suite.tests == len(names) + cases > len(names)
    document = json.loads((tmp_path / "kcidb.json").read_text())
    assert len(document["tests"]) >= suite.tests
    page = (tmp_path / "index.html").read_text()
    assert [name for name in names if name not in page] == []


def _images() -> list[object]:
    rows = [
        (name, abi)
        for name in shared.NAMES
        for abi in shared.images_of(name)
        if abi != SILENT
    ]
    return [pytest.param(*row, id="-".join(row)) for row in rows]


@pytest.mark.parametrize("name, abi", _images())
def test_image_from_memory(cells, name: str, abi: str) -> None:
    """The image that a process ran is the built one, and agrees with the table."""
    cells.result(name)
    cell = cells.cell(name)
    sent = "image-self" if abi == cell.machine.arch else f"image-{abi}"
    read = cell.folder / "artifacts" / f"{sent}.so"
    assert read.is_file(), f"the guest sent no {read.name}"
    tool = manifest.build_vdsogen(cells.ctx, REPO / "scripts" / "vdsogen")
    table = cell.source.base.table
    config = cell.build / "include" / "config" / "auto.conf"
    check = [tool, "check", *table, abi, read, "--config", config]
    procs.capture(check, f"vdsogen check of {read.name}")
    built = cell.vdso(abi)
    procs.capture([tool, "compare", built, read], f"{read.name} and {built.name}")
    procs.capture(
        [tool, "check", *table, abi, built, "--debug", cell.vdso(abi, ".so.dbg")]
        + ["--config", str(config)],
        f"vdsogen check of {built.name}",
    )
