# SPDX-License-Identifier: GPL-2.0
"""`vdsogen check` and `compare` against small images with one thing wrong at a time."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

sys.path.insert(0, str(Path(__file__).resolve().parent / "vdsogen"))

from harness import machine  # noqa: E402
from toolkit import (
    BASE_TABLE,
    ROWS,
    TABLE,
    TARGETS,
    Image,
    Tool,
    abi_rows,
    build_tools,
    good_image,
    table_text,
)  # noqa: E402

ABIS = list(TARGETS)


@pytest.fixture(scope="module", name="tools")
def fixture_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tools(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module", name="tool")
def fixture_tool(tools: Path) -> Tool:
    return Tool(tools / "vdsogen")


@pytest.fixture(scope="module", name="recipes")
def fixture_recipes(
    tool: Tool, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Image]:
    texts = tool.generate(tmp_path_factory.mktemp("generated"), *ROWS)
    manifest = json.loads(texts["manifest"])
    table = table_text()
    return {abi: good_image(abi, manifest, table) for abi in ABIS}


@pytest.fixture(scope="module", name="good")
def fixture_good(
    recipes: dict[str, Image], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    return {
        abi: recipe.build(tmp_path_factory.mktemp(abi))
        for abi, recipe in recipes.items()
    }


def debug(image: Path) -> Path:
    return image.with_name(image.name + ".dbg")


@pytest.mark.parametrize("abi", ABIS)
def test_good_image_passes(tool: Tool, good: dict[str, Path], abi: str) -> None:
    assert (
        tool.faults("check", *ROWS, abi, good[abi], "--debug", debug(good[abi])) == ""
    )


@pytest.mark.parametrize("abi", ABIS)
def test_good_image_is_good_to_pyelftools(
    good: dict[str, Path], recipes: dict[str, Image], abi: str
) -> None:
    """An independent reader sees the same exports in the same versions."""
    with open(good[abi], "rb") as file:
        elf = ELFFile(file)
        names = {}
        for verdef, aux in elf.get_section_by_name(".gnu.version_d").iter_versions():
            names[verdef["vd_ndx"]] = next(iter(aux)).name
        versions = elf.get_section_by_name(".gnu.version")
        seen = set()
        for index, symbol in enumerate(
            elf.get_section_by_name(".dynsym").iter_symbols()
        ):
            if (
                symbol["st_info"]["bind"] == "STB_LOCAL"
                or symbol["st_shndx"] == "SHN_ABS"
            ):
                continue
            version = names[versions.get_symbol(index)["ndx"]]
            seen.add((symbol.name, version, symbol["st_info"]["bind"] == "STB_WEAK"))
    wanted = {(s["symbol"], s["version"], s["weak"]) for s in recipes[abi].symbols}
    assert seen == wanted


def test_wrong_abi(tool: Tool, good: dict[str, Path]) -> None:
    faults = tool.faults("check", *ROWS, "arm64", good["ia32"])
    assert "machine is i386 instead of aarch64" in faults
    assert "class is 32 instead of 64" in faults
    assert "__kernel_clock_gettime: is missing" in faults
    assert "__vdso_clock_gettime: is exported, but no row" in faults


# Spoiled recipes: the change, and the fault that must be reported.
SPOILED: dict[str, tuple[Callable[[Image], Image], str]] = {
    "missing": (lambda i: i.without("getpid"), r"__vdso_getpid: is missing; line \d+"),
    "extra": (
        lambda i: replace(
            i, symbols=i.symbols + [i.symbols[0] | {"name": "x", "symbol": "xtra"}]
        ),
        "xtra: is exported, but no row",
    ),
    "version": (
        lambda i: i.with_symbol("__vdso_time", version="LINUX_9"),
        "__vdso_time: has version 'LINUX_9' instead of LINUX_2.6",
    ),
    "strong alias": (
        lambda i: i.with_symbol("time", name="other", weak=False),
        r"\btime: has binding 1 instead of weak\n.*\btime: lies elsewhere than __vdso_time",
    ),
    "undefined": (
        lambda i: replace(i, more_c="int away(); int stay() { return away() + 1; }"),
        "away: is undefined",
    ),
    "relocation": (
        lambda i: replace(i, more_c="extern int away; int *const volatile p = &away;"),
        "DT_RELA: dynamic relocations",
    ),
    "thread-local": (
        lambda i: replace(
            i,
            more_c="__thread int t __attribute__((used)) = 1;",
            more_lds=".tdata : { *(.tdata) } :text :tls .more : { *(.more) } :text",
            more_phdrs="tls PT_TLS FLAGS(4);",
        ),
        "there is a PT_TLS",
    ),
    "writable": (
        lambda i: replace(
            i,
            more_c='int w __attribute__((used, section(".w"))) = 1;',
            more_lds=". = ALIGN(4096); .w : { *(.w) } :writable",
            more_phdrs="writable PT_LOAD FLAGS(6);",
        ),
        "is writable",
    ),
    "two loads": (
        lambda i: replace(
            i,
            more_c='int w __attribute__((used, section(".w"))) = 1;',
            more_lds=". = ALIGN(4096); .w : { *(.w) } :second",
            more_phdrs="second PT_LOAD FLAGS(4);",
        ),
        "2 PT_LOAD segments instead of one",
    ),
    "interpreter": (
        lambda i: replace(
            i,
            more_c='const char n[] __attribute__((used, section(".interp"))) = "/ld.so";',
            more_lds=".interp : { *(.interp) } :text :interp",
            more_phdrs="interp PT_INTERP FLAGS(4);",
        ),
        "there is a PT_INTERP",
    ),
    "sysv only": (lambda i: replace(i, hash_style="sysv"), "no DT_GNU_HASH"),
    "gnu only": (lambda i: replace(i, hash_style="gnu"), "no DT_HASH"),
    "no frames": (lambda i: replace(i, frames=False), "no PT_GNU_EH_FRAME"),
    "too long": (
        lambda i: replace(
            i, more_c="const char pad[20000] __attribute__((used)) = {1};"
        ),
        r"takes \d+ pages, the table allows \d",
    ),
    "vvar": (
        lambda i: replace(i, vvars=i.vvars | {"vvar_page": -5}),
        "vvar_page lies at 0xffffffffffffb000, but line .* says -4 pages",
    ),
    "no vvar": (
        lambda i: replace(i, vvars={}),
        r"no symbol timens_page, which line \d+ of .*base.tbl has",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_image(
    tool: Tool, recipes: dict[str, Image], tmp_path: Path, name: str
) -> None:
    spoil, message = SPOILED[name]
    image = spoil(recipes["x86_64"]).build(tmp_path)
    faults = tool.faults("check", *ROWS, "x86_64", image, "--debug", debug(image))
    assert re.search(message, faults), faults


class Patch:
    """Changes bytes of a 64-bit image at offsets that pyelftools finds."""

    def __init__(self, image: Path) -> None:
        self.data = bytearray(image.read_bytes())
        with open(image, "rb") as file:
            elf = ELFFile(file)
            self.at = {s.name: s["sh_offset"] for s in elf.iter_sections()}
            symbols = elf.get_section_by_name(".dynsym").iter_symbols()
            self.index = {s.name: number for number, s in enumerate(symbols)}
            segments = enumerate(elf.iter_segments())
            self.segment = {s["p_type"]: 64 + 56 * number for number, s in segments}

    def put(self, offset: int, form: str, value: int) -> None:
        struct.pack_into("<" + form, self.data, offset, value)

    def symbol(self, name: str, member: int) -> int:
        return self.at[".dynsym"] + 24 * self.index[name] + member

    def word(self, offset: int) -> int:
        return struct.unpack_from("<I", self.data, offset)[0]

    def empty_bucket(self) -> None:
        """Clear the first used bucket of DT_HASH, which depends on the names."""
        buckets = self.word(self.at[".hash"])
        at = [self.at[".hash"] + 8 + 4 * number for number in range(buckets)]
        self.put(next(offset for offset in at if self.word(offset)), "I", 0)

    def empty_bloom(self) -> None:
        """Clear DT_GNU_HASH's Bloom filter, so that it rejects every name."""
        for number in range(self.word(self.at[".gnu.hash"] + 8)):
            self.put(self.at[".gnu.hash"] + 16 + 8 * number, "Q", 0)


