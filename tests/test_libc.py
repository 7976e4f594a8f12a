# SPDX-License-Identifier: GPL-2.0
"""The patches for musl and glibc: they apply, compile, and return the right IDs.

This machine's kernel has none of the entries, so its vDSO tests musl's fallback to the
system calls; a fake vDSO tests that the entries are used where they exist.
"""

from __future__ import annotations

import errno
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Callable

import pytest

import libcs
from harness import machine, procs, srcpkg
from harness.context import Context
from libcs import GLIBC_IDS as IDS
from libcs import Musl
from library import ENOSYS_ID, may_become
from toolkit import abi_rows

FAKE = {
    "getpid": 770001,
    "gettid": 770002,
    "getppid": 770003,
    "getuid": 4294967290,
    "geteuid": 4294967291,
    "getgid": 4294967292,
    "getegid": 4294967293,
}
ARCHES = machine.names()
# Prefix and version of new entries.
ABI = {
    arch: (abi_rows()[arch]["prefix"], abi_rows()[arch]["version"]) for arch in ARCHES
}
LINKED = [("-static",), ()]


def run(*command: object, status: int = 0) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def test_musl_compiles_on_the_next_debian(ctx: Context, tmp_path: Path) -> None:
    """Objects only: of what the patches touch, with warnings as errors."""
    tree, log = libcs.patched(ctx, "musl", "trixie"), libcs.log_of(ctx, "musl-next")
    env = {**libcs.environment(ctx), "CC": "gcc", "CFLAGS": "-Werror"}
    procs.run_logged([tree / "configure"], log, "configure", cwd=tmp_path, env=env)
    names = ["internal/vdso_id", "linux/gettid", "unistd/getpid", "unistd/getegid"]
    objects = [f"obj/src/{name}{kind}" for name in names for kind in (".o", ".lo")]
    procs.run_logged(["make", *objects], log, "objects", cwd=tmp_path, env=env)
    assert "U __vdso_id" in run("nm", tmp_path / "obj/src/linux/gettid.lo")


@pytest.mark.parametrize("package", ["musl", "glibc"])
def test_patches_name_the_entries_of_the_table(package: str) -> None:
    """With another prefix or version the lookup would fail silently."""
    text = (libcs.PATCHES / package / "0001-ids.patch").read_text()
    for arch, (prefix, version) in ABI.items():
        folder = machine.load(arch).uname
        (part,) = re.findall(
            rf"^diff --git \S*/{folder}/\S+ .*?(?=^diff|\Z)", text, re.M | re.S
        )
        if package == "musl":
            assert f'+#define VDSO_ID_PREFIX "{prefix}"' in part
            assert f'+#define VDSO_ID_VER "{version}"' in part
        else:
            assert f'+# define HAVE_GETPID_VSYSCALL\t"{prefix}getpid"' in part


@pytest.mark.parametrize("options", LINKED, ids=["static", "shared"])
def test_musl_answers_as_the_kernel(ctx: Context, options: tuple[str, ...]) -> None:
    """Without the entries gettid() returns musl's stored copy, as before."""
    program = libcs.verifier(ctx, machine.host_arch(), *options)
    assert "all answers are the kernel's" in run(program, "-c")
    text = run(program, status=1)
    assert re.findall(r"^(\w+): (\w+)", text, re.M) == [
        ("vfork", "gettid"),
        ("clone", "gettid"),
        ("verify", "FAILED"),
    ]


def emulated() -> list[str]:
    return [arch for arch in libcs.TARGETS if arch != machine.host_arch()]


@pytest.mark.parametrize("arch", emulated())
def test_musl_answers_under_emulation(ctx: Context, arch: str) -> None:
    program = libcs.verifier(ctx, arch, "-static")
    assert "all answers are" in run(*libcs.musl(ctx, arch).run, program, "-c")


@pytest.mark.parametrize("options", LINKED, ids=["static", "shared"])
def test_strace_sees_the_calls(ctx: Context, tmp_path: Path, options) -> None:
    """Nothing is cached: each call of the function is a system call."""
    program = libcs.verifier(ctx, machine.host_arch(), *options)
    table = tmp_path / "calls"
    run("strace", "-c", "-o", table, program, "calls", 50)
    found = {}
    for line in table.read_text().splitlines():
        words = line.split()
        if words and words[-1] in IDS:
            found[words[-1]] = int(words[3])
    assert found.pop("gettid", 0) <= 1
    assert set(found) == set(IDS) - {"gettid"}
    assert all(50 <= times <= 52 for times in found.values()), found


Faker = Callable[..., dict[str, tuple[int, int]]]


