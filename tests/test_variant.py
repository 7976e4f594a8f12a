# SPDX-License-Identifier: GPL-2.0
"""Variants of the plain kernel: how they are built, and how their guests start."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness import (
    bases,
    build,
    guest,
    kconfig,
    machine,
    manifest,
    patcher,
    qemu,
    variant,
)
from harness.cell import ONE_THREAD_SCALE, Cell
from harness.context import REPO, Context
from harness.errors import Fault
from harness.manifest import ExpectedTest
from harness.qemu import GuestConfig
from harness.source import Source
from harness.variant import ALL, DEBUG, KCSAN, OTHERS, PLAIN, Variant
from qemuline import accel_of, qemu_line

# By variant: options that it sets, or with ! does not set.
CHECKERS = {
    "debug": "KASAN KASAN_GENERIC PROVE_LOCKING PROVE_RCU DEBUG_ATOMIC_SLEEP"
    " DEBUG_LIST DEBUG_VM DEBUG_PREEMPT PREEMPT !PREEMPT_VOLUNTARY",
    "kcsan": "KCSAN KCSAN_INTERRUPT_WATCHER PREEMPT !PREEMPT_VOLUNTARY DEBUG_INFO_REDUCED",
    "labels": "JUMP_LABEL PREEMPT_DYNAMIC DEBUG_ATOMIC_SLEEP PREEMPT_VOLUNTARY",
}


@pytest.fixture(name="cell_of")
def fixture_cell_of(sample_repo: Path, sample_tree: Path, tmp_path: Path):
    context = Context(repo=sample_repo, out=tmp_path / "out")
    source = Source(bases.load(sample_repo, "6.12"), sample_tree, "sample.deb", False)

    def make(kind: Variant, origin: str = "sample.deb") -> Cell:
        here = Source(source.base, sample_tree, origin, False)
        return Cell(context, here, machine.load("x86_64"), kind)

    return make


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_checkers_are_asked_for(cell_of, kind: Variant) -> None:
    """A requested symbol that is not set is a fault, see test_kconfig.py."""
    wanted = kconfig.request(cell_of(kind).all_fragments())
    for name in CHECKERS[kind.name].split():
        value = "n" if name.startswith("!") else "y"
        assert wanted[f"CONFIG_{name.lstrip('!')}"] == value, name


def test_options_of_the_base(cell_of, sample_repo: Path) -> None:
    """They change those of all kernels, and a variant's change them."""
    folder = sample_repo / "patches/6.12"
    text = "# CONFIG_PREEMPT_VOLUNTARY is not set\n# CONFIG_PREEMPT is not set\n"
    (folder / "base.config").write_text(text)
    (folder / "x86_64.config").write_text("CONFIG_OF_THIS_ARCH=y\n")
    (folder / "arm64.config").write_text("CONFIG_OF_ANOTHER=y\n")
    plain = kconfig.request(cell_of(PLAIN).all_fragments())
    assert plain["CONFIG_PREEMPT_VOLUNTARY"] == plain["CONFIG_PREEMPT"] == "n"
    assert plain["CONFIG_OF_THIS_ARCH"] == "y" and "CONFIG_OF_ANOTHER" not in plain
    assert kconfig.request(cell_of(KCSAN).all_fragments())["CONFIG_PREEMPT"] == "y"


def test_plain_kernel_has_no_checker(cell_of) -> None:
    wanted = kconfig.request(cell_of(PLAIN).all_fragments())
    assert not {"CONFIG_KASAN", "CONFIG_KCSAN", "CONFIG_PROVE_LOCKING"} & set(wanted)


def test_variants_share_nothing(cell_of) -> None:
    cells = [cell_of(kind) for kind in ALL]
    assert len({cell.folder for cell in cells}) == len(ALL)
    assert len({cell.fingerprint() for cell in cells}) == len(ALL)
    assert [cell.name for cell in cells][1:6] == [
        "6.12-x86_64-debug",
        "6.12-x86_64-kcsan",
        "6.12-x86_64-labels",
        "6.12-x86_64-host",
        "6.12-x86_64-debug-host",
    ]
    assert [cell.label for cell in cells][:2] == ["x86_64", "x86_64-debug"]


