# SPDX-License-Identifier: GPL-2.0
"""Builds vdsogen and small vDSO-like images for its tests."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from harness import bases, machine

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
TABLE = REPO / "scripts" / "vdso.tbl"
# The rows of one kernel release: the tools' own tests need no other.
BASE_TABLE = bases.load(REPO).folder / "base.tbl"
ROWS = (TABLE, "--base", BASE_TABLE)


def table_text(base: Path = BASE_TABLE) -> str:
    """All rows of the table of that release."""
    return "".join(path.read_text(encoding="ascii") for path in (TABLE, base))


def table_rows(kind: str, text: str) -> list[list[str]]:
    """The words of each row of a kind, without the kind; quoted values are cut up."""
    rows = [line.split() for line in text.splitlines()]
    return [row[1:] for row in rows if row[:1] == [kind]]


def keys_of(row: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in row if "=" in word)


def abi_rows() -> dict[str, dict[str, str]]:
    """The keys of each abi row, by name."""
    return {row[0]: keys_of(row) for row in table_rows("abi", table_text())}


@lru_cache
def build_tools(base: Path) -> Path:
    """The folder with vdsogen, unit and fuzz; built once for all pytest workers.

    VDSOGEN_TOOLS names a folder that is kept, so that a later run need not build.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    out = Path(os.environ.get("VDSOGEN_TOOLS", base / "vdsogen-tools")).resolve()
    make(out, HERE)
    return out


