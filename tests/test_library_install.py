# SPDX-License-Identifier: GPL-2.0
"""libvdsox as installed: for compilers, in packages, its tool and its man pages."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from library import FOLDER, NATIVE, Library, build_library, entry_names
from library import output, require, run, table_manifest
from modules import MODULE
from toolkit import BASE_TABLE, ROWS, TABLE, abi_rows, build_tools

DEMO = """#include <stdio.h>
#include <vdsox.h>
int main(void) { printf("%d\\n", vdsox_getpid() > 0 && vdsox_entry_count() > 0); }
"""
CMAKE = """cmake_minimum_required(VERSION 3.10)
project(demo C CXX)
find_package(vdsox {version} REQUIRED)
add_executable(shared demo.c)
target_link_libraries(shared vdsox::vdsox)
add_executable(static demo.cc)
target_link_libraries(static vdsox::static)
"""
PAGES = "man1/vdsox.1 man1/vdsox-module.1 man3/vdsox.3 man3/vdsox_module.3".split()
PAGES += ["man7/vdsox.7"]
# Each package, and the ends of some of its files' names.
PACKAGES = {
    "libvdsox0": ["/libvdsox.so.0"],
    "libvdsox-dev": ["/vdsox.h", "/vdsox_entries.h", "/libvdsox.a", "/libvdsox.so"]
    + ["/vdsox.pc", "/vdsox-config.cmake", "man3/vdsox.3.gz"],
    "libvdsox-module0": ["/libvdsox-module.so.0"],
    "libvdsox-module-dev": ["/vdsox_module.h", "/vdsox_module.hpp"]
    + ["/vdsox_module_call.h", "/libvdsox-module.a", "/libvdsox-module.so"]
    + ["/vdsox-module.pc", "/vdsox-module.cmake", "/vdsox-module.mk"]
    + ["man3/vdsox_module.3.gz", "man3/vdsox_module_attach.3.gz"],
    "vdsox": ["bin/vdsox", "/libvdsox-preload.so", "man1/vdsox.1.gz"]
    + ["man1/vdsox-module.1.gz"],
}
BEFORE = "fallback_unpromoted 5 fallback_policy 7 areas 1"


@pytest.fixture(scope="session", name="base")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="session", name="native")
def fixture_native(base: Path) -> Library:
    return build_library(base, NATIVE)


@pytest.fixture(scope="module", name="root")
def fixture_root(
    native: Library, base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An installation in a folder, as packagers make it."""
    root = tmp_path_factory.mktemp("root")
    words = [f"O={native.out}", f"VDSOGEN={build_tools(base)}/vdsogen", "PREFIX=/usr"]
    words += ["LIBDIR=/usr/lib/multi", "CXXFLAGS=-O1 -g0", f"DESTDIR={root}"]
    output("make", "-s", "-C", FOLDER, *words, "install")
    return root


@pytest.fixture(scope="module", name="tool")
def fixture_tool(native: Library) -> Path:
    return native.out / "vdsox"


# Build systems, man pages and packages.


@pytest.mark.parametrize("language", ["c", "c++"])
def test_pkg_config(root: Path, tmp_path: Path, language: str) -> None:
    environment = os.environ | {
        "PKG_CONFIG_SYSROOT_DIR": str(root),
        "PKG_CONFIG_PATH": f"{root}/usr/lib/multi/pkgconfig",
    }
    words = [require("pkg-config"), "--cflags", "--libs", "vdsox"]
    flags = output(*words, env=environment).split()
    source = tmp_path / "demo"
    source.write_text(DEMO)
    compiler = [
        "gcc" if language == "c" else "g++",
        f"-x{language}",
        "-Wall",
        "-Werror",
    ]
    output(*compiler, source, "-xnone", *flags, "-o", tmp_path / "run")
    environment["LD_LIBRARY_PATH"] = f"{root}/usr/lib/multi"
    assert output(tmp_path / "run", env=environment) == "1\n"


def test_cmake(root: Path, tmp_path: Path) -> None:
    for name in ("demo.c", "demo.cc"):
        (tmp_path / name).write_text(DEMO)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(version="0.1"))
    package = f"-Dvdsox_DIR={root}/usr/lib/multi/cmake/vdsox"
    words = [require("cmake"), "-S", tmp_path, package]
    output(*words, "-B", tmp_path / "b")
    output("cmake", "--build", tmp_path / "b")
    for name in ("shared", "static"):
        assert output(tmp_path / "b" / name) == "1\n"
    (tmp_path / "CMakeLists.txt").write_text(CMAKE.format(version="1.0"))
    done = run(*words, "-B", tmp_path / "other")
    assert done.returncode != 0 and "requested version" in done.stderr