def test_kernels_with_jump_labels_run_in_one_thread(cell_of, tmp_path: Path) -> None:
    """Whether a variant, a base or --config sets them."""
    plain, labels = cell_of(PLAIN), cell_of(variant.LABELS)
    own = tmp_path / "own.config"
    own.write_text("CONFIG_JUMP_LABEL=y\n")
    wanted = replace(plain, fragments=[own])
    assert (plain.one_thread, plain.timeout_scale) == (False, 1)
    for cell in (labels, wanted):
        assert cell.one_thread and cell.timeout_scale > 1


def test_builds_yield_to_guests_and_to_earlier_ones(cell_of) -> None:
    first, second, third = (replace(cell_of(PLAIN), after=n) for n in range(3))
    assert 0 < first.nice < second.nice == third.nice == 19


def test_variants_are_known_to_the_reports() -> None:
    schema = json.loads((REPO / "scripts/harness/results.schema.json").read_text())
    known = schema["definitions"]["cell"]["properties"]["variant"]["enum"]
    assert known == [kind.name for kind in ALL]
    assert [variant.by_name(kind.name) for kind in ALL] == list(ALL)


def test_variants_are_those_of_the_fragments_and_the_documents() -> None:
    """Each is described, and nothing else is."""
    fragments = {path.stem for path in (REPO / "scripts" / "configs").glob("*.config")}
    kinds = {variant.HOST, variant.BENCH.name, *(kind.name for kind in OTHERS)}
    assert fragments == {"base", "vdso_task", *machine.names(), *kinds}
    documents = REPO / "Documentation"
    (table,) = re.findall(
        r"^The kernels\n=+\n.*?^=+  =+\n(.*?)^=+  =+\n",
        (documents / "testing.rst").read_text(),
        re.M | re.S,
    )
    assert set(re.findall(r"^``(\w+)``", table, re.M)) == kinds
    for path in (REPO / "README.md", documents / "quick-start.rst"):
        named = re.findall(
            r"^(?: {4})?\./vdsox run (--\w+) *(?:#|$)", path.read_text(), re.M
        )
        assert [f"--{kind.name}" for kind in OTHERS] == named, path


def test_refused_checker_says_what_is_needed(tmp_path: Path) -> None:
    config = tmp_path / ".config"
    config.write_text("# CONFIG_KCSAN is not set\n")
    with pytest.raises(Fault, match="CONFIG_KCSAN=y .*needs gcc 11 or later"):
        kconfig.verify({"CONFIG_KCSAN": "y"}, config, KCSAN.needs)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name or "plain")
def test_time_limits_are_scaled(cell_of, kind: Variant) -> None:
    cell = cell_of(kind)
    scale = kind.timeout_scale * (ONE_THREAD_SCALE if cell.one_thread else 1)
    program = cell.tests / "vdso_task" / "ids"
    program.parent.mkdir(parents=True)
    program.write_text("")
    expected = ExpectedTest("vdso_task.ids", "vdso_task", "ids", 60)
    (planned,) = manifest.plan(cell, [expected])
    assert planned.timeout == 60 * scale
    watch = guest.Watch({"t": planned.timeout}, None, 1.0, cell.timeout_scale)
    watch.feed(b"# vdsox: begin t\n")
    assert watch._limit.left == (60 + guest.GRACE) * scale


def command_of(cell: Cell, extra: list[str]) -> str:
    channels = guest.channels_for(cell)
    config = GuestConfig(append=["mine=1"])
    image = cell.image
    line = qemu.command(cell.machine, config, "tcg", image, image, channels, extra)
    return line[line.index("-append") + 1]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name or "plain")
def test_patched_code_is_seen_at_once(cell_of, kind: Variant, monkeypatch) -> None:
    """Other threads of QEMU see it late: Documentation/testing.rst."""
    line = qemu_line(cell_of(kind), monkeypatch)
    threads = "single" if "labels" in kind.fragments else "multi"
    assert accel_of(line) == f"tcg,thread={threads}"


def test_guest_gets_its_timeout_scale(cell_of) -> None:
    """An argument that the kernel does not know goes to PID 1's environment."""
    line = command_of(cell_of(DEBUG), cell_of(DEBUG).kernel_args).split()
    assert f"VT_TIMEOUT_SCALE={DEBUG.timeout_scale}" in line
    assert line.index("watchdog_thresh=60") < line.index("mine=1")
    assert cell_of(PLAIN).kernel_args == []


