# SPDX-License-Identifier: GPL-2.0
"""Kernel variants, the plain one and others, and the guest that each needs."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Variant:
    """A kernel built with additional configuration fragments.

    needs: the compilers that can build it, for the message if Kconfig refuses
    timeout_scale: factor for time limits
    mem: MiB
    append: to the kernel command line
    """

    name: str = ""
    help: str = ""
    needs: str = ""
    timeout_scale: int = 1
    cpus: int = 4
    mem: int = 1024
    append: tuple[str, ...] = ()

    @property
    def fragments(self) -> list[str]:
        """Names of its files scripts/configs/NAME.config."""
        return self.name.split("-") if self.name else []

    @property
    def options(self) -> list[str]:
        """The command line options that select this variant."""
        return [f"--{word}" for word in self.fragments]

    def named(self, stem: str) -> str:
        """`stem` with the suffix of this variant; the plain one has none."""
        return f"{stem}-{self.name}" if self.name else stem


# The longest soft lockup threshold: the guest may be emulated on a busy host.
WATCHDOG = ("watchdog_thresh=60",)

PLAIN = Variant()
DEBUG = Variant(
    name="debug",
    help="a kernel with KASAN, lockdep and RCU checks",
    needs="gcc 8.3 or later",
    timeout_scale=6,
    cpus=2,
    mem=2048,
    append=WATCHDOG,
)
KCSAN = Variant(
    name="kcsan",
    help="a kernel with KCSAN, the data race detector",
    needs="gcc 11 or later, or clang 11 or later",
    timeout_scale=6,
    cpus=2,
    mem=1024,
    append=WATCHDOG,
)
LABELS = Variant(
    name="labels",
    help="a kernel with jump labels and static calls, as distributions' are",
)
OTHERS = (DEBUG, KCSAN, LABELS)

# The fragment for programs that are installed on the host, and for CRIU.
HOST = "host"


def with_host(kind: Variant) -> Variant:
    """The variant with the host fragment: 9p, overlayfs and networking."""
    return replace(kind, name="-".join([*kind.fragments, HOST]))


KINDS = (PLAIN, *OTHERS)
ALL = (*KINDS, *(with_host(kind) for kind in KINDS))

# Not in ALL: only ./vdsox bench builds it, and no kselftest runs on it.
BENCH = Variant(name="bench", help="a kernel for counting instructions")


def by_name(name: str) -> Variant:
    """The variant of that name; the plain one for an empty name."""
    return next(v for v in ALL if v.name == name)
