# SPDX-License-Identifier: GPL-2.0
"""The Debian packages that the harness needs, and their installation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Iterable

from harness import machine, procs
from harness.context import Context
from harness.errors import Fault

BUILD = (
    "bc binutils bison ccache flex g++ gcc git kmod libc6-dev libelf-dev libssl-dev"
    " make openssl patch perl rsync xz-utils"
).split()
REPORT = "python3-jinja2 python3-junitparser".split()
BENCH = (
    "libbenchmark-dev libboost-dev libzmq3-dev python3-jinja2 python3-matplotlib"
).split()
TEST = (
    "black clang-format clang-tidy cmake debhelper doctest-dev dpkg-dev gawk mandoc"
    " musl-tools ninja-build pkg-config python3-jsonschema python3-pyelftools"
    " python3-pytest python3-pytest-timeout qemu-user spin strace valgrind"
).split()
# tests/programs run these in guests, on this machine's root or an unpacked Debian root.
PROGRAMS = (
    "binutils bubblewrap fzf gdb nodejs proot python3 python3-seccomp qemu-user"
    " rt-tests stress-ng valgrind"
).split()
# On a pty of its own, dpkg would leave apt-get's process group: signals would miss it.
SAME_GROUP = ["-o", "Dpkg::Use-Pty=0"]
ENV = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def packages(arches: Iterable[str], testing: bool = False) -> list[str]:
    """The packages for kernels of these architectures; all of the tests' if testing.

    gcc-multilib is not among them: on Debian it conflicts with the arm64 cross
    compiler.
    """
    names = set(BUILD + REPORT + (TEST + BENCH if testing else []))
    if testing:  # tests/test_libc.py compiles for all, also with --quick
        for here in machine.load_all():
            names.update(here.compilers)
            names.update([] if here.native else [here.user.cxx_compiler])
    for arch in arches:
        names.update(machine.load(arch).packages)
        names.update(PROGRAMS if testing else [])
    return sorted(names)


def missing(names: Iterable[str]) -> list[str]:
    """Those of the packages that dpkg has not installed; Fault without dpkg."""
    wanted = sorted(set(names))
    if not shutil.which("dpkg-query"):
        raise Fault(
            f"no dpkg on this machine: install these yourself: {' '.join(wanted)}"
        )
    form = "${db:Status-Status} ${Package}\n"
    done = procs.communicate(["dpkg-query", "-W", "-f", form, *wanted])
    lines = [line.split(" ", 1) for line in done.stdout.splitlines() if " " in line]
    have = {name for status, name in lines if status == "installed"}
    return [name for name in wanted if name not in have]


def _root() -> list[str] | None:
    """The command prefix to become root without a password; None if impossible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        probe = procs.communicate(["sudo", "-n", "true"], timeout=20)
        if probe.returncode == 0:
            return ["sudo", "-n"]
    return None


def ensure(ctx: Context, names: Iterable[str]) -> None:
    """Install what is missing. Fault, with the command for the user, if the harness may
    not install packages or cannot become root; Fault if apt-get fails."""
    lacking = missing(names)
    if not lacking:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *lacking]
    become = _root()
    if not ctx.install_deps or become is None:
        sudo = "" if os.geteuid() == 0 else "sudo "
        raise Fault(f"packages are missing; run: {sudo}{procs.quote(command)}")
    log = ctx.out / "install.log"
    env = [f"{key}={value}" for key, value in ENV.items()]
    with ctx.ui.step("-", "-", "install") as outcome:
        outcome.note = f"{len(lacking)} packages"
        as_root = [*become, "env", *env]
        for part in (["apt-get", "update", "-q"], command):
            full = [*as_root, *part, *SAME_GROUP]
            status = procs.status_logged(full, log, "apt-get", timeout=1800)
            if status != 0 and _dpkg_was_interrupted(log):
                repair = [*as_root, "dpkg", "--configure", "-a"]
                procs.status_logged(repair, log, "dpkg", timeout=1800)
                status = procs.status_logged(full, log, "apt-get", timeout=1800)
            if status != 0:
                raise _explain_failure(log, part, lacking)
        if missing(lacking):
            raise Fault(f"apt-get did not install {' '.join(missing(lacking))}", log)


def _dpkg_was_interrupted(log: Path) -> bool:
    """True if apt-get refused to run until `dpkg --configure -a` has: a signal had
    ended an earlier installation."""
    return any("dpkg was interrupted" in line for line in procs.tail(log))


def _explain_failure(log: object, part: list[str], lacking: list[str]) -> Fault:
    lines = procs.tail(log, 60)  # type: ignore[arg-type]
    errors = [ln for ln in lines if ln.startswith(("E:", "Err:"))]
    first = errors[0] if errors else "unknown reason"
    if any(word in ln for ln in lines for word in procs.NO_SPACE):
        return Fault("installing packages: the disk is full", log)  # type: ignore
    if any("Could not resolve" in ln or "Could not connect" in ln for ln in lines):
        return Fault(f"no network to install {' '.join(lacking)}", log)  # type: ignore
    return Fault(f"apt-get {part[1]}: {first}", log)  # type: ignore[arg-type]