def test_pages(root: Path, base: Path) -> None:
    pages = root / "usr/share/man"
    for name in PAGES:
        output(require("mandoc"), "-Tlint", "-Wwarning", pages / name)
    text = (pages / "man3/vdsox.3").read_text(encoding="ascii")
    for name in entry_names(table_manifest(base)).all:
        assert f".Fn vdsox_{name}" in text
        reference = (pages / f"man3/vdsox_{name}.3").read_text(encoding="ascii")
        assert reference == ".so man3/vdsox.3\n"


def test_module_page_has_all_functions(root: Path) -> None:
    """And each has a page of its own that refers to it."""
    pages = root / "usr/share/man/man3"
    header = (MODULE / "include" / "vdsox_module.h").read_text(encoding="ascii")
    names = set(
        re.findall(r"\b(vdsox_module_\w+)\([^)]*\)\s+VDSOX_MODULE_NOTHROW", header)
    )
    assert len(names) >= 11
    text = (pages / "vdsox_module.3").read_text(encoding="ascii")
    assert set(re.findall(r"^\.Nm (\w+)", text, re.M)) == names
    assert set(re.findall(r"^\.F[no] (vdsox_module_\w+)", text, re.M)) == names
    found = {path.stem for path in pages.glob("vdsox_module_*.3")}
    assert found == names
    for name in names:
        reference = (pages / f"{name}.3").read_text(encoding="ascii")
        assert reference == ".so man3/vdsox_module.3\n"


def test_pages_have_all_options(tool: Path, root: Path) -> None:
    """The usage names the commands and options that vdsox-module(1) describes."""
    usage = output(tool, "--help")
    page = (root / "usr/share/man/man1/vdsox-module.1").read_text(encoding="ascii")
    described = {f"-{name}" for name in re.findall(r"^\.It Fl (\S+)", page, re.M)}
    described |= {f"-{name}" for name in re.findall(r", Fl (\S+)", page)}
    lines = usage[usage.index("vdsox module") : usage.index("vdsox --version")]
    assert set(re.findall(r"(?<=[ \[])-[-\w]*", lines)) == described
    commands = set(re.findall(r"vdsox module (\w+)", usage))
    assert set(re.findall(r"^\.Cm module (\w+)", page, re.M)) == commands
    assert commands <= set(re.findall(r"^\.It Cm (\w+)", page, re.M))


def test_packages(base: Path, tmp_path: Path) -> None:
    """From a copy, as dpkg-buildpackage writes the packages beside the folder."""
    folder = tmp_path / "tools" / "lib" / "vdsox"
    shutil.copytree(FOLDER, folder)
    shutil.copytree(MODULE, tmp_path / "tools" / "module")
    shutil.copytree(TABLE.parent, tmp_path / "scripts")
    patches = BASE_TABLE.parent.parent
    shutil.copytree(BASE_TABLE.parent, tmp_path / "patches" / BASE_TABLE.parent.name)
    shutil.copy(patches / "DEFAULT_BASE", tmp_path / "patches")
    options = {"DEB_BUILD_OPTIONS": "noopt nostrip parallel=2"}
    env = os.environ | options | {"VDSOGEN": f"{build_tools(base)}/vdsogen"}
    words = [require("dpkg-buildpackage"), "-us", "-uc", "-b"]
    output(*words, cwd=folder, env=env, timeout=600)
    found = {}
    for package in folder.parent.glob("*.deb"):
        listing = output("dpkg-deb", "--fsys-tarfile", package, text=False)
        names = subprocess.run(
            ["tar", "-t"], input=listing, capture_output=True, check=True
        )
        found[package.name.split("_")[0]] = names.stdout.decode().split()
    assert set(found) == set(PACKAGES)
    for package, wanted in PACKAGES.items():
        for end in wanted:
            assert [name for name in found[package] if name.endswith(end)], end
        others = {name for other in found if other != package for name in found[other]}
        files = {name for name in found[package] if not name.endswith("/")}
        assert not files & others


# The tool.


def test_entries_of_its_own_process(tool: Path, base: Path) -> None:
    report = json.loads(output(tool, "entries", "--json"))
    manifest = table_manifest(base)
    names = entry_names(manifest)
    assert report["machine"] == manifest["abis"][NATIVE]["machine"]
    rows = {row["entry"]: row for row in report["entries"] if row["source"]}
    assert set(names.all) <= set(rows)
    for name in names.records:
        row = rows[name]
        if row["symbol"] is None:
            assert row["source"] == "syscall"
            assert row["reason"] == "the vDSO does not export it"
    text = output(tool, "entries")
    assert f"{report['class']}-bit {report['machine']}" in text
    for row in report["entries"]:
        assert (row["symbol"] or row["entry"] + "()") in text