def make(out: Path, folder: Path, *words: str) -> None:
    """`make O=out` in a folder, under a lock against concurrent builds."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = subprocess.run(
            ["make", "-s", "-j2", "-C", folder, f"O={out}", *words],
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr


@dataclass(frozen=True)
class Tool:
    """The program under test."""

    path: Path

    def run(self, *args: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path, *map(str, args)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def faults(self, *args: object) -> str:
        """The messages of `check` or another command; empty if it succeeds."""
        run = self.run(*args)
        assert run.returncode == (1 if run.stderr else 0), run
        return run.stderr

    def outputs(self) -> tuple[list[str], list[str]]:
        """What `generate` makes of a table and of each of its ABIs: see its usage text."""
        usage = self.run("--help").stdout
        of_table, of_abi = re.findall(r"^WHAT(?:-OF-ABI)?:(.*)$", usage, re.M)
        return of_table.split(), of_abi.split()

    def generate(self, out: Path, table: Path, *options: object) -> dict[str, str]:
        """Every output for @table, by file name."""
        of_table, of_abi = self.outputs()
        jobs = {name: [name, table, *options] for name in of_table}
        texts = self._generate(jobs, out)
        for abi in json.loads(texts["manifest"])["abis"]:
            jobs = {f"{name}_{abi}": [name, table, abi, *options] for name in of_abi}
            texts.update(self._generate(jobs, out))
        return texts

    def _generate(self, jobs: dict[str, list[object]], out: Path) -> dict[str, str]:
        texts = {}
        for name, words in jobs.items():
            assert self.faults("generate", *words, out / name) == ""
            texts[name] = (out / name).read_text(encoding="ascii")
        return texts


@dataclass(frozen=True)
class Target:
    """How to compile for one abi, with the compiler of a machine of scripts/qemu/."""

    arch: str
    flags: list[str]
    emulation: str

    def tool(self, name: str) -> str:
        return machine.load(self.arch).cross + name


NO_CET = "-fcf-protection=none"
TARGETS = {
    "x86_64": Target("x86_64", ["-m64", NO_CET], "elf_x86_64"),
    "x32": Target("x86_64", ["-mx32", NO_CET], "elf32_x86_64"),
    "ia32": Target("x86_64", ["-m32", NO_CET], "elf_i386"),
    "arm64": Target("arm64", [], "aarch64linux"),
}

EH_FRAME = """
	.eh_frame_hdr : { *(.eh_frame_hdr) } :text :eh_frame_hdr
	.eh_frame : { KEEP(*(.eh_frame)) } :text"""

# The common parts of x86's vdso-layout.lds.S and arm64's vdso.lds.S.
LINKER_SCRIPT = """
SECTIONS
{
@VVARS@
	. = SIZEOF_HEADERS;
	.hash : { *(.hash) } :text
	.gnu.hash : { *(.gnu.hash) }
	.dynsym : { *(.dynsym) }
	.dynstr : { *(.dynstr) }
	.gnu.version : { *(.gnu.version) }
	.gnu.version_d : { *(.gnu.version_d) }
	.dynamic : { *(.dynamic) } :text :dynamic
	.rodata : { *(.rodata*) *(.data*) *(.got*) *(.bss*) } :text
	/DISCARD/ : { *(.note.gnu.property) *(.note.GNU-stack) @DISCARD@ }
	.note : { *(.note.*) } :text :note
	@EH_FRAME@
	.text : { *(.text*) } :text
	.altinstructions : { *(.altinstructions) } :text
	@MORE@
}
PHDRS
{
	text PT_LOAD FLAGS(5) FILEHDR PHDRS;
	dynamic PT_DYNAMIC FLAGS(4);
	note PT_NOTE FLAGS(4);
	@PHDRS@
}
"""


@dataclass(frozen=True)
class Image:
    """The recipe of an image; tests corrupt one field of a valid one."""

    abi: str
    symbols: list[dict] = field(default_factory=list)
    vvars: dict[str, int] = field(default_factory=dict)
    frames: bool = True
    more_c: str = ""
    more_lds: str = ""
    more_phdrs: str = ""
    page_size: int = 4096
    hash_style: str = "both"
    # Symbols that more_c defines.
    own: frozenset[str] = frozenset()
    # Entries whose symbols have no type.
    untyped: frozenset[str] = frozenset()

    def source(self) -> str:
        """C code: one function per strong symbol, one alias per weak one."""
        strong = {s["name"]: s["symbol"] for s in self.symbols if not s["weak"]}
        text = self.more_c
        for symbol in self.symbols:
            name = symbol["symbol"]
            if name in self.own:
                continue
            if symbol["name"] in self.untyped:
                text += f'asm(".globl {name}\\n{name}: nop\\n.size {name}, 4");\n'
            elif symbol["weak"]:
                target = strong[symbol["name"]]
                text += f'int {name}() __attribute__((weak, alias("{target}")));\n'
            else:
                text += (
                    f"int {name}() {{ static const int c = {len(text)}; return c; }}\n"
                )
        return text

    def version_script(self) -> str:
        nodes: dict[str, list[str]] = {}
        for symbol in self.symbols:
            nodes.setdefault(symbol["version"], []).append(symbol["symbol"])
        body = ""
        for number, (version, names) in enumerate(nodes.items()):
            rest = "local: *;" if number == 0 else ""
            body += f"\t{version} {{ global: {' '.join(n + ';' for n in names)} {rest} }};\n"
        return f"VERSION\n{{\n{body}}}\n"

    def linker_script(self) -> str:
        vvars = "".join(
            f"\t{name} = . - {-pages * self.page_size};\n"
            for name, pages in self.vvars.items()
        )
        parts = {
            "@VVARS@": vvars,
            "@EH_FRAME@": EH_FRAME if self.frames else "",
            "@DISCARD@": "" if self.frames else "*(.eh_frame*)",
            "@MORE@": self.more_lds,
            "@PHDRS@": self.more_phdrs
            + ("eh_frame_hdr PT_GNU_EH_FRAME;" if self.frames else ""),
        }
        text = LINKER_SCRIPT
        for mark, part in parts.items():
            text = text.replace(mark, part)
        return text + self.version_script()

    def flags(self) -> list[str]:
        """The compiler's options."""
        flags = ["-w", "-O2", "-fPIC", "-fno-builtin", "-fno-stack-protector"]
        return [*TARGETS[self.abi].flags, *flags, "-fasynchronous-unwind-tables"]

    def build(self, out: Path) -> Path:
        """Compiles, links and strips; IMAGE.dbg is next to the result."""
        target = TARGETS[self.abi]
        out.mkdir(parents=True, exist_ok=True)
        (out / "image.c").write_text(self.source(), encoding="ascii")
        (out / "image.lds").write_text(self.linker_script(), encoding="ascii")
        steps = [
            [target.tool("gcc"), *self.flags(), "-c", "image.c", "-o", "image.o"],
            [
                target.tool("ld"),
                "-m",
                target.emulation,
                "-shared",
                "-Bsymbolic",
                "--build-id=sha1",
            ]
            + ["-soname", "linux-vdso.so.1", f"--hash-style={self.hash_style}"]
            + ["-z", "max-page-size=4096", "-z", "noexecstack"]
            + (["--eh-frame-hdr"] if self.frames else [])
            + ["-T", "image.lds", "image.o", "-o", "image.so.dbg"],
            [target.tool("objcopy"), "-S", "image.so.dbg", "image.so"],
        ]
        for step in steps:
            subprocess.run(step, cwd=out, check=True, capture_output=True, timeout=60)
        return out / "image.so"

    def without(self, name: str) -> Image:
        """The recipe without the symbols of entry @name."""
        return replace(self, symbols=[s for s in self.symbols if s["name"] != name])

    def with_symbol(self, symbol: str, /, **changes: object) -> Image:
        """The recipe with members of @symbol changed."""
        symbols = [s | changes if s["symbol"] == symbol else s for s in self.symbols]
        return replace(self, symbols=symbols)


def vvars_of(abi: str, table: str) -> dict[str, int]:
    """Symbol -> its position in pages, by the vvar rows of an abi."""
    return {row[1]: int(row[2]) for row in table_rows("vvar", table) if row[0] == abi}


def good_image(abi: str, manifest: dict, table: str) -> Image:
    """The recipe that matches the table, without entries that depend on an option."""
    vvars = vvars_of(abi, table)
    symbols = [e for e in manifest["entries"] if e["abi"] == abi and not e["config"]]
    images = {row[0]: keys_of(row) for row in table_rows("image", table)}
    untyped = {
        row[0]
        for row in table_rows("entry", table)
        if "elf=notype" in row and abi in keys_of(row)["abi"].split(",")
    }
    frames = images[abi]["cfi"] == "eh_frame"
    return Image(abi, symbols, vvars, frames, untyped=frozenset(untyped))