def test_command_names_the_variant(cell_of, monkeypatch) -> None:
    monkeypatch.setattr(build.procs, "capture", lambda *_args: "gcc 12\n")
    cell = cell_of(KCSAN)
    cell.folder.mkdir(parents=True)
    build.write_metadata(cell, "", 1.0)
    value = cell.read_metadata()
    assert value["variant"] == "kcsan"
    command = "./vdsox run --base 6.12 --arch x86_64 --kcsan"
    assert value["command"] == command
    both = cell_of(variant.with_host(KCSAN))
    both.folder.mkdir(parents=True)
    build.write_metadata(both, "", 1.0)
    assert both.read_metadata()["command"] == f"{command} --host"


def test_built_selftests_serve_every_variant(cell_of) -> None:
    plain, debug = cell_of(PLAIN), cell_of(DEBUG)
    mark = plain.tests_fingerprint()
    assert mark and mark == debug.tests_fingerprint()
    assert not build.reuse_tests(debug, mark)
    plain.tests.mkdir(parents=True)
    (plain.tests / "ids").write_text("program")
    (plain.tests / build.MARK).write_text(mark)
    debug.tests.mkdir(parents=True)
    (debug.tests / "stale").write_text("of another time")
    assert build.reuse_tests(plain, mark) and build.reuse_tests(debug, mark)
    assert (debug.tests / "ids").read_text() == "program"
    assert not (debug.tests / "stale").exists()
    assert not build.reuse_tests(debug, mark + "x")


def built(cell: Cell) -> None:
    """Leave the cell as a build of these inputs does."""
    build._prepare_folder(cell)
    (cell.build / "fork.o").write_text(cell.name)
    command = cell.build / "tools" / "objtool" / ".weak.o.cmd"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f"gcc -o {cell.build}/tools/objtool/weak.o\n")
    os.utime(command, (1000, 1000))
    cell.image.write_text("kernel")
    cell.metadata.write_text(json.dumps({"fingerprint": cell.fingerprint()}))


def test_first_build_of_a_variant_starts_from_another(cell_of) -> None:
    plain, host = cell_of(PLAIN), cell_of(variant.with_host(PLAIN))
    built(plain)
    build._prepare_folder(host)
    assert (host.build / "fork.o").read_text() == plain.name
    command = host.build / "tools" / "objtool" / ".weak.o.cmd"
    assert command.read_text() == f"gcc -o {host.build}/tools/objtool/weak.o\n"
    assert command.stat().st_mtime == 1000
    (host.build / "fork.o").write_text("compiled here")
    build._prepare_folder(host)
    assert (host.build / "fork.o").read_text() == "compiled here"


def test_no_build_starts_from_an_unusable_one(cell_of) -> None:
    """A build that failed, one of other sources, one of another tree."""
    plain, host = cell_of(PLAIN), cell_of(variant.with_host(PLAIN))
    spoils = {
        "unfinished": lambda: plain.metadata.unlink(),
        "without an image": lambda: plain.image.unlink(),
        "of other inputs": lambda: plain.metadata.write_text('{"fingerprint": "x"}'),
        "of another tree": lambda: (plain.build / build.TREE_MARK).write_text("/x\n"),
    }
    for name, spoil in spoils.items():
        built(plain)
        spoil()
        build._prepare_folder(host)
        assert not (host.build / "fork.o").exists(), name
        shutil.rmtree(host.build)


def test_fingerprint_is_that_of_the_tree(cell_of, sample_repo: Path) -> None:
    """A file that is edited during a build does not count as built."""
    cell = cell_of(PLAIN)
    cell.source = replace(cell.source, patched=True)
    edited = sample_repo / "selftests" / "sample_test.c"
    marks = []
    for text in ("int one;\n", "int two;\n"):
        edited.write_text(text)
        marks += [cell.tests_fingerprint()] if marks else []
        patcher.sync(bases.load(sample_repo, "6.12"), cell.source.tree)
        marks += [cell.tests_fingerprint()]
    assert marks[0] == marks[1] != marks[2]


def test_selftests_of_a_users_tree_are_always_built(cell_of) -> None:
    cell = cell_of(PLAIN, origin="/home/me/linux")
    assert cell.tests_fingerprint() == ""
    cell.tests.mkdir(parents=True)
    (cell.tests / build.MARK).write_text("")
    assert not build.reuse_tests(cell, "")