PATCHED: dict[str, tuple[Callable[[Patch], None], str]] = {
    "type": (lambda p: p.put(16, "H", 2), "type is 2 instead of ET_DYN"),
    "class": (lambda p: p.put(4, "B", 9), "ELF class 9 is unknown"),
    "big endian": (lambda p: p.put(5, "B", 2), "not little endian"),
    "entry": (lambda p: p.put(24, "Q", 1 << 40), "entry point .* lies outside"),
    "no sections": (lambda p: p.put(40, "Q", 0), "no section headers"),
    "far sections": (
        lambda p: p.put(40, "Q", 1 << 40),
        "section headers reach past the end",
    ),
    "flags": (lambda p: p.put(p.segment["PT_LOAD"] + 4, "I", 7), "instead of R\\+X"),
    "address": (
        lambda p: p.put(p.segment["PT_LOAD"] + 16, "Q", 4096),
        "from its start at 0",
    ),
    "bss": (lambda p: p.put(p.segment["PT_LOAD"] + 40, "Q", 9999), "longer in memory"),
    "relro": (
        lambda p: p.put(p.segment["PT_NOTE"], "I", 0x6474E552),
        "there is a PT_GNU_RELRO",
    ),
    "no dynamic": (
        lambda p: p.put(p.segment["PT_DYNAMIC"], "I", 0),
        "0 PT_DYNAMIC segments",
    ),
    "outside": (
        lambda p: p.put(p.symbol("__vdso_getpid", 8), "Q", 1 << 32),
        "__vdso_getpid: lies at 0x100000000, outside of PT_LOAD",
    ),
    "symbol type": (
        lambda p: p.put(p.symbol("__vdso_getpid", 4), "B", 0x11),
        r"__vdso_getpid: has type 1 instead of func \(2\)",
    ),
    "not visible": (
        lambda p: p.put(p.symbol("__vdso_getpid", 5), "B", 2),
        "__vdso_getpid: is not visible",
    ),
    "hidden version": (
        lambda p: p.put(p.at[".gnu.version"] + 2 * p.index["time"], "H", 0x8002),
        "time: is not the default version",
    ),
    "no such version": (
        lambda p: p.put(p.at[".gnu.version"] + 2 * p.index["time"], "H", 7),
        "time: version 7 is not defined",
    ),
    "twice": (
        lambda p: p.put(
            p.symbol("__vdso_gettid", 0),
            "I",
            p.word(p.symbol("__vdso_getpid", 0)),
        ),
        "__vdso_getpid: exists twice",
    ),
    "sysv hash": (
        Patch.empty_bucket,
        "is not found through DT_HASH",
    ),
    "gnu bloom": (
        Patch.empty_bloom,
        "is not found through DT_GNU_HASH",
    ),
    "frame": (
        lambda p: p.put(p.at[".eh_frame"], "I", 0),
        "__vdso_getpid: no unwind information",
    ),
    "frame table": (
        lambda p: p.put(p.at[".eh_frame_hdr"] + 8, "I", 0),
        "not in .eh_frame_hdr's search table",
    ),
}


