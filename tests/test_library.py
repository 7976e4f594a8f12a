# SPDX-License-Identifier: GPL-2.0
"""libvdsox and its preload object, without the entries and with fake vDSOs."""

from __future__ import annotations

import errno
import platform
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Callable

import pytest
from elftools.elf.elffile import ELFFile

from harness import bases, machine
from library import FOLDER, NATIVE, ENOSYS_ID, Library, build_library
from library import entry_names, may_become, needed, output, require, run, symbols
from library import table_manifest
from toolkit import (
    REPO,
    TABLE,
    TARGETS,
    Image,
    abi_rows,
    build_tools,
    good_image,
    make,
    table_text,
    vvars_of,
)

ARCHES = machine.names()
BITS = {abi: keys["class"] for abi, keys in abi_rows().items()}
# Not through PATH: a wrapper there would add system calls of its own.
PYTHON = "/usr/bin/python3"
IDS = {
    PYTHON: "import os; print(os.getpid() > 0, os.getuid(), os.geteuid(), os.getgid())",
    "/usr/bin/perl": 'print $$ > 0, " $< $> $( $)\\n"',
}


@pytest.fixture(scope="session", name="base")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session", name="manifest")
def fixture_manifest(base: Path) -> dict:
    return table_manifest(base)


@pytest.fixture(scope="session", name="native")
def fixture_native(base: Path) -> Library:
    return build_library(base, NATIVE)


@pytest.fixture(scope="session", name="library", params=ARCHES)
def fixture_library(base: Path, request: pytest.FixtureRequest) -> Library:
    return build_library(base, request.param)


