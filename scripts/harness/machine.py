# SPDX-License-Identifier: GPL-2.0
"""Load the descriptions of architectures in scripts/qemu/."""

from __future__ import annotations

import functools
import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from harness.context import REPO
from harness.errors import Fault

FOLDER = REPO / "scripts" / "qemu"
# The first in every list, and the default of a host that is none of them.
FIRST = "x86_64"


@dataclass(frozen=True)
class Userland:
    """Programs that a kernel runs, and what Debian has for them.

    abi: its name in the vDSO table
    triplet: of the compiler
    debian: Debian's name of the architecture
    emulator: the program of qemu-user
    """

    abi: str
    triplet: str
    debian: str
    emulator: str

    @property
    def compilers(self) -> list[str]:
        """The Debian packages of the C cross compiler."""
        return [f"gcc-{self._gnu}", f"libc6-dev-{self.debian}-cross"]

    @property
    def cxx_compiler(self) -> str:
        """The Debian package of the C++ cross compiler."""
        return f"g++-{self._gnu}"

    @property
    def _gnu(self) -> str:
        return self.triplet.replace("_", "-")


@dataclass(frozen=True)
class Counting:
    """What ./vdsox bench needs to count instructions, and its targets.

    cpu: with it the CPU model's counter ticks once an instruction
    append: fixes on the kernel command line what the kernel would choose at random or
        depending on timing
    answer: instructions of a call that a record answers, at most
    switch_beside, switch_ids, switch_clocks: additional instructions of a context
        switch, at most: without records, with them, if they also expose CPU time
    """

    answer: int
    switch_beside: int
    switch_ids: int
    switch_clocks: int
    cpu: str = ""
    append: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """One architecture: its kernel build and QEMU's machine.

    arch: kbuild's ARCH; the vDSO table's name of the native ABI
    srcarch: the kernel's folder of it below arch/
    uname: what `uname -m` prints
    virtio: the bus suffix of QEMU's virtio device names
    compat: 32-bit programs, if they need another compiler
    """

    srcarch: str
    uname: str
    user: Userland
    image: str
    qemu: str
    qemu_package: str
    machine: str
    cpu: str
    console: str
    counting: Counting
    options: tuple[str, ...] = ()
    append: str = ""
    compat: Optional[Userland] = None
    virtio: str = "pci"

    @property
    def arch(self) -> str:
        return self.user.abi

    @property
    def native(self) -> bool:
        return host_arch() == self.arch

    @property
    def cross(self) -> str:
        """The toolchain prefix; empty for the host's own architecture."""
        return "" if self.native else f"{self.user.triplet}-"

    @property
    def make_args(self) -> list[str]:
        """kbuild's variables for architecture and compilers."""
        args = [f"ARCH={self.arch}"]
        args += [f"CROSS_COMPILE={self.cross}"] if self.cross else []
        if self.compat:
            args += [f"CROSS_COMPILE_COMPAT={self.compat.triplet}-"]
        return args

    @property
    def packages(self) -> list[str]:
        """Debian packages that only this architecture needs."""
        return [self.qemu_package, *self.compilers]

    @property
    def compilers(self) -> list[str]:
        """The Debian packages that cross-compile for it and for its 32-bit programs."""
        native = [] if self.native else self.user.compilers
        return native + (self.compat.compilers if self.compat else [])


def host_arch() -> str:
    """The host's architecture, by its name in scripts/qemu/ if it has one there."""
    name = platform.machine()
    return next((m.arch for m in load_all() if m.uname == name), name)


@functools.cache
def _load(path: Path) -> Machine:
    spec = importlib.util.spec_from_file_location(f"qemu_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    machine: Machine = module.MACHINE
    return machine


def names() -> list[str]:
    """All architectures."""
    found = sorted(path.stem for path in FOLDER.glob("*.py"))
    return sorted(found, key=lambda name: name != FIRST)


def load(arch: str) -> Machine:
    """Fault if scripts/qemu/ has no such architecture."""
    if arch not in names():
        raise Fault(f"unknown architecture {arch}: choose one of {', '.join(names())}")
    return _load(FOLDER / f"{arch}.py")


def load_all() -> list[Machine]:
    """The machines of all architectures."""
    return [load(name) for name in names()]


def select(arch: str | None) -> list[Machine]:
    """The machines selected by --arch; by default the host's, or FIRST if unknown."""
    if arch == "all":
        return load_all()
    default = host_arch() if host_arch() in names() else FIRST
    return [load(arch or default)]
