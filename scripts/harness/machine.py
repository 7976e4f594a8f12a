# SPDX-License-Identifier: GPL-2.0
"""Load the descriptions of architectures in scripts/qemu/."""

from __future__ import annotations

import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path

from harness.context import REPO
from harness.errors import Fault

FOLDER = REPO / "scripts" / "qemu"


@dataclass(frozen=True)
class Machine:
    """One architecture: its kernel build and QEMU's machine.

    virtio: the bus suffix of QEMU's virtio device names
    compat: triplet of the compiler for 32-bit programs, or empty
    """

    arch: str
    srcarch: str
    triplet: str
    image: str
    qemu: str
    qemu_package: str
    machine: str
    cpu: str
    console: str
    abis: tuple[str, ...]
    options: tuple[str, ...] = ()
    append: str = ""
    compat: str = ""
    virtio: str = "pci"

    @property
    def native(self) -> bool:
        return host_arch() == self.arch

    @property
    def cross(self) -> str:
        """The toolchain prefix; empty for the host's own architecture."""
        return "" if self.native else f"{self.triplet}-"

    @property
    def make_args(self) -> list[str]:
        """kbuild's variables for architecture and compilers."""
        args = [f"ARCH={self.arch}"]
        args += [f"CROSS_COMPILE={self.cross}"] if self.cross else []
        return args + ([f"CROSS_COMPILE_COMPAT={self.compat}-"] if self.compat else [])

    @property
    def packages(self) -> list[str]:
        """Debian packages that only this architecture needs."""
        return [self.qemu_package, *self.compilers]

    @property
    def compilers(self) -> list[str]:
        """The Debian packages that cross-compile for it and for its 32-bit programs."""
        compat = []
        if self.compat:
            compat = [f"gcc-{self.compat}", "libc6-dev-armhf-cross"]
        if self.native:
            return compat
        cpu = {"x86_64": ("x86-64", "amd64"), "arm64": ("aarch64", "arm64")}[self.arch]
        gnu = f"{cpu[0]}-linux-gnu"
        return [f"gcc-{gnu}", f"libc6-dev-{cpu[1]}-cross", *compat]


def host_arch() -> str:
    """The host's architecture, by its name in scripts/qemu/ if it has one there."""
    name = platform.machine()
    return {"aarch64": "arm64", "amd64": "x86_64"}.get(name, name)


def _load(path: Path) -> Machine:
    spec = importlib.util.spec_from_file_location(f"qemu_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    machine: Machine = module.MACHINE
    return machine


def names() -> list[str]:
    """All architectures, x86_64 first."""
    found = sorted(path.stem for path in FOLDER.glob("*.py"))
    return sorted(found, key=lambda name: name != "x86_64")


def load(arch: str) -> Machine:
    """Fault if scripts/qemu/ has no such architecture."""
    if arch not in names():
        raise Fault(f"unknown architecture {arch}: choose one of {', '.join(names())}")
    return _load(FOLDER / f"{arch}.py")


def select(arch: str | None) -> list[Machine]:
    """The machines selected by --arch; by default the host's, or x86_64 if unknown."""
    if arch == "all":
        return [load(name) for name in names()]
    default = host_arch() if host_arch() in names() else "x86_64"
    return [load(arch or default)]
