# SPDX-License-Identifier: GPL-2.0
"""Checkpoint and restore by Debian's CRIU: on the patched kernel, and between it and
an unpatched one. programs/criu.sh documents the steps.

CRIU is Debian 13's, on a root of its own, whatever this machine runs; and Debian 12's
on x86, which refuses to start if the 32-bit image has more than two pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import library
from cells import HOSTS, Cells
from harness import accel, guest, hostroot, machine
from harness.cell import Cell
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig

HERE = Path(__file__).parent / "programs"
PLACE = "/opt/vdsox"
PACKAGES = (
    "base-files base-passwd bash coreutils criu dash grep iproute2 libc-bin sed"
    " sysvinit-utils tar util-linux"
).split()
LIMIT = 1200.0
IMAGES = "/vdsox/artifacts/{}.tar"

pytestmark = [pytest.mark.guest, pytest.mark.kernel("host")]
each_arch = pytest.mark.parametrize("arch", machine.names())


@dataclass
class Step:
    status: int
    text: str


def boot(
    cell: Cell,
    program: Path,
    given: dict[str, Path],
    *steps: str,
    suite: str = "trixie",
) -> list[Step]:
    """Run the steps in a guest on a Debian root; its files go to artifacts/."""
    files = [(program, f"{PLACE}/frozen"), (HERE / "criu.sh", f"{PLACE}/criu.sh")]
    files += [(path, f"{PLACE}/{name}") for name, path in given.items()]
    root = hostroot.debian(cell.ctx, cell.machine.arch, tuple(PACKAGES), suite)
    argv = ["/bin/sh", f"{PLACE}/criu.sh", PLACE, *steps]
    job = GuestJob("exec", (), argv, files, root=root)
    stdout = bytearray()
    guest_result = guest.run(
        cell,
        job,
        GuestConfig(cpus=2, mem=1024, root=root),
        accel.choose(cell),
        prefix="criu-",
        limit=LIMIT,
        sink=lambda _name, data: stdout.extend(data),
    )
    text = stdout.decode("utf-8", "replace")
    assert not guest_result.reason, f"{guest_result.reason}\n{text}"
    assert guest_result.channels
    guest.unpack_files(guest_result.channels, cell.folder / "artifacts")
    found = re.findall(r"^begin (\w+)\n(.*?)^end \1 (\d+)$", text, re.M | re.S)
    return [Step(int(status), part) for _, part, status in found]


@pytest.fixture(name="program")
def fixture_program(tmp_path_factory, arch: str) -> Path:
    built = library.build_library(tmp_path_factory.getbasetemp(), arch)
    return built.compile(str(HERE / "frozen.c"), built.out / "frozen", link="a")


def check(steps: list[Step], count: int) -> None:
    assert [step.status for step in steps] == [0] * count, steps


def dumped(cells: Cells, arch: str, program: Path, patched: bool) -> Path:
    """The archive of a dump that was made on that kernel."""
    cell = kernel(cells, arch, patched)
    name = "patched" if patched else "unpatched"

    def make() -> Path:
        check(boot(cell, program, {}, "again", "dump", IMAGES.format(name)), 2)
        return cell.folder / "artifacts" / f"{name}.tar"

    return cells.once(f"criu-{arch}-{name}", make)


def kernel(cells: Cells, arch: str, patched: bool) -> Cell:
    if not patched:
        return cells.unpatched(arch)
    cells.build(HOSTS[arch])
    return cells.cell(HOSTS[arch])


@pytest.mark.parametrize(
    "patched",
    [True, pytest.param(False, marks=pytest.mark.thorough)],
    ids=["patched", "unpatched"],
)
@each_arch
def test_dump_and_restore_in_place(
    cells: Cells, arch: str, program: Path, patched: bool
) -> None:
    assert dumped(cells, arch, program, patched).stat().st_size > 0


@pytest.mark.parametrize("arch", ["x86_64"])
def test_old_criu_on_x86(cells: Cells, arch: str, program: Path) -> None:
    """CRIU 3.17 reads the 32-bit image into a buffer of two pages when it starts."""
    cell = kernel(cells, arch, True)
    check(boot(cell, program, {}, "again", suite="bookworm"), 1)


@pytest.mark.thorough
@pytest.mark.parametrize("patched", [True, False], ids=["to-patched", "to-unpatched"])
@each_arch
def test_between_kernels(cells: Cells, arch: str, program: Path, patched: bool) -> None:
    """The program runs on, by system calls if its image is another kernel's."""
    images = {"images.tar": dumped(cells, arch, program, not patched)}
    steps = boot(
        kernel(cells, arch, patched), program, images, "restore", f"{PLACE}/images.tar"
    )
    check(steps, 1)
    assert "vdso mismatches dumpee, generate proxy" in steps[0].text