@pytest.mark.parametrize("name", PATCHED)
def test_patched_image(
    tool: Tool, good: dict[str, Path], tmp_path: Path, name: str
) -> None:
    change, message = PATCHED[name]
    patch = Patch(good["x86_64"])
    change(patch)
    image = tmp_path / "image.so"
    image.write_bytes(patch.data)
    faults = tool.faults("check", *ROWS, "x86_64", image)
    assert re.search(message, faults), faults


def test_every_fault_is_reported(
    tool: Tool, recipes: dict[str, Image], tmp_path: Path
) -> None:
    recipe = replace(
        recipes["x86_64"].without("getpid").without("time"), hash_style="gnu"
    )
    image = replace(recipe, frames=False).build(tmp_path)
    faults = tool.faults("check", *ROWS, "x86_64", image)
    for part in ("__vdso_getpid", "__vdso_time", "no DT_HASH", "PT_GNU_EH_FRAME"):
        assert part in faults


def test_options_of_the_kernel(
    tool: Tool, recipes: dict[str, Image], tmp_path: Path
) -> None:
    """sgx is required with its option, refused without, and optional if unknown."""
    without = recipes["x86_64"]
    entry = without.symbols[0] | {"name": "sgx", "symbol": "__vdso_sgx_enter_enclave"}
    image = without.build(tmp_path / "without")
    sgx = replace(without, symbols=without.symbols + [entry]).build(tmp_path / "with")
    config = tmp_path / "auto.conf"
    config.write_text("CONFIG_X86_SGX=y\n", encoding="ascii")
    check = ("check", *ROWS, "x86_64")
    assert tool.faults(*check, sgx) == ""
    assert tool.faults(*check, sgx, "--config", config) == ""
    assert "sgx_enter_enclave: is missing" in tool.faults(
        *check, image, "--config", config
    )
    config.write_text("# CONFIG_X86_SGX is not set\n", encoding="ascii")
    assert "CONFIG_X86_SGX is not set" in tool.faults(*check, sgx, "--config", config)


