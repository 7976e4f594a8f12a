# SPDX-License-Identifier: GPL-2.0
"""`--base A,B`: cells of each base; those of a base that no suite has are skipped."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import pytest

from cells import DEFAULT_BASE, OTHER_BASES, parts_of
from harness import bases, commands, deps, ktap, machine, runner
from harness.context import REPO, Context
from harness.errors import EXIT_OK, Absent, Fault
from harness.ktap import Result
from harness.results import CellResult
from harness.source import Source
from harness.ui import Ui


@pytest.fixture(name="context")
def fixture_context(tmp_path: Path, monkeypatch) -> Context:
    monkeypatch.setattr(deps, "ensure", lambda *_: None)
    monkeypatch.setattr(runner.build, "everything", lambda cell: None)
    passed = [Result("boot", ktap.PASS)]
    monkeypatch.setattr(runner, "test_built", lambda c: CellResult(c.name, passed))
    return Context(out=tmp_path, ui=Ui(stream=io.StringIO()))


@pytest.fixture(name="faults")
def fixture_faults(monkeypatch) -> dict[str, Fault]:
    """The faults of sources.prepare() by base; none at first."""
    found: dict[str, Fault] = {}

    def prepare(_ctx, name, _tree) -> Source:
        if name in found:
            raise found[name]
        return Source(bases.load(REPO, name), Path("none"), "a package", True)

    monkeypatch.setattr(commands.sources, "prepare", prepare)
    return found


def run(context: Context, base: str, command=commands.run) -> int:
    options = {"base": base, "arch": "all", "tree": None, "config": [], "variant": ""}
    return command(context, argparse.Namespace(**options, times=False))


def boots(context: Context) -> dict[str, str]:
    """The status of each cell's boot, by the cell's name."""
    value = json.loads((context.report / "results.json").read_text())
    return {cell["name"]: cell["tests"][0]["status"] for cell in value["cells"]}


def test_a_cell_for_each_base_and_architecture(context, faults) -> None:
    assert run(context, "6.12,7.3") == EXIT_OK
    names = [f"{b}-{arch}" for b in ("6.12", "7.3") for arch in machine.names()]
    assert boots(context) == dict.fromkeys(names, ktap.PASS)


def test_a_base_named_twice_has_its_cells_once(context, faults, capsys) -> None:
    assert run(context, "6.12,6.12") == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    heads = next(line.split() for line in lines if line.startswith("test "))
    assert heads[1:] == [f"6.12-{arch}" for arch in machine.names()]


def test_absent_base_is_skipped_with_its_reason(context, faults, capsys) -> None:
    faults["7.3"] = Absent("no linux-sample in any suite")
    assert run(context, "7.3,6.12") == EXIT_OK
    found = boots(context)
    for arch in machine.names():
        assert found[f"6.12-{arch}"] == ktap.PASS
        assert found[f"7.3-{arch}"] == ktap.SKIP
    lines = capsys.readouterr().out.splitlines()
    for arch in machine.names():
        assert f"7.3-{arch} boot: SKIP: no linux-sample in any suite" in lines


def test_no_base_left_is_a_fault(context, faults) -> None:
    faults["7.3"] = Absent("no linux-sample")
    with pytest.raises(Absent, match="no linux-sample"):
        run(context, "7.3")


def test_other_faults_are_not_skipped(context, faults) -> None:
    faults["7.3"] = Fault("the disk is full")
    with pytest.raises(Fault, match="the disk is full"):
        run(context, "6.12,7.3")


def test_build_needs_every_base(context, faults) -> None:
    faults["7.3"] = Absent("no linux-sample")
    with pytest.raises(Absent, match="no linux-sample"):
        run(context, "6.12,7.3", commands.build)


def test_unknown_base_is_found_before_any_download(context, faults) -> None:
    faults["6.12"] = Fault("was asked for")
    with pytest.raises(Fault, match="no such base 9.9"):
        run(context, "6.12,9.9")


def test_parts_of_names() -> None:
    arch = machine.FIRST
    assert parts_of(arch) == (DEFAULT_BASE, arch, "")
    assert parts_of(f"{arch}-debug-host") == (DEFAULT_BASE, arch, "debug-host")
    for base in OTHER_BASES:
        assert parts_of(f"{base}-{arch}-debug") == (base, arch, "debug")