def fake_image(
    made: Musl, folder: Path, names: list[str], version: str, only: int | None
) -> Path:
    prefix = ABI[made.arch][0]
    listed = "".join(f"{prefix}{name}; " for name in names)
    script = folder / "fake.map"
    script.write_text(f"{version} {{ global: {listed or 'none;'} local: *; }};\n")
    image = folder / "fake.so"
    command = f"{made.compiler} -O2 -fPIC -DPREFIX={prefix} -shared -nostdlib".split()
    command += [f"-Wl,-T,{libcs.SOURCES / 'fake_vdso.lds'}", "-Wl,--build-id=none"]
    command += [f"-Wl,--version-script={script}", "-Wl,--hash-style=both"]
    command += [] if only is None else [f"-DONLY={only}l"]
    source = libcs.SOURCES / "fake_vdso.c"
    procs.run_logged([*command, "-o", image, source], made.log, "fake vDSO")
    return image


@pytest.fixture(name="fake")
def fixture_fake(ctx: Context, tmp_path: Path) -> Faker:
    """Results of each function and of its system call under a fake vDSO.

    With `only` all vDSO functions return that number; `words` are fake_start.c's.
    """

    def answers(
        arch: str,
        names: list[str],
        version: str,
        *words: int,
        only: int | None = None,
    ) -> dict[str, tuple[int, int]]:
        made = libcs.musl(ctx, arch)
        image = fake_image(made, tmp_path, names, version, only)
        program = made.link(
            tmp_path / "fake",
            "-static",
            "-fno-stack-protector",
            f'-DFAKE="{image}"',
            "-Wl,-e,fake_start",
            libcs.SOURCES / "fake_start.c",
        )
        lines = run(*made.run, program, *words).splitlines()
        rows = [(name, (int(a), int(b))) for name, a, b in map(str.split, lines)]
        assert len(rows) == 15 and rows[1:8] == rows[8:], "an answer changed"
        return dict(rows)

    return answers


@pytest.mark.parametrize("arch", ARCHES)
def test_musl_uses_the_entries(fake: Faker, arch: str) -> None:
    found = fake(arch, list(FAKE), ABI[arch][1])
    early = found.pop("early")
    assert {name: pair[0] for name, pair in found.items()} == FAKE
    assert early[0] == early[1], "before libc's start the system call answers"


@pytest.mark.parametrize("missing", IDS)
def test_musl_falls_back_for_a_missing_entry(fake: Faker, missing: str) -> None:
    arch = machine.host_arch()
    found = fake(arch, [name for name in IDS if name != missing], ABI[arch][1])
    for name in IDS:
        want = found[name][1] if name == missing else FAKE[name]
        assert found[name][0] == want, name


def test_musl_requires_the_version(fake: Faker) -> None:
    found = fake(machine.host_arch(), list(FAKE), "LINUX_9.9")
    assert all(libc == kernel for libc, kernel in found.values())


@pytest.mark.parametrize("arch", ARCHES)
def test_musl_falls_back_on_enosys(fake: Faker, arch: str) -> None:
    """Tracers that rewrite programs replace functions new to them by -ENOSYS."""
    found = fake(arch, list(FAKE), ABI[arch][1], only=-errno.ENOSYS)
    assert all(libc == kernel for libc, kernel in found.values()), found


@pytest.mark.parametrize("only", [1 - errno.ENOSYS, -1 - errno.ENOSYS])
def test_musl_accepts_other_numbers_as_ids(fake: Faker, only: int) -> None:
    arch = machine.host_arch()
    found = fake(arch, list(FAKE), ABI[arch][1], only=only)
    del found["early"]
    # A thread ID is positive: musl ignores this one and returns its stored copy.
    assert found.pop("gettid")[0] != only % 2**32
    assert {libc for libc, _ in found.values()} == {only % 2**32}


@pytest.mark.skipif(not may_become(ENOSYS_ID), reason="not root, or without such ids")
@pytest.mark.parametrize("only", [-errno.ENOSYS, ENOSYS_ID, 1000])
def test_musl_returns_an_id_equal_to_enosys(fake: Faker, only: int) -> None:
    arch = machine.host_arch()
    found = fake(arch, list(FAKE), ABI[arch][1], ENOSYS_ID, only=only)
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        assert found[name] == (1000 if only == 1000 else ENOSYS_ID, ENOSYS_ID), name