def test_without_task(tool: Tool, recipes: dict[str, Image], tmp_path: Path) -> None:
    recipe = recipes["arm64"]
    full = recipe.build(tmp_path / "full")
    old = replace(recipe, symbols=[s for s in recipe.symbols if s["kind"] == "base"])
    check = ("check", *ROWS, "arm64")
    assert tool.faults(*check, old.build(tmp_path / "old"), "--without-task") == ""
    assert "__kernel_getcpu: must be absent" in tool.faults(
        *check, full, "--without-task"
    )


def test_page_size(tool: Tool, recipes: dict[str, Image], tmp_path: Path) -> None:
    image = replace(recipes["arm64"], page_size=65536).build(tmp_path)
    check = ("check", *ROWS, "arm64", image, "--debug", debug(image))
    assert tool.faults(*check, "--page-size", "65536") == ""
    assert "_vdso_data lies at" in tool.faults(*check)


LATE_FRAME = """asm(".text; .globl NAME; .type NAME, @function\\n"
    "NAME: nop; .cfi_startproc; nop; ret; .cfi_endproc; .size NAME, 3\\n"
    ".weak ALIAS; .type ALIAS, @function; ALIAS = NAME; .size ALIAS, 3");
"""


@pytest.mark.parametrize(
    "name, message",
    [
        ("__vdso_gettimeofday", "^$"),
        ("__vdso_gettid", "__vdso_gettid: no unwind information"),
    ],
)
def test_function_that_begins_before_its_frame(
    tool: Tool, recipes: dict[str, Image], tmp_path: Path, name: str, message: str
) -> None:
    """Existing functions may, for an ENDBR; new ones need a frame from their start."""
    alias = name.removeprefix("__vdso_")
    code = LATE_FRAME.replace("NAME", name).replace("ALIAS", alias)
    own = frozenset({name, alias})
    image = replace(recipes["x86_64"], own=own, more_c=code).build(tmp_path)
    faults = tool.faults("check", *ROWS, "x86_64", image)
    assert re.search(message, faults), faults


KBUILD = """
objtree := .
cmd_vdso_check = true
include $(check)
%/vdso64.so.dbg: vdso/image.so.dbg
\tmkdir -p $(@D); cp $< $@; $(cmd_vdso_check)
"""
PLACE = "arch/x86/entry/vdso"
DEBUG_INFO = 'asm(".section .debug_info,\\"\\"; .zero 100000; .text");'
LONG = "const char text[20000] = {1};"


@pytest.mark.parametrize(
    "place, more, shift, message",
    [
        (PLACE, DEBUG_INFO, 12, ""),
        (PLACE, LONG, 12, "the image takes 6 pages, the table allows 3"),
        (PLACE, LONG, 14, ""),
        (PLACE, "int away(), (*p)() = away;", 12, "relocation"),
        (f"{PLACE}64", "", 12, f"no image row has the path of {PLACE}64/vdso64.so.dbg"),
    ],
    ids=["good", "long", "larger-pages", "relocation", "unknown-path"],
)
def test_kernel_build(
    tools: Path,
    recipes: dict[str, Image],
    tmp_path: Path,
    place: str,
    more: str,
    shift: int,
    message: str,
) -> None:
    """Debug information is no part of the image; an image at fault is removed, and so
    is one that is built where the table knows of none."""
    for folder in ("scripts", "include/config"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "scripts" / "vdsogen").symlink_to(tools)
    for name, path in (("vdso.tbl", TABLE), ("vdso-base.tbl", BASE_TABLE)):
        (tmp_path / "scripts" / name).symlink_to(path)
    (tmp_path / "include" / "config" / "auto.conf").write_text("", encoding="ascii")
    (tmp_path / "Makefile").write_text(KBUILD, encoding="ascii")
    recipe = replace(recipes["x86_64"], more_c=more, page_size=1 << shift)
    recipe.build(tmp_path / "vdso")
    check = TABLE.parent / "vdsogen" / "Makefile.check"
    target = f"{place}/vdso64.so.dbg"
    words = [f"check={check}", "srctree=.", "OBJCOPY=objcopy", target]
    words += [f"CONFIG_PAGE_SHIFT={shift}"]
    run = subprocess.run(
        ["make", "-C", tmp_path, *words], capture_output=True, text=True, check=False
    )
    assert (run.returncode != 0) == bool(message), run.stdout + run.stderr
    assert message in run.stderr
    assert (tmp_path / target).exists() == (not message)