@pytest.fixture(scope="session", name="images")
def fixture_images(
    manifest: dict, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """Good images by abi and hash style."""
    table = table_text()
    images = {}
    for abi in TARGETS:
        for style in ("both", "gnu", "sysv"):
            recipe = replace(good_image(abi, manifest, table), hash_style=style)
            images[abi, style] = recipe.build(tmp_path_factory.mktemp(f"{abi}-{style}"))
    return images


# What the objects export and need.


def test_library_exports_the_entries_and_nothing_else(
    library: Library, manifest: dict
) -> None:
    found = symbols(library.out / "libvdsox.so.0", library.prefix)
    about = ["entry_source", "entry_name", "entry_count"]
    names = entry_names(manifest).all + about
    defined = {name for name, kind in found.items() if kind not in "Uw"}
    assert defined == {f"vdsox_{name}@@VDSOX_0" for name in names}


def test_library_needs_the_c_library_only(library: Library) -> None:
    path = library.out / "libvdsox.so.0"
    found = symbols(path, library.prefix)
    undefined = {name.split("@")[0] for name, kind in found.items() if kind in "Uw"}
    assert undefined == {"getauxval", "__errno_location"}
    assert needed(path) == ["libc.so.6"]
    assert "(INIT" not in output("readelf", "-dW", path), "there must be no constructor"


def test_archive_needs_no_more_than_the_shared_library(library: Library) -> None:
    lines = output(f"{library.prefix}nm", "-g", library.out / "libvdsox.a").splitlines()
    words = [line.split() for line in lines if line.strip() and ":" not in line]
    defined = {w[-1] for w in words if w[-2] != "U"}
    undefined = {w[-1] for w in words if w[-2] == "U"} - defined
    assert undefined - {"_GLOBAL_OFFSET_TABLE_"} == {"getauxval", "__errno_location"}


def test_preload_object_exports_the_entries_with_records(
    library: Library, manifest: dict
) -> None:
    path = library.out / "libvdsox-preload.so"
    found = symbols(path, library.prefix)
    records = {name: "T" for name in entry_names(manifest).records}
    assert found == records | {"getauxval": "w", "__errno_location": "w"}
    assert needed(path) == []
    assert "(INIT" not in output("readelf", "-dW", path)


def test_preload_object_works_before_it_is_relocated(library: Library) -> None:
    """Its only relocations are those of two symbols that it can do without."""
    text = output("readelf", "-rW", library.out / "libvdsox-preload.so")
    lines = re.findall(r"^[0-9a-f]{8,} .*", text, re.M)
    assert lines
    for line in lines:
        assert re.search(
            r"(GLOB_DAT|JUMP_SLOT?) .* (getauxval|__errno_location) \+ 0$", line
        )


def test_numbers_of_entries_stay() -> None:
    """enum vdsox_entry is part of the library's ABI: rows are only added below."""
    rows = TABLE.read_text(encoding="ascii")
    names = list(
        dict.fromkeys(re.findall(r"^entry (\w+) (?:record|code) ", rows, re.M))
    )
    released = ["getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid"]
    assert names[:8] == [*released, "getcpu"]


def test_one_row_is_enough_for_an_entry(base: Path, tmp_path: Path) -> None:
    row = "entry getpgrp record nr=getpgrp type=pid_t field=pgrp@56 abi=x86_64,x32,ia32"
    table = tmp_path / "vdso.tbl"
    text = TABLE.read_text(encoding="ascii") + row + ' value="task_pgrp_vnr(current)"\n'
    table.write_text(text, encoding="ascii")
    words = [f"VDSOGEN={build_tools(base)}/vdsogen", f"TABLE={table}", "CXXFLAGS=-O1"]
    cross = [f"CROSS_COMPILE={machine.load('x86_64').cross}"]
    out = tmp_path / "out"
    make(out, FOLDER, *words, *cross, "libs", f"{out}/vdsox.3")
    assert "vdsox_getpgrp@@VDSOX_0" in symbols(out / "libvdsox.so.0")
    assert symbols(out / "libvdsox-preload.so")["getpgrp"] == "T"
    page = (out / "vdsox.3").read_text(encoding="ascii")
    assert ".Fn vdsox_getpgrp void" in page
    assert (
        ".It Fn vdsox_getpgrp Ta ia32 Ta __vdso_getpgrp Ta LINUX_2.6 Ta getpgrp" in page
    )


@pytest.mark.parametrize("flag", ["-m32", "-mx32"])
def test_sources_compile_for_other_abis(native: Library, tmp_path: Path, flag) -> None:
    """Without the C library of that abi, which conflicts with the cross compiler."""
    if NATIVE != "x86_64":
        pytest.skip("an abi of x86")
    (tmp_path / "gnu").mkdir()
    for name in ("stubs-32.h", "stubs-x32.h"):
        (tmp_path / "gnu" / name).write_text("")
    target = output("g++", "-dumpmachine").strip()
    major = output("g++", "-dumpversion").strip().split(".", maxsplit=1)[0]
    words = ["g++", flag, "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC"]
    folders = [FOLDER / "include", FOLDER / "src", native.out / "include", tmp_path]
    words += [f"-I{folder}" for folder in folders]
    words += ["-isystem", f"/usr/include/{target}/c++/{major}"]
    words += ["-isystem", f"/usr/include/{target}", "-fno-exceptions"]
    for preload in ([], ["-DVDSOX_PRELOAD"]):
        for source in sorted((FOLDER / "src").glob("*.cc")):
            output(*words, *preload, "-c", source, "-o", tmp_path / f"{source.stem}.o")


# Programs.


@pytest.mark.parametrize("link", ["static", "shared"])
@pytest.mark.parametrize("language", ["c", "c++"])
def test_calls(library: Library, tmp_path: Path, language: str, link: str) -> None:
    """From resolvers, constructors, handlers, threads and every kind of child."""
    flags = [f"-x{language}", "-DWITH_IFUNC"]
    program = library.compile("calls.c", tmp_path / "calls", *flags, link=link)
    done = library.run(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_calls_in_a_static_pie(native: Library, tmp_path: Path) -> None:
    flags = ["-static-pie", "-fPIE", "-DWITH_IFUNC"]
    program = native.compile("calls.c", tmp_path / "calls", *flags, link="a")
    assert output(program) == ""


def test_verify(library: Library, tmp_path: Path) -> None:
    program = library.compile("vdsox_verify.c", tmp_path / "verify", link="static")
    done = library.run(program)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("0 differences\n")
    assert library.run(program, "count").returncode == 2
    assert library.run(program, "count", "0").returncode == 2
    if not Path("/sys/kernel/debug/vdso_task/stats").exists():
        assert library.run(program, "count", "5").returncode == 2


def test_under_valgrind(native: Library, tmp_path: Path) -> None:
    """valgrind hides the vDSO, also on kernels that have the entries."""
    program = native.compile("vdsox_verify.c", tmp_path / "verify", link="shared")
    words = [require("valgrind"), "-q", "--error-exitcode=9", "--trace-children=yes"]
    text = output(*words, program)
    assert text.endswith("0 differences\n")
    assert ": vdso" not in text


def test_errno_stays_where_there_is_no_vdso(native: Library, tmp_path: Path) -> None:
    """getauxval() sets errno if it finds nothing, as under valgrind."""
    source = tmp_path / "kept.c"
    source.write_text(
        "#include <errno.h>\n#include <unistd.h>\n"
        "int main(void) { errno = 77; return getpid() <= 0 || errno != 77; }\n"
    )
    output("gcc", source, "-o", tmp_path / "kept")
    preload = f"LD_PRELOAD={native.out}/libvdsox-preload.so"
    output("env", preload, require("valgrind"), "-q", tmp_path / "kept")


# Images.


def offset_of(image: Path, symbol: str) -> int:
    with open(image, "rb") as file:
        (found,) = (
            ELFFile(file).get_section_by_name(".dynsym").get_symbol_by_name(symbol)
        )
        return found["st_value"]


@pytest.fixture(scope="session", name="lookup")
def fixture_lookup(native: Library) -> Path:
    return native.make("tests/lookup")


@pytest.mark.parametrize("style", ["both", "gnu", "sysv"])
@pytest.mark.parametrize("abi", list(TARGETS))
def test_lookup(
    lookup: Path, images: dict, manifest: dict, abi: str, style: str
) -> None:
    image = images[abi, style]
    rows = [e for e in manifest["entries"] if e["abi"] == abi and e["kind"] != "base"]
    for row in rows:
        question = [lookup, BITS[abi], image, row["symbol"]]
        wanted = offset_of(image, row["symbol"])
        assert wanted and int(output(*question, row["version"])) == wanted
        for version in (
            "LINUX_2.5",
            "LINUX_2.7",
            "linux-vdso.so.1",
            "",
            "LINUX_2.6.39x",
        ):
            assert output(*question, version) == "0\n", version
    version = rows[0]["version"]
    for name in (rows[0]["symbol"] + "x", rows[0]["symbol"][:-1], "", version):
        assert output(lookup, BITS[abi], image, name, version) == "0\n", name
    other = {"32": "64", "64": "32"}[BITS[abi]]
    assert output(lookup, other, image, rows[0]["symbol"], version) == "0\n"


@pytest.mark.parametrize("style", ["gnu", "sysv"])
@pytest.mark.parametrize("abi", ["x86_64", "ia32"])
def test_corrupt_images(
    lookup: Path, images: dict, manifest: dict, abi: str, style: str
) -> None:
    """No read out of bounds and no undefined behaviour, by the sanitizers."""
    row = next(
        e for e in manifest["entries"] if e["abi"] == abi and e["kind"] == "record"
    )
    words = [lookup, BITS[abi], images[abi, style], row["symbol"], row["version"]]
    text = output(*words, "fuzz", "60000")
    runs, found = (int(number) for number in re.findall(r"\d+", text))
    assert runs > 60000 and 0 < found < runs, text


@dataclass(frozen=True)
class Outcome:
    """What tests/fake.c prints about an entry."""

    by_vdso: bool
    result: int
    by_syscall: int


@dataclass(frozen=True)
class Fake:
    """The library in a process with a fake vDSO.

    below: pages between the task area and the image
    base: the entries that the unpatched image has
    programs: fake.c by language
    """

    library: Library
    recipe: Image
    folder: Path
    below: int
    base: set[str]
    programs: dict[str, Path]

    @classmethod
    def make(cls, library: Library, manifest: dict, folder: Path) -> Fake:
        recipe = good_image(library.arch, manifest, table_text())
        new = [e for e in manifest["entries"] if e["abi"] == library.arch]
        base = {e["name"] for e in new if e["kind"] == "base"}
        programs = {
            language: library.compile(
                "fake.c", folder / f"fake-{language}", f"-x{language}", link="a"
            )
            for language in ("c", "c++")
        }
        below = -min(recipe.vvars.values())
        return cls(library, recipe, folder, below, base, programs)

    def outcomes(
        self, recipe: Image, *words: object, language: str = "c"
    ) -> dict[str, Outcome]:
        """By entry; @words are those of fake.c after the number of pages."""
        image = recipe.build(self.folder / "image")
        program = [*self.library.emulator, self.programs[language]]
        lines = output(*program, image, self.below, *words).splitlines()
        rows = [line.split() for line in lines]
        return {n: Outcome(source == "1", int(a), int(b)) for n, source, a, b in rows}

    def sources(self, recipe: Image, vvar: str = "mapped") -> tuple[set[str], bool]:
        """The entries that the vDSO answers, and whether getpid() returned its."""
        found = self.outcomes(recipe, vvar)
        answered = {name for name, outcome in found.items() if outcome.by_vdso}
        getpid = found["getpid"]
        return answered, getpid.result != getpid.by_syscall

    def constant(self, names: list[str], value: int) -> Image:
        """The entries @names return @value, in a full register."""
        symbols = [
            symbol["symbol"]
            for symbol in self.recipe.symbols
            if symbol["name"] in names and not symbol["weak"]
        ]
        text = "".join(f"long {name}() {{ return {value}l; }}\n" for name in symbols)
        assert len(symbols) == len(names)
        return replace(self.recipe, own=frozenset(symbols), more_c=text)


@pytest.fixture(scope="module", name="fakes")
def fixture_fakes(
    base: Path, manifest: dict, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Fake]:
    """By architecture."""

    @lru_cache
    def fake(arch: str) -> Fake:
        folder = tmp_path_factory.mktemp(f"fake-{arch}")
        return Fake.make(build_library(base, arch), manifest, folder)

    return fake


@pytest.fixture(scope="module", name="fake")
def fixture_fake(fakes: Callable[[str], Fake]) -> Fake:
    return fakes(NATIVE)


@pytest.mark.parametrize("style", ["both", "gnu", "sysv"])
def test_a_vdso_with_the_entries_is_used(
    fake: Fake, manifest: dict, style: str
) -> None:
    answered, by_vdso = fake.sources(replace(fake.recipe, hash_style=style))
    assert answered == set(entry_names(manifest).all)
    assert by_vdso


def test_nothing_is_called_while_vvar_is_unmapped(fake: Fake, manifest: dict) -> None:
    """As under rr, where the new entries would fault; base entries read no record."""
    answered, by_vdso = fake.sources(fake.recipe, "unmapped")
    assert answered == set(entry_names(manifest).all) & fake.base
    assert not by_vdso


@pytest.mark.parametrize("kernel", bases.all_bases(REPO), ids=lambda base: base.name)
@pytest.mark.parametrize("arch", ARCHES)
def test_kernel_of_every_release_is_used(
    fakes: Callable[[str], Fake], manifest: dict, arch: str, kernel: bases.Base
) -> None:
    """Only the pages above the area are mapped, as many as that release has."""
    rows = table_text(kernel.folder / "base.tbl")
    of_base = replace(fakes(arch), below=-min(vvars_of(arch, rows).values()))
    answered, by_vdso = of_base.sources(of_base.recipe)
    assert answered == set(entry_names(manifest).all) and by_vdso
    answered, by_vdso = of_base.sources(of_base.recipe, "unmapped")
    assert answered == set(entry_names(manifest).all) & of_base.base
    assert not by_vdso


def test_another_version_is_not_used(fake: Fake) -> None:
    (symbol,) = [s for s in fake.recipe.symbols if s["name"] == "getpid"]
    recipe = fake.recipe.with_symbol(symbol["symbol"], version="LINUX_2.7")
    answered, by_vdso = fake.sources(recipe)
    assert "getpid" not in answered and "gettid" in answered
    assert not by_vdso


def test_an_image_without_one_entry(fake: Fake) -> None:
    answered, by_vdso = fake.sources(fake.recipe.without("getpid"))
    assert "getpid" not in answered and "gettid" in answered
    assert not by_vdso


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("arch", ARCHES)
def test_entry_that_returns_enosys_falls_back(
    fakes: Callable[[str], Fake], manifest: dict, arch: str, language: str
) -> None:
    """Tracers that rewrite programs replace entries new to them by -ENOSYS."""
    fake, names = fakes(arch), entry_names(manifest).all
    image = fake.constant(names, -errno.ENOSYS)
    found = fake.outcomes(image, "mapped", language=language)
    assert set(found) == set(names)
    for name, outcome in found.items():
        assert outcome.by_vdso and outcome.result == outcome.by_syscall, name
    assert found["getcpu"].result == 0, "the system call must return 0"


@pytest.mark.parametrize("value", [1 - errno.ENOSYS, -1 - errno.ENOSYS, -1, ENOSYS_ID])
@pytest.mark.parametrize("arch", ARCHES)
def test_no_other_number_is_taken_for_enosys(
    fakes: Callable[[str], Fake], manifest: dict, arch: str, value: int
) -> None:
    """Ids are compared as 32 bits, getcpu()'s status as a long."""
    fake, names = fakes(arch), entry_names(manifest)
    found = fake.outcomes(fake.constant(names.all, value), "mapped")
    assert found["getcpu"].result == value
    for name in names.records:
        by_vdso = found[name].result % 2**32 == value % 2**32
        assert by_vdso == (value != ENOSYS_ID), name


@pytest.mark.skipif(not may_become(ENOSYS_ID), reason="not root, or without such ids")
@pytest.mark.parametrize("value", [-errno.ENOSYS, ENOSYS_ID, 1000])
def test_an_id_may_equal_enosys(fake: Fake, manifest: dict, value: int) -> None:
    names = entry_names(manifest).records
    users = [name for name in names if name.endswith(("uid", "gid"))]
    found = fake.outcomes(fake.constant(users, value), "mapped", ENOSYS_ID)
    assert len(users) == 4
    for name in users:
        wanted = value if value == 1000 else ENOSYS_ID
        assert (found[name].result, found[name].by_syscall) == (wanted, ENOSYS_ID), name


# The preload object.


@pytest.mark.parametrize("program", IDS)
def test_preload_gives_the_same_ids(native: Library, program: str) -> None:
    words = [program, "-c" if program == PYTHON else "-e", IDS[program]]
    preload = {"LD_PRELOAD": str(native.out / "libvdsox-preload.so")}
    plain = output(*words)
    assert output(*words, env=preload) == plain
    debug = run(*words, env=preload | {"LD_DEBUG": "bindings"})
    bound = re.findall(
        r"to \S*/libvdsox-preload\.so \[0\]: normal symbol `(\w+)'", debug.stderr
    )
    assert {"getpid", "getuid", "geteuid"} <= set(bound)


def test_preload_with_a_program_that_calls_no_entry(native: Library) -> None:
    output("/bin/true", env={"LD_PRELOAD": str(native.out / "libvdsox-preload.so")})


def test_strace_sees_every_call(native: Library, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os\nfor i in range(300): os.getppid()"
    words = [require("strace"), "-f", "-c", "-o", log, "-e", "trace=getppid"]
    env = f"LD_PRELOAD={native.out}/libvdsox-preload.so"
    output(*words, "-E", env, PYTHON, "-I", "-S", "-c", code)
    (row,) = [line for line in log.read_text().splitlines() if "getppid" in line]
    assert int(row.split()[3]) == 300, row


def test_preload_with_another_c_library(native: Library, tmp_path: Path) -> None:
    """musl warns of, or dies from, symbols that it cannot relocate."""
    source = tmp_path / "ids.c"
    source.write_text(
        "#include <stdio.h>\n#include <unistd.h>\nint main(void) { return "
        'printf("%d %d %d\\n", getpid() > 0, getuid(), getegid()) < 0; }\n'
    )
    output(require("musl-gcc"), source, "-o", tmp_path / "ids")
    # musl's libc.so is its loader, too.
    (loader,) = Path("/usr/lib").glob(f"{platform.machine()}-linux-musl/libc.so")
    plain = run(loader, tmp_path / "ids")
    env = {"LD_PRELOAD": str(native.out / "libvdsox-preload.so")}
    loaded = run(loader, tmp_path / "ids", env=env)
    assert plain.returncode == loaded.returncode == 0
    assert (plain.stdout, loaded.stderr) == (loaded.stdout, "")


def test_the_table_is_the_only_place() -> None:
    """No symbol, version or number of a system call is written in the library."""
    names = r"__vdso_\w+|__kernel_\w+|LINUX_2\.\d|__NR_get\w+"
    for path in [*(FOLDER / "src").iterdir(), *(FOLDER / "include").iterdir()]:
        assert not re.search(names, path.read_text(encoding="ascii")), path
    assert (REPO / "LICENSES" / "preferred" / "MIT").exists()
