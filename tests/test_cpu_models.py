# SPDX-License-Identifier: GPL-2.0
"""CPU models that select other kernel paths: 32-bit entry, KPTI, vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cells as shared
from harness import machine, manifest, rerun
from harness.ktap import Result
from harness.mode import USUAL, Mode
from harness.qemu import GuestConfig

pytestmark = pytest.mark.guest
ENTRIES = {
    "sysenter": "max,vendor=GenuineIntel",
    "syscall": "max,vendor=AuthenticAMD",
    "int80": "max,vendor=UnknownMaker",
}
ARM = {
    "kpti": ("max,pauth-impdef=on", ["kpti=1"]),
    "no-kpti": ("max,pauth-impdef=on", ["kpti=0"]),
    "bhb-loop": ("cortex-a72", ["kpti=0"]),
    "bhb-loop-kpti": ("cortex-a72", ["kpti=1"]),
    "plain": ("cortex-a53", ["kpti=0"]),
}

# For cases that repeat a race elsewhere at full length.
SHORT = Mode(arguments={"cputime": ("-t", "1")})

# Accounts interrupts to the interrupted task.
NO_IRQTIME = {"x86_64": "tsc=noirqtime", "arm64": "irqtime=0"}


def run_some(
    cells,
    name: str,
    arch: str,
    programs: set[str],
    config: GuestConfig,
    mode: Mode = USUAL,
) -> dict[str, Result]:
    """Boot the built cell again, for a few of its expected tests.

    The guest's logs stay in the cell's folder, with @name in their prefix.
    """
    cells.result(arch)
    cell = replace(cells.cell(arch), mode=mode)
    expected_tests = [p for p in manifest.expected_tests(cell) if p.program in programs]
    assert {p.program for p in expected_tests} == programs
    found = rerun.run_expected(
        cell, expected_tests, config, "tcg", prefix=f"model-{name}-"
    )
    return {result.name: result for result in found.results}


def all_pass(found: dict[str, Result]) -> None:
    bad = [shared.describe(result) for result in found.values() if result.bad]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("entry", ENTRIES)
def test_32_bit_entry(cells, entry: str) -> None:
    """__kernel_vsyscall and sigreturn with each instruction the kernel may select."""
    config = GuestConfig(cpu=ENTRIES[entry])
    found = run_some(cells, entry, "x86_64", {"vsyscall32", "symbols_ia32"}, config)
    all_pass(found)
    log = "\n".join(found["vdso_task.vsyscall32"].log)
    assert f"landing-pad: {entry}" in log


@pytest.mark.parametrize("model", ARM)
def test_arm64_vectors(cells, model: str) -> None:
    """TPIDRRO_EL0 is right with vectors that clobber it, and with others."""
    cpu, args = ARM[model]
    config = GuestConfig(cpu=cpu, append=args)
    all_pass(run_some(cells, model, "arm64", {"getcpu", "ids", "aarch32"}, config))


@pytest.mark.parametrize("arch", machine.names())
def test_no_irqtime_accounting(cells, arch: str) -> None:
    """CPU time on kernels that account interrupts to the interrupted task."""
    config = GuestConfig(cpus=4, append=[shared.row_of(NO_IRQTIME, arch)])
    found = run_some(cells, "irqtime", arch, {"cputime"}, config)
    all_pass(found)


def test_tsc_that_is_not_constant(cells) -> None:
    """Without a constant TSC the clocks fall back to the system call. All reads are
    system calls then: no longer duration would find more."""
    found = run_some(cells, "max", "x86_64", {"cputime"}, GuestConfig(cpu="max"), SHORT)
    all_pass(found)
    skipped = {
        c.name for c in found["vdso_task.cputime"].subtests if c.status == "SKIP"
    }
    assert "thread-answered" in skipped


def test_off_at_boot(cells) -> None:
    """Disabled on the command line, and enabled later."""
    config = GuestConfig(append=["vdso_task=off"])
    found = run_some(cells, "off", "x86_64", {"hotplug"}, config)
    all_pass(found)
    cases = {c.name: c.status for c in found["vdso_task.hotplug"].subtests}
    assert cases["off-since-boot"] == "PASS"


def test_slots_in_two_pages(cells) -> None:
    """With 33 possible CPUs the last slot is in a second page; that CPU answers. The
    other cases run on CPUs of the first page, as in any guest."""
    config = GuestConfig(cpus=33, append=["maxcpus=2"])
    found = run_some(cells, "many", "x86_64", {"ids", "cputime"}, config, SHORT)
    all_pass(found)
    assert "CPU 32" in "\n".join(found["vdso_task.cputime"].log)


def test_one_cpu(cells) -> None:
    all_pass(run_some(cells, "one", "x86_64", {"ids", "fork"}, GuestConfig(cpus=1)))