def test_musl_leaves_other_architectures_alone(ctx: Context) -> None:
    """AArch32 has no such entries: no table of names, no helper."""
    made = libcs.musl(ctx, "arm")
    nm = f"{libcs.TARGETS['arm'].triplet}-nm"
    names = run(nm, made.prefix / "lib" / "libc.a")
    assert " T getpid\n" in names and "__vdso_id" not in names


@pytest.mark.skipif(machine.host_arch() != "x86_64", reason="no 32-bit compiler")
def test_musl_compiles_for_i386(ctx: Context, tmp_path: Path) -> None:
    """Objects only, as Debian's 32-bit libgcc excludes the cross compilers."""
    tree, log = libcs.patched(ctx, "musl"), libcs.log_of(ctx, "musl-i386")
    env = {**libcs.environment(ctx), "CC": "gcc -m32"}
    configure = [tree / "configure", "--target=i386", "--disable-shared"]
    procs.run_logged(configure, log, "configure", cwd=tmp_path, env=env)
    objects = ["obj/src/internal/vdso_id.o", "obj/src/unistd/getuid.o"]
    procs.run_logged(["make", *objects], log, "objects", cwd=tmp_path, env=env)
    table = (tmp_path / objects[0]).read_bytes()
    assert all(f"__vdso_{name}\0".encode() in table for name in IDS)
    code = run("objdump", "-d", tmp_path / objects[1])
    assert f"${199:#x}" in code, "number of getuid32, which the entry answers"


def undefined(build: Path, name: str) -> set[str]:
    text = run("nm", "-u", build / "posix" / name)
    return {line.split()[-1] for line in text.splitlines()}


GLIBCS = [
    pytest.param("", machine.host_arch(), marks=pytest.mark.thorough),
    *(("", arch) for arch in ARCHES if arch != machine.host_arch()),
    ("trixie", machine.host_arch()),
]


@pytest.fixture(scope="module", name="glibc")
def fixture_glibc(ctx: Context) -> Callable[[str, str], Path]:
    """Builds the objects that the patches touch, by suite and arch; the folder."""

    @lru_cache
    def build(suite: str, arch: str) -> Path:
        return libcs.glibc_objects(ctx, libcs.patched(ctx, "glibc", suite), arch)

    return build


@pytest.mark.parametrize("suite, arch", GLIBCS, ids=lambda word: word or "own")
def test_glibc_compiles(
    glibc: Callable[[str, str], Path], suite: str, arch: str
) -> None:
    build = glibc(suite, arch)
    loader = (build / "elf" / "rtld.os").read_bytes()
    for name in IDS:
        assert f"{ABI[arch][0]}{name}\0".encode() in loader
        assert f"_dl_vdso_{name}" in undefined(build, f"{name}.o")
        assert undefined(build, f"{name}.os") & {"_rtld_global_ro"}
        defined = run("nm", "--defined-only", build / "posix" / f"{name}.os")
        assert {f"T __{name}", f"W {name}"} <= {ln[17:] for ln in defined.splitlines()}


@pytest.mark.parametrize("suite, arch", GLIBCS, ids=lambda word: word or "own")
def test_glibc_falls_back_on_enosys(
    glibc: Callable[[str, str], Path], tmp_path: Path, suite: str, arch: str
) -> None:
    """glibc's objects with vDSO pointers to a function that returns one number."""
    build, program = glibc(suite, arch), tmp_path / "objects"
    user = machine.load(arch).user
    native = arch == machine.host_arch()
    words = [] if native else [user.emulator, "-L", f"/usr/{user.triplet}"]
    objects = [build / "posix" / f"{name}.o" for name in IDS]
    run(
        f"{user.triplet}-gcc",
        "-no-pie",
        libcs.SOURCES / "objects.c",
        *objects,
        "-o",
        program,
    )

    def printed(*arguments: int) -> list[tuple[int, int]]:
        lines = run(*words, program, *arguments).splitlines()
        rows = [line.split() for line in lines]
        assert [row[0] for row in rows] == list(IDS)
        return [(int(libc), int(kernel)) for _, libc, kernel in rows]

    assert all(libc == kernel for libc, kernel in printed(-errno.ENOSYS))
    for number in (1 - errno.ENOSYS, -1 - errno.ENOSYS, 770001):
        assert {libc for libc, _ in printed(number)} == {number % 2**32}
    if native and may_become(ENOSYS_ID):
        assert printed(ENOSYS_ID, ENOSYS_ID)[3:] == [(ENOSYS_ID, ENOSYS_ID)] * 4


def test_glibc_of_another_version_is_refused(ctx: Context) -> None:
    with pytest.raises(srcpkg.Fault, match="no patches for glibc 2.19, only for 2.36"):
        libcs.series("glibc", "2.19")