def test_entries_of_another_process(tool: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(["cat"], stdin=pipe, stdout=pipe) as sleeper:
        try:
            assert sleeper.stdin and sleeper.stdout
            sleeper.stdin.write(b"up?\n")
            sleeper.stdin.flush()
            assert sleeper.stdout.readline() == b"up?\n", "it has not started"
            report = json.loads(output(tool, "entries", "--json", sleeper.pid))
        finally:
            sleeper.kill()
    assert report["pid"] == sleeper.pid
    assert report["policy"] == [] or "seccomp" in report["policy"][0]
    symbols = {row["symbol"]: row for row in report["entries"]}
    name = f"{abi_rows()[NATIVE]['prefix']}clock_gettime"
    assert symbols[name]["kind"] == "base"
    assert symbols[name]["source"] is None, "the source is unknown for another process"


LOOKUP = """
#define main example
#include "{example}"
#undef main

int main(int argc, char **argv)
{{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);

	example();
	for (int i = 1; i < argc; i++)
		printf("%s %ld\\n", argv[i], (long)((char *)vdso_symbol(argv[i]) - image));
	return vdso_symbol("none") != NULL;
}}
"""


def test_example_finds_every_symbol(tool: Path, tmp_path: Path) -> None:
    """The example that uses no library, against the tool's list."""
    report = json.loads(output(tool, "entries", "--json"))
    rows = [row for row in report["entries"] if row["symbol"] and row["version"]]
    source, program = tmp_path / "all.c", tmp_path / "all"
    source.write_text(LOOKUP.format(example=FOLDER / "examples" / "lookup.c"))
    output("gcc", "-Wall", "-Wextra", "-Werror", source, "-o", program)
    names = [row["symbol"] for row in rows]
    first, *lines = output(program, *names).splitlines()
    assert re.fullmatch(r"(vDSO|system call): \d+", first)
    base = int(report["base"], 16)
    wanted = [f"{row['symbol']} {int(row['address'], 16) - base}" for row in rows]
    assert lines == wanted and len(lines) > 3


def test_a_tracer_is_reported(tool: Path, tmp_path: Path) -> None:
    words = [require("strace"), "-o", tmp_path / "log", tool, "entries", "--json"]
    policy = json.loads(output(*words))["policy"]
    assert any(line.startswith("traced by process") for line in policy)


def test_dump_is_an_elf_file(tool: Path, base: Path, tmp_path: Path) -> None:
    image = tmp_path / "vdso.so"
    output(tool, "dump", "self", image)
    report = json.loads(output(tool, "entries", "--json"))
    assert image.stat().st_size == report["bytes"]
    listed = output("objdump", "-T", image)
    for row in report["entries"]:
        if row["symbol"]:
            assert re.search(rf"{row['version']} +{row['symbol']}$", listed, re.M)
    faults = run(build_tools(base) / "vdsogen", "check", *ROWS, NATIVE, image).stderr
    assert "not an ELF" not in faults and "past the end" not in faults


FORMS = ["", "--json", "--nagios", "--prometheus"]


@pytest.mark.skipif(
    Path("/proc/sys/kernel/vdso_task").exists(), reason="this kernel is patched"
)
def test_status_of_an_unpatched_kernel(tool: Path) -> None:
    done = {form: run(tool, "status", *form.split()) for form in FORMS}
    assert [done[form].returncode for form in FORMS] == [1, 1, 2, 0]
    why = "the kernel has no task records"
    assert done[""].stdout.splitlines()[-1].split(maxsplit=1) == ["status", why]
    found = json.loads(done["--json"].stdout)
    assert (found["status"], found["vdso_task"]) == ("unpatched", None)
    assert {"CLOCK_THREAD_CPUTIME_ID"} < {row["call"] for row in found["clocks"]}
    assert {row["source"] for row in [*found["ids"], *found["clocks"]]} == {"syscall"}
    assert done["--nagios"].stdout == f"VDSOX CRITICAL: {why}\n"
    assert 'vdsox_answered{call="getpid"} 0\n' in done["--prometheus"].stdout


# kernel.vdso_task, answers; state, exit status, that of a check and its text
STATES = [
    ("1", ["a=vdso", "b=vdso"], "answered", 0, 0, "OK: the vDSO answers every"),
    ("1", ["a=vdso", "b=syscall:why"], "partly", 1, 1, "WARNING: the system call"),
    ("1", ["a=unknown", "b=syscall:why"], "partly", 1, 1, "calls for an ID: b: why\n"),
    ("1", ["a=vdso", "b=unknown:why"], "unknown", 3, 3, "UNKNOWN: the kernel's"),
    ("0", ["a=syscall:why"], "off", 1, 2, "CRITICAL: kernel.vdso_task is 0\n"),
    ("-", ["a=syscall"], "unpatched", 1, 2, "CRITICAL: the kernel has no"),
]


@pytest.mark.parametrize("switch, answers, state, status, check, text", STATES)
def test_states(
    states: Path,
    switch: str,
    answers: list[str],
    state: str,
    status: int,
    check: int,
    text: str,
) -> None:
    printed, ended = output(states, "--json", switch, *answers).split("exit ")
    found = json.loads(printed)
    assert (found["status"], int(ended)) == (state, status)
    assert found["vdso_task"] == (None if switch == "-" else int(switch))
    assert [row["call"] for row in found["ids"]] == [a[0] for a in answers]
    printed = output(states, "--nagios", switch, *answers)
    assert text in printed and printed.endswith(f"\nexit {check}\n")
    assert printed.startswith("VDSOX ") and printed.count("\n") == 2


METRIC = re.compile(r"# (HELP|TYPE) vdsox_\w+ .+|vdsox_\w+({call=\"\w+\"})? [01]")


def test_metrics(states: Path) -> None:
    """One that is unknown has no sample."""
    words = ["--prometheus", "1", "a=vdso", "b=syscall:why", "c=unknown"]
    *lines, ended = output(states, *words).splitlines()
    assert ended == "exit 0"
    assert all(METRIC.fullmatch(line) for line in lines), lines
    samples = [line for line in lines if not line.startswith("#")]
    assert samples == [
        "vdsox_patched 1",
        "vdsox_enabled 1",
        'vdsox_answered{call="a"} 1',
        'vdsox_answered{call="b"} 0',
    ]


@pytest.fixture(scope="module", name="states")
def fixture_states(native: Library) -> Path:
    return native.make("tests/states")


def unmap_own_vdso(done: int) -> None:
    """Unmap it, write a byte and wait, without a call that would use the vDSO."""
    libc = ctypes.CDLL(None)
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    with open("/proc/self/maps", encoding="ascii") as maps:
        (line,) = [line for line in maps if line.rstrip().endswith("[vdso]")]
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    libc.munmap(start, end - start)
    libc.write(done, b"x", 1)
    libc.pause()


def test_a_process_without_a_vdso(tool: Path) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        unmap_own_vdso(writer)
        os._exit(1)
    try:
        os.close(writer)
        assert os.read(reader, 1) == b"x"
        os.close(reader)
        done = run(tool, "entries", pid)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert done.returncode == 1
    assert done.stderr == f"vdsox: process {pid}: it has no vDSO\n"


def test_faults_are_one_line(tool: Path, tmp_path: Path) -> None:
    gone = 2**22 - 3
    cases = {
        ("entries", gone): f"vdsox: process {gone}: there is no such process\n",
        ("dump", "self", tmp_path / "gone" / "x"): "cannot create: No such file",
    }
    for words, wanted in cases.items():
        done = run(tool, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert wanted in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        "",
        "list",
        "entries 0",
        "entries x",
        "entries 1 2",
        "status x",
        "status --json x",
        "dump",
        "dump 1",
    ],
)
def test_usage(tool: Path, words: str) -> None:
    done = run(tool, *words.split())
    assert done.returncode == 2
    assert "usage: vdsox entries" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_process_of_another_user(tool: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        copy = shutil.copy(tool, folder)
        done = run(
            copy, "entries", os.getpid(), user=65534, group=65534, extra_groups=[]
        )
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 1
    assert "not permitted" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "after, calls, wanted",
    [
        (BEFORE, 100, "vdso"),
        ("fallback_unpromoted 9 fallback_policy 40 areas 900", 100, "vdso"),
        ("fallback_unpromoted 5 fallback_policy 107", 100, "a tracer, filter or audit"),
        ("fallback_unpromoted 65 fallback_policy 7", 100, "not called often yet"),
        ("fallback_new 99", 100, "fallback_new"),
    ],
)
def test_reasons(reasons: Path, after: str, calls: int, wanted: str) -> None:
    assert wanted in output(reasons, BEFORE, after, calls)


@pytest.fixture(scope="module", name="reasons")
def fixture_reasons(native: Library) -> Path:
    return native.make("tests/reasons")