def test_debug_image_of_another_build(
    tool: Tool, good: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.dbg"
    shutil.copy(debug(good["x32"]), other)
    faults = tool.faults("check", *ROWS, "x86_64", good["x86_64"], "--debug", other)
    assert "has another build id" in faults


ALTERNATIVE = """asm(".globl pl\\npl: nop; nop; nop; nop\\n"
    ".pushsection .altinstructions, \\"a\\"\\n.long pl - ., 0, 0\\n.byte 4, 0\\n.popsection");
"""


def test_compare(tool: Tool, recipes: dict[str, Image], tmp_path: Path) -> None:
    """Patched alternatives and padding are no difference; all else is."""
    image = replace(recipes["x86_64"], more_c=ALTERNATIVE).build(tmp_path)
    built = image.read_bytes()
    at = built.index(b"\x90\x90\x90\x90")
    running = bytearray(built.ljust(8192, b"\0"))
    other = tmp_path / "running.so"

    def faults() -> str:
        other.write_bytes(running)
        return tool.faults("compare", image, other)

    assert faults() == ""
    running[at : at + 4] = b"\x0f\x1f\x40\x00"
    assert faults() == ""
    running[at + 4] ^= 1
    running[100] ^= 1
    running[101] ^= 1
    assert "differs in bytes 0x64 to 0x65\n" in faults()
    assert f"differs in bytes {at + 4:#x} to {at + 4:#x} (.text)\n" in faults()
    running[-1] = 1
    assert "bytes other than zero behind" in faults()
    del running[200:]
    assert "ends after 200 of" in faults()


@pytest.mark.parametrize("abi", ABIS)
def test_fuzz_image(
    tools: Path, good: dict[str, Path], tmp_path: Path, abi: str
) -> None:
    table = tmp_path / "whole.tbl"
    table.write_text(table_text(), encoding="ascii")
    run = subprocess.run(
        [tools / "fuzz", "6", "1", table, abi, good[abi], debug(good[abi])],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[0]) >= 100


def test_truncations(tool: Tool, good: dict[str, Path], tmp_path: Path) -> None:
    data = good["ia32"].read_bytes()
    image = tmp_path / "cut.so"
    for size in [0, 3, 4, 15, 16, 51, 52, 100, 200, len(data) // 2, len(data) - 1]:
        image.write_bytes(data[:size])
        assert tool.faults("check", *ROWS, "ia32", image)


def own_vdso() -> bytes:
    """The vDSO of this very process, out of its memory."""
    with open("/proc/self/maps", encoding="ascii") as maps:
        ranges = [line.split()[0] for line in maps if "[vdso]" in line]
    if not ranges:
        pytest.skip("this kernel maps no vDSO")
    begin, end = (int(part, 16) for part in ranges[0].split("-"))
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        memory.seek(begin)
        return memory.read(end - begin)


def test_host_image(tool: Tool, tmp_path: Path) -> None:
    """A real image is well-formed; its exports may be of another release."""
    image = tmp_path / "host.so"
    image.write_bytes(own_vdso())
    abi = machine.host_arch()
    if abi not in abi_rows():
        pytest.skip("the table has no abi of this machine")
    faults = tool.faults("check", *ROWS, abi, image, "--without-task")
    for line in faults.splitlines():
        assert re.search(
            "is missing|no row of the table|pages, the table|is not set", line
        ), line
