# SPDX-License-Identifier: GPL-2.0
"""One instruction a block: QEMU's options, the tests that run so, the reports."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness import (
    accel,
    bases,
    guest,
    machine,
    manifest,
    patcher,
    qemu,
    reports,
    results,
)
from harness.cell import Cell
from harness.context import REPO, Context
from harness.errors import Fault
from harness.initramfs import GuestJob
from harness.ktap import PASS, Result
from harness.mode import MODES, ONE_INSN, USUAL, Mode, by_name
from harness.qemu import GuestConfig
from harness.results import CellResult
from harness.source import Source
from qemuline import accel_of, qemu_line

# The output of `-help` of QEMU 7.2, of 8.2, and of one without TCG.
HELP = {
    "7.2": "-singlestep     always run in singlestep mode",
    "8.2": "                one-insn-per-tb=on|off (one guest instruction per TCG"
    " translation block)\n-singlestep     deprecated synonym",
    "none": "-accel [accel=]accelerator",
}


@pytest.fixture(name="cell_in")
def fixture_cell_in(sample_repo: Path, sample_tree: Path, tmp_path: Path):
    context = Context(repo=sample_repo, out=tmp_path / "out")
    (sample_tree / patcher.STATE).write_text("{}")
    source = Source(bases.load(sample_repo, "6.12"), sample_tree, "sample.deb", True)
    return lambda mode: Cell(context, source, machine.load("x86_64"), mode=mode)


def test_old_qemu_has_an_option(cell_in, fake_tools, monkeypatch) -> None:
    fake_tools.add("qemu-system-x86_64", f"cat <<'E'\n{HELP['7.2']}\nE\n")
    line = qemu_line(cell_in(ONE_INSN), monkeypatch)
    assert accel_of(line) == "tcg,thread=multi"
    assert "-singlestep" in line


def test_new_qemu_has_a_property(cell_in, fake_tools, monkeypatch) -> None:
    fake_tools.add("qemu-system-x86_64", f"cat <<'E'\n{HELP['8.2']}\nE\n")
    line = qemu_line(cell_in(ONE_INSN), monkeypatch)
    assert accel_of(line) == "tcg,thread=multi,one-insn-per-tb=on"
    assert "-singlestep" not in line


def test_qemu_without_it_is_a_fault(cell_in, fake_tools, monkeypatch) -> None:
    fake_tools.add("qemu-system-x86_64", f"cat <<'E'\n{HELP['none']}\nE\n")
    monkeypatch.setattr(guest.initramfs, "make", lambda *_args: None)
    with pytest.raises(Fault, match="one instruction a block"):
        guest.run(cell_in(ONE_INSN), GuestJob("probe"), GuestConfig(), "tcg")


def test_usual_guests_are_as_they_were(cell_in, monkeypatch) -> None:
    line = qemu_line(cell_in(USUAL), monkeypatch)
    assert accel_of(line) == "tcg,thread=multi"
    assert "-singlestep" not in line and "VT_TIMEOUT_SCALE" not in " ".join(line)


def test_instructions_can_be_counted_as_well(fake_tools) -> None:
    fake_tools.add("qemu-system-x86_64", f"cat <<'E'\n{HELP['8.2']}\nE\n")
    config = GuestConfig(icount=True, one_insn=True)
    line = qemu._accel("qemu-system-x86_64", "kvm", config)
    assert line[1] == "tcg,thread=single,one-insn-per-tb=on"
    assert "-icount" in line


def test_kvm_is_not_used(cell_in, monkeypatch) -> None:
    """KVM cannot run one instruction a block."""
    monkeypatch.setenv("VDSOX_ACCEL", "kvm")
    assert accel.choose(cell_in(USUAL)) == "kvm"
    assert accel.choose(cell_in(ONE_INSN)) == "tcg"


def test_one_kernel_two_names(cell_in) -> None:
    usual, other = cell_in(USUAL), cell_in(ONE_INSN)
    assert usual.folder == other.folder and usual.name == other.name
    assert usual.fingerprint() == other.fingerprint()
    assert (usual.title, other.title) == ("6.12-x86_64", "6.12-x86_64-one-insn")
    assert (usual.label, other.label) == ("x86_64", "x86_64-one-insn")
    assert (usual.mode.prefix, other.mode.prefix) == ("", "one-insn-")
    assert other.kernel_args == [f"VT_TIMEOUT_SCALE={ONE_INSN.timeout_scale}"]


def table_tests() -> set[str]:
    lines = (REPO / "scripts" / "vdso.tbl").read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith("test ")}


def test_its_programs_are_in_the_table() -> None:
    assert set(ONE_INSN.programs) <= table_tests()
    assert set(ONE_INSN.arguments) <= set(ONE_INSN.programs)


def test_expected_tests_of_a_mode(cell_in, monkeypatch) -> None:
    tests = [{"name": name, "abis": ["x86_64"], "timeout": 60, "cases": None}
             for name in ("threads", "symbols")]  # fmt: skip
    monkeypatch.setattr(manifest, "load", lambda _cell: {"tests": tests})
    for mode, names in ((USUAL, ["threads", "symbols"]), (ONE_INSN, ["threads"])):
        cell = cell_in(mode)
        for name in ("threads", "symbols"):
            path = cell.tests / "vdso_task" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        lines = "vDSO:vdso_test_getcpu\n"
        (cell.tests / "kselftest-list.txt").write_text(lines)
        found = manifest.expected_tests(cell)
        own = [expected for expected in found if expected.collection == manifest.OWN]
        assert [expected.program for expected in own] == names
        assert (len(found) > len(own)) == (mode == USUAL)
        planned = manifest.plan(cell, own)[0]
        assert planned.timeout == 60 * mode.timeout_scale
        assert planned.argv[1:] == tuple(mode.arguments.get("threads", ()))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name or "usual")
def test_reports_name_the_mode(mode: Mode, tmp_path: Path) -> None:
    assert by_name(mode.name) == mode
    metadata = {"mode": mode.name} if mode.name else {}
    found = CellResult(mode.named("a"), [Result("t.one", PASS)], metadata)
    value = results.as_json([found])
    schema = json.loads((REPO / "scripts/harness/results.schema.json").read_text())
    jsonschema.validate(value, schema)
    reports.write_all(value, tmp_path)
    misc = json.loads((tmp_path / "kcidb.json").read_text())["builds"][0]["misc"]
    assert misc.get("mode", "") == mode.name
    assert ("<dt>mode</dt>" in (tmp_path / "index.html").read_text()) == bool(mode.name)
    assert f'name="{mode.named("a")}"' in (tmp_path / "junit.xml").read_text()
