# SPDX-License-Identifier: GPL-2.0
"""The plain kernel and the others, and what a guest of each needs."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Variant:
    """A kernel built with one fragment more, which costs its guests time and room."""

    name: str = ""
    help: str = ""
    needs: str = ""
    timeout_scale: int = 1
    cpus: int = 4
    mem: int = 1024
    one_thread: bool = False
    append: tuple[str, ...] = ()

    @property
    def fragments(self) -> list[str]:
        return self.name.split("-") if self.name else []

    @property
    def options(self) -> list[str]:
        return [f"--{word}" for word in self.fragments]

    def named(self, stem: str) -> str:
        """The name of a thing of this variant, made of the plain one's."""
        return f"{stem}-{self.name}" if self.name else stem


# A watchdog that waits as long as it can: the guest may be emulated on a busy host.
WATCHDOG = ("watchdog_thresh=60",)

PLAIN = Variant()
DEBUG = Variant(
    name="debug",
    help="the kernel with KASAN, lockdep and RCU checks",
    needs="gcc 8.3 or later",
    timeout_scale=6,
    cpus=2,
    mem=2048,
    append=WATCHDOG,
)
KCSAN = Variant(
    name="kcsan",
    help="the kernel with the data race detector",
    needs="gcc 11 or later, or clang 11 or later",
    timeout_scale=6,
    cpus=2,
    mem=1024,
    append=WATCHDOG,
)
# QEMU with a thread for each CPU sees some text patches too late: an unpatched
# distribution's kernel dies of "Oops: int3" there. See Documentation/testing.rst.
LABELS = Variant(
    name="labels",
    help="the kernel that patches its own code, as distributions' do",
    timeout_scale=3,
    one_thread=True,
)
OTHERS = (DEBUG, KCSAN, LABELS)

# With it a kernel runs what is installed on a machine, and CRIU.
HOST = "host"


def with_host(kind: Variant) -> Variant:
    """The variant that can mount the host's root, and has a network."""
    return replace(kind, name="-".join([*kind.fragments, HOST]))


KINDS = (PLAIN, *OTHERS)
ALL = (*KINDS, *(with_host(kind) for kind in KINDS))

# Not among them: only ./vdsox bench builds it, and no kselftest runs on it.
BENCH = Variant(name="bench", help="the kernel whose instructions are counted")


def by_name(name: str) -> Variant:
    """The variant of that name; the plain one for an empty name."""
    return next(v for v in ALL if v.name == name)
