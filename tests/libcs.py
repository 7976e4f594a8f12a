# SPDX-License-Identifier: GPL-2.0
"""Builds libcs from the distribution's sources with our patches, in out/libc."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

from harness import atomic, machine, procs, srcpkg
from harness.build import ccache_paths
from harness.context import REPO, Context
from harness.errors import Fault

PATCHES = REPO / "patches"
SOURCES = REPO / "tests" / "libc"
STAMP = ".vdsox-libc"
# The programs of every architecture, 32-bit ones with a compiler of their own too.
TARGETS = {
    user.abi: user
    for here in machine.load_all()
    for user in filter(None, (here.user, here.compat))
}


def run(command: Sequence[object], log: Path, what: str, **options: Any) -> None:
    """Run a step of a build, which shares the CPUs with those of kernels."""
    procs.run_logged(command, log, what, nice=procs.BUILD_NICE, **options)


def environment(ctx: Context) -> dict[str, str]:
    """Uses ccache, if installed, and keeps the compiler's name one word."""
    path = f"/usr/lib/ccache:{os.environ['PATH']}"
    return {"PATH": path, **ccache_paths(ctx)}


def series(package: str, version: str) -> list[Path]:
    """The patches for an upstream version, from VERSION.series or `series`."""
    folder = PATCHES / package
    for path in (folder / f"{version}.series", folder / "series"):
        if path.is_file():
            return [folder / name for name in path.read_text().split()]
    known = sorted(path.stem for path in folder.glob("*.series"))
    raise Fault(f"no patches for {package} {version}, only for {', '.join(known)}")


def log_of(ctx: Context, package: str) -> Path:
    return ctx.out / "libc" / f"{package}.log"


def patched(ctx: Context, package: str, suite: str = "") -> Path:
    """A package's source tree with Debian's patches, then ours without fuzz."""
    log = log_of(ctx, package)
    log.parent.mkdir(parents=True, exist_ok=True)
    dsc = srcpkg.fetch(ctx.cache, package, log, suite)
    version = srcpkg.version(dsc)
    ours = series(package, version)
    digest = hashlib.sha256(dsc.name.encode())
    for path in ours:
        digest.update(path.read_bytes())
    tree = ctx.out / "libc" / f"{package}-{version}"
    stamp = tree / STAMP
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return tree
    for old in ctx.out.glob(f"libc/{package}-{version}*"):
        shutil.rmtree(old)
    srcpkg.unpack(dsc, tree, log)
    for path in ours:
        command = ["patch", "-p1", "-F0", "--no-backup-if-mismatch", "-i", path]
        run(command, log, f"{path.name} on {dsc.name}", cwd=tree)
    stamp.write_text(digest.hexdigest())
    return tree


@dataclass(frozen=True)
class Musl:
    """An installed musl and its compiler."""

    arch: str
    prefix: Path
    log: Path

    @property
    def compiler(self) -> str:
        native = machine.host_arch() == self.arch
        return "gcc" if native else f"{TARGETS[self.arch].triplet}-gcc"

    @property
    def run(self) -> list[str]:
        """The command prefix that runs a program of that architecture."""
        native = machine.host_arch() == self.arch
        return [] if native else [TARGETS[self.arch].emulator]

    def link(self, out: Path, *words: object) -> Path:
        """Link a program with this musl, as musl-gcc does."""
        command = [self.compiler, "-specs", self.prefix / "lib/musl-gcc.specs"]
        command += ["-O2", "-Wall", "-Wextra", "-o", out]
        run([*command, *words], self.log, f"build of {out.name}")
        return out


def musl(ctx: Context, arch: str) -> Musl:
    """Build musl: static, and also shared for the architectures of guests."""
    tree = patched(ctx, "musl")
    build = tree.with_name(f"{tree.name}-{arch}")
    log = log_of(ctx, f"musl-{arch}")
    made = Musl(arch, build / "inst", log)
    stamp = build / STAMP
    if stamp.is_file():
        return made
    build.mkdir(exist_ok=True)
    shared = "enable" if arch in machine.names() else "disable"
    configure = [
        tree / "configure",
        f"--target={TARGETS[arch].triplet}",
        f"--prefix={made.prefix}",
        f"--syslibdir={made.prefix / 'lib'}",
        "--enable-wrapper=gcc",
        f"--{shared}-shared",
    ]
    env = {**environment(ctx), "CC": made.compiler}
    run(configure, log, "configure of musl", cwd=build, env=env)
    make = ["make", f"-j{ctx.jobs}", "install"]
    run(make, log, f"build of musl for {arch}", cwd=build, env=env)
    stamp.touch()
    return made


def verifier(ctx: Context, arch: str, *options: str) -> Path:
    """Build tests/libc/verify.c with the patched musl: `-static`, or else shared."""
    made = musl(ctx, arch)
    name = "verify" + "".join(options)
    path = made.prefix / name
    source = SOURCES / "verify.c"
    if not path.is_file() or path.stat().st_mtime < source.stat().st_mtime:
        with atomic.replacing(path) as part:
            made.link(part, *options, source)
    return path


def programs(ctx: Context) -> dict[str, Path]:
    """Static builds of verify.c for guests, by architecture."""
    return {arch: verifier(ctx, arch, "-static") for arch in machine.names()}


# Objects of the files that the glibc patches touch, by the folder of their Makefile.
GLIBC_IDS = ("getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid")
GLIBC_OBJECTS = {
    "posix": [f"{name}{kind}" for name in GLIBC_IDS for kind in (".o", ".os")],
    "elf": ["dl-support.o", "rtld.os"],
}


def glibc_configure(ctx: Context, tree: Path, arch: str) -> Path:
    """Configure glibc; return its build folder."""
    build = tree.with_name(f"{tree.name}-{arch}")
    stamp = build / STAMP
    if stamp.is_file():
        return build
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    triplet = TARGETS[arch].triplet
    command: list[object] = [tree / "configure", "--prefix=/usr", "--disable-werror"]
    env = environment(ctx)
    if arch != machine.host_arch():
        env.update(CC=f"{triplet}-gcc", CXX="")
        command += [f"--host={triplet}", f"--with-headers=/usr/{triplet}/include"]
    log = log_of(ctx, f"glibc-{arch}")
    run(command, log, "configure of glibc", cwd=build, env=env)
    stamp.touch()
    return build


def glibc_objects(ctx: Context, tree: Path, arch: str) -> Path:
    """Compile only what the patches touch; return the build folder."""
    build = glibc_configure(ctx, tree, arch)
    for folder, names in GLIBC_OBJECTS.items():
        targets = [build / folder / name for name in names]
        # One job: the objects depend on headers that the folder's Makefile generates.
        command = ["make", "-r", "-C", tree / folder, f"objdir={build}", *targets]
        log = log_of(ctx, f"glibc-{arch}")
        run(command, log, f"glibc's {folder}", env=environment(ctx))
    return build
