# SPDX-License-Identifier: GPL-2.0
"""Modules: their tables, what is made of them, and the library that attaches them."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from harness import machine
from library import NATIVE, Library, build_library, output, run
from modules import HELLO, MODULE, build, cases_program, program

OTHER = """
module other "Another module." version=1.0
shared total u64 "A sum."
entry get "The sum." proto="uint64_t (void)"
"""
OTHER_SOURCE = """
#include "other_module.h"
uint64_t other_get(void) { return other_shared()->total; }
"""
GOOD = """
module m "A module." version=1.2
const N u32 4 "A number." min=1 max=9
struct s "A structure."
member a u8 "A byte."
member b u64[N] "Numbers."
shared x s[2] "Structures." align=64
private y i32 "A number."
entry f "A function." proto="int (int a, void *p)" since=1
entry m "Another." proto="void (int m, int m_, int found)"
callback g "A function of the process." proto="void (int a)"
"""
# A row in place of the one that begins with the same word, and the fault it must give.
FAULTS = [
    ("", "there is no module row"),
    ('module m "A module."', "key 'version' is missing"),
    ('module m "A module." version=1', "is not of the form MAJOR.MINOR"),
    ('module m "A module." version=1.x', "is not of the form MAJOR.MINOR"),
    ('module 7m "A module." version=1.2', "no digit first"),
    ('module int "A module." version=1.2', "'int' is a word of C or C++"),
    ('module m "*/" version=1.2', "the end of a C comment"),
    ('const N u33 4 "A number."', "unknown type 'u33'; use one of: u8, u16"),
    ('const N u8 256 "A number."', "default 256 of 'N' is not from 0 to 255"),
    ('const N u8 4 "A number." max=256', "max '256' must be a number from 0 to 255"),
    ('const N u8 4 "A number." min=5 max=4', "min is larger than max"),
    ('const N u8 four "A number."', "its default 'four' is not a decimal number"),
    ('const N i32 -4 "A number."', "'b' has -4 elements"),
    ('const N i64 9223372036854775807 "A number."', "is longer than 2^30 bytes"),
    ('member a s "A structure."', "unknown type 's'; use a struct above"),
    ('member b u64[M] "Numbers."', "'M' is neither a number nor a constant"),
    ('member b u64[ "Numbers."', "is not of the form TYPE or TYPE[COUNT]"),
    ('member a u8 "A byte." align=3', "align 3 is no power of two"),
    ('member b u8 "A byte."\nmember b u8 "Again."', "the name 'b' is used twice"),
    ('shared x t "A structure."', "unknown type 't'"),
    ('shared x s[0] "Structures."', "'x' has 0 elements"),
    ("private y i32", "its description is missing"),
    ('entry f "A function."', "key 'proto' is missing"),
    ('entry f "A function." proto="int"', "is not of the form TYPE (ARGUMENTS)"),
    ('entry f "A function." proto="int (int)"', "needs a name after its type"),
    ('entry f "A function." proto="int (void)" since=3', "is later than the module's"),
    ('entry f "A function." proto="int (void)" nr=1', "unknown key 'nr'"),
    ('entry f "A." proto="int (void)"\nentry f "B." proto="int (void)"', "used twice"),
    ('entry f "A." proto="int (int a, int a)"', "the name 'a' is used twice"),
    ('entry f "A." proto="int (unsigned int)"', "'int' is a word of C or C++"),
    ('entry attach "A." proto="int (void)"', "'attach' is one of the generated code"),
    ('entry has_g "A." proto="int (void)"', "'has_g' is one of the generated code"),
    ('entry vdsox_f "A." proto="int (void)"', "'vdsox_f' is one of the generated code"),
    ('struct callbacks "A."\nmember a u8 "A byte."', "'callbacks' is one of the gener"),
    ('const VERSION_MAJOR u8 1 "A number."', "'VERSION_MAJOR' is one of the generated"),
    (f'module {"m" * 48} "A module." version=1.2', "more than 47 characters"),
    ("symbol f", "unknown row 'symbol'; use one of: module, const, struct"),
]


def replaced(row: str) -> str:
    """GOOD with `row` in place of the first row that begins as it does."""
    lines = GOOD.splitlines()
    if not row:
        return "\n".join(lines[2:])
    first = row.splitlines()[0].split(" ")
    for words in (2, 1):
        for at, line in enumerate(lines):
            if line.split(" ")[:words] == first[:words]:
                lines[at] = row
                return "\n".join(lines)
    return "\n".join([*lines, row])


@pytest.fixture(scope="session", name="base")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session", name="native")
def fixture_native(base: Path) -> Library:
    return build_library(base, NATIVE)


@pytest.fixture(name="vdsox")
def fixture_vdsox(native: Library):
    """Runs vdsox module."""

    def call(*words: object, **options: object):
        return run(native.out / "vdsox", "module", *words, **options)

    return call


@pytest.fixture(scope="session", name="arch", params=machine.names())
def fixture_arch(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session", name="image")
def fixture_image(base: Path, native: Library, arch: str) -> Path:
    folder = base / f"hello-{arch}"
    return build(native, arch, folder, HELLO / "hello.tbl", HELLO / "greet.cc")


@pytest.fixture(scope="session", name="other")
def fixture_other(base: Path, native: Library, arch: str) -> Path:
    """The image of another module."""
    folder = base / f"other-{arch}"
    folder.mkdir()
    table, source = folder / "other.tbl", folder / "other.c"
    table.write_text(OTHER)
    source.write_text(OTHER_SOURCE)
    return build(native, arch, folder, table, source)


@pytest.mark.parametrize("row, fault", FAULTS, ids=range(len(FAULTS)))
def test_table_fault(vdsox, tmp_path: Path, row: str, fault: str) -> None:
    table = tmp_path / "m.tbl"
    table.write_text(replaced(row))
    done = vdsox("generate", table, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert fault in done.stderr
    assert done.stderr.startswith(f"{table}:")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arch", machine.names())
@pytest.mark.parametrize("options", [["-std=c11"], ["-std=c++20", "-xc++"]], ids=str)
def test_headers_compile(vdsox, tmp_path: Path, arch: str, options: list[str]) -> None:
    """The offsets that the generator computes are those of each compiler."""
    table = tmp_path / "m.tbl"
    table.write_text(GOOD)
    assert vdsox("generate", table, "-o", tmp_path).returncode == 0
    compiler = machine.load(arch).cross + ("gcc" if options[0] == "-std=c11" else "g++")
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    flags += [f"-I{tmp_path}", f"-I{MODULE}/include"]
    names = ["m_module.h", "m.h"] + (["m.hpp"] if "-xc++" in options else [])
    for name in names:
        source = tmp_path / "source.c"
        source.write_text(f'#include "{name}"\n')
        output(compiler, *options, *flags, source)


# The cases of tests/module/cases.cc that a test starts.
NAMES = (
    "shared-and-private fork callbacks socket environment read-only refusals"
    " later-client threads sealed huge-pages"
).split()


@pytest.mark.parametrize("name", NAMES)
def test_case(base: Path, arch: str, image: Path, other: Path, name: str) -> None:
    library = build_library(base, arch)
    done = library.run(cases_program(base, arch), name, image, other)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("arch", [NATIVE], indirect=True)
def test_indirect_function_is_refused(
    base: Path, arch: str, image: Path, tmp_path: Path
) -> None:
    """A call would run its resolver with the arguments of the call."""
    symbols = output("readelf", "--dyn-syms", "--wide", image)
    (row,) = (line for line in symbols.splitlines() if " hello_greet@@" in line)
    _, value, size, *_ = row.split()
    place = int(value, 16).to_bytes(8, "little") + int(size).to_bytes(8, "little")
    data = bytearray(image.read_bytes())
    # The last 16 of a symbol's 24 bytes; its type is in the fifth.
    at = data.index(place) - 4
    assert data[at] & 15 == 2  # STT_FUNC
    data[at] |= 10  # STT_GNU_IFUNC
    changed = tmp_path / "changed.vdso"
    changed.write_bytes(data)
    done = run(cases_program(base, arch), "refused", changed)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


REST = "uint64_t hello_total(void) { return 0; }\n"
GREET = "uint64_t hello_greet(const char *name) "
# What a source must not have, and a part of the message.
BAD_SOURCES = {
    "undefined": (GREET + "{ puts(name); return 0; }" + REST, "does not compile"),
    "library": (
        'extern "C" int puts(const char *);'
        + GREET
        + "{ puts(name); return 0; }"
        + REST,
        "undefined reference to `puts'",
    ),
    "thread-local": (
        "thread_local int n;" + GREET + "{ return n++; }" + REST,
        "cannot be linked",
    ),
    "constructor": (
        "struct s { s(); int n; } object; s::s() : n(*(volatile int *)this) {}"
        + GREET
        + "{ return object.n; }"
        + REST,
        "cannot be linked",
    ),
    "code-relocation": (
        '__attribute__((section(".text"))) const char *volatile word = "w";'
        + GREET
        + "{ return *word; }"
        + REST,
        "cannot be linked",
    ),
    "missing-entry": (REST, "hello_greet: is missing; line 17 of the table has it"),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_source_is_refused(vdsox, native: Library, tmp_path: Path, name: str) -> None:
    """And the image of an earlier build is gone."""
    text, message = BAD_SOURCES[name]
    image = build(native, NATIVE, tmp_path, HELLO / "hello.tbl", HELLO / "greet.cc")
    source = tmp_path / "greet.cc"
    source.write_text(f'#include "hello_module.h"\n{text}')
    done = vdsox("build", HELLO / "hello.tbl", source, "-o", tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert not image.exists()


@pytest.mark.parametrize("words", [["-D", "STEP=0"], ["--cc", "/nonexistent"]], ids=str)
def test_no_image_stays_after_a_fault(
    vdsox, native: Library, tmp_path: Path, words: list[str]
) -> None:
    """Neither if the table or a value is wrong, nor if there is no compiler."""
    table = tmp_path / "hello.tbl"
    table.write_text((HELLO / "hello.tbl").read_text())
    image = build(native, NATIVE, tmp_path, table, HELLO / "greet.cc")
    command = ["build", table, HELLO / "greet.cc", "-o", tmp_path]
    assert image.exists()
    assert vdsox(*command, *words).returncode == 1
    assert not image.exists()
    build(native, NATIVE, tmp_path, table, HELLO / "greet.cc")
    table.write_text(table.read_text() + 'shared more u33 "Of no type."\n')
    assert vdsox(*command).returncode == 1
    assert not image.exists()


def test_options(vdsox, tmp_path: Path) -> None:
    """The last of several compilers counts; an unknown option is no source."""
    words = ["build", HELLO / "hello.tbl", HELLO / "greet.cc", "-o", tmp_path]
    done = vdsox(*words, "--cxx", "/nonexistent", "--cxx", "g++")
    assert done.returncode == 0, done.stderr
    for more, message in {
        ("--cxy", "g++"): "unknown option '--cxy'",
        ("-D", "STEP"): "-D needs NAME=VALUE",
        ("--cc",): "--cc needs a value",
    }.items():
        done = vdsox(*words, *more)
        assert done.returncode == 2
        assert message in done.stderr and "usage: vdsox" in done.stderr


def test_a_default_may_be_unusable(vdsox, tmp_path: Path) -> None:
    """If another value is given."""
    table = tmp_path / "m.tbl"
    table.write_text(GOOD.replace("u32 4", "u32 0").replace("min=1", ""))
    words = ["generate", table, "-o", tmp_path]
    assert "'b' has 0 elements" in vdsox(*words).stderr
    assert vdsox(*words, "-D", "N=2").returncode == 0
    assert vdsox(*words, env=os.environ | {"M_N": "2"}).returncode == 0


def test_constants(vdsox, tmp_path: Path) -> None:
    """-D precedes the environment, that the default; the image records the value."""
    words = ["build", HELLO / "hello.tbl", HELLO / "greet.cc", "-o", tmp_path]

    def step(*more: str, **variables: str) -> int:
        done = vdsox(*words, *more, env=os.environ | variables)
        assert done.returncode == 0, done.stderr
        report = vdsox("inspect", "--json", tmp_path / "hello.vdso").stdout
        return json.loads(report)["constants"]["STEP"]

    assert step() == 3
    assert step(HELLO_STEP="4") == 4
    assert step("-D", "STEP=5", HELLO_STEP="4") == 5
    for value in ("0", "1001", "five", ""):
        done = vdsox(*words, "-D", f"STEP={value}")
        assert done.returncode == 1
        assert "is no number from 1 to 1000" in done.stderr
    done = vdsox(*words, "-D", "STRIDE=1")
    assert "there is no constant STRIDE" in done.stderr


def test_check_compares_with_the_table(vdsox, image: Path, tmp_path: Path) -> None:
    table = tmp_path / "hello.tbl"
    text = (HELLO / "hello.tbl").read_text()
    changes = [
        ("version=1.0", "version=2.0", "has version 'hello_1' instead of hello_2"),
        ("private sum u64", "private sum u32", "its note is of another table"),
        ("shared total u64", "shared total u32", "its note is of another table"),
        ("entry total", "entry sum", "hello_total: is exported, but no row"),
        ("u32 3", "u32 4", "is built with another value of STEP"),
    ]
    assert vdsox("check", HELLO / "hello.tbl", image).returncode == 0
    for before, after, message in changes:
        table.write_text(text.replace(before, after))
        done = vdsox("check", table, image)
        assert done.returncode == 1
        assert message in done.stderr, message


def test_make_builds_again(native: Library, tmp_path: Path) -> None:
    """After a change of a source, of a header or of the table, and only then."""
    folder = tmp_path / "hello"
    shutil.copytree(HELLO, folder)
    (folder / "extra.h").write_text("")
    source = folder / "greet.cc"
    source.write_text(f'#include "extra.h"\n{source.read_text()}')
    makefile = folder / "own.mk"
    makefile.write_text(
        f"include {MODULE}/vdsox-module.mk\n"
        "$(eval $(call vdsox-module,hello,hello.tbl,greet.cc))\n"
        "image: $(hello-image)\n"
    )
    words = ["make", "-C", folder, "-f", "own.mk", f"VDSOX={native.out}/vdsox", "image"]
    assert "module build" in output(*words)
    assert "module build" not in output(*words)
    for name in ("greet.cc", "extra.h", "hello.tbl"):
        future = time.time() + 5
        os.utime(folder / name, (future, future))
        assert "module build" in output(*words), name
        os.utime(folder / name, (1, 1))


@pytest.mark.parametrize("arch", [NATIVE], indirect=True)
def test_damaged_images(base: Path, image: Path) -> None:
    """Under sanitizers: nothing is read outside of an image, nothing mapped wrongly."""
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    fuzz = program(base, "fuzz", image.parent, *flags)
    for seed in (1, 2):
        text = output(fuzz, image, 20000, seed, timeout=600)
        assert text.startswith("20000 images, ")
