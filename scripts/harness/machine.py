# SPDX-License-Identifier: GPL-2.0
"""The machines that scripts/qemu/ describes, one small file each."""

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
    """One architecture: how its kernel is built and what QEMU emulates.

    virtio: how the names of QEMU's virtio devices end, by their bus.
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
    vdso: str
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
        """The prefix of the compiler: empty where the machine is our own."""
        return "" if self.native else f"{self.triplet}-"

    @property
    def make_args(self) -> list[str]:
        args = [f"ARCH={self.arch}"]
        args += [f"CROSS_COMPILE={self.cross}"] if self.cross else []
        return args + ([f"CROSS_COMPILE_COMPAT={self.compat}-"] if self.compat else [])

    @property
    def packages(self) -> list[str]:
        """Debian packages that only this architecture needs."""
        return [self.qemu_package, *self.compilers]

    @property
    def compilers(self) -> list[str]:
        """Those of them that compile for it and for its 32-bit programs."""
        compat = []
        if self.compat:
            compat = [f"gcc-{self.compat}", "libc6-dev-armhf-cross"]
        if self.native:
            return compat
        cpu = {"x86_64": ("x86-64", "amd64"), "arm64": ("aarch64", "arm64")}[self.arch]
        gnu = f"{cpu[0]}-linux-gnu"
        return [f"gcc-{gnu}", f"libc6-dev-{cpu[1]}-cross", *compat]


def host_arch() -> str:
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
    found = sorted(path.stem for path in FOLDER.glob("*.py"))
    return sorted(found, key=lambda name: name != "x86_64")


def load(arch: str) -> Machine:
    if arch not in names():
        raise Fault(f"unknown architecture {arch}: choose one of {', '.join(names())}")
    return _load(FOLDER / f"{arch}.py")


def select(arch: str | None) -> list[Machine]:
    """The machines that --arch names; without it, the one like this machine."""
    if arch == "all":
        return [load(name) for name in names()]
    default = host_arch() if host_arch() in names() else "x86_64"
    return [load(arch or default)]
