# SPDX-License-Identifier: GPL-2.0
"""Translation units for clang-tidy, with the flags of the makefiles.

Most of clang-tidy's time is spent on the headers of the C++ library, so the sources that
a program compiles with the same flags are one unit, which includes them all: the names
in anonymous namespaces must differ within a program.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from harness.bench import native
from library import FOLDER, NATIVE, Library
from modules import (
    CASES,
    FLAGS,
    FLAGS_PAGE,
    HELLO,
    PINGPONG,
    QUEUE,
    includes,
    recorded_build,
)
from toolkit import BASE_TABLE, HERE, REPO, ROWS, Tool, build_tools, make

BENCH = REPO / "tools" / "bench" / "native"
QUEUES = REPO / "tools" / "bench" / "ipc"
Compiled = tuple[Path, tuple[str, ...]]


@dataclass(frozen=True)
class Unit:
    """Sources that one program compiles with the same flags, in the same folder."""

    program: str
    folder: Path
    sources: tuple[Path, ...]
    flags: tuple[str, ...]

    def tidy(self, out: Path) -> str:
        """The findings of clang-tidy; empty if there are none."""
        unit = out / f"{self.program}-{self.sources[0].stem}.cc"
        unit.write_text("".join(f'#include "{source}"\n' for source in self.sources))
        command = ["clang-tidy", "--quiet", f"--config-file={REPO / '.clang-tidy'}"]
        # A unit includes sources on purpose.
        command += ["--checks=-bugprone-suspicious-include", str(unit), "--"]
        done = subprocess.run(
            [*command, *self.flags],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout or (done.stderr if done.returncode else "")


def _commands(folder: Path, *words: object) -> Iterator[list[str]]:
    """The compiler's commands in a folder's makefile, also for what is up to date."""
    make = ["make", "-n", "-B", "-C", folder, *words]
    done = subprocess.run(make, capture_output=True, text=True, check=True)
    for line in done.stdout.replace("\\\n", " ").splitlines():
        command = shlex.split(line.split("&&")[0])
        if command and command[0].endswith("g++"):
            yield command[1:]


def _units(folder: Path, *words: object) -> Iterator[Unit]:
    """The units of each program that the makefile links."""
    objects: dict[str, Compiled] = {}
    for command in _commands(folder, *words):
        at = command.index("-o")
        product = command[at + 1]
        rest = command[:at] + command[at + 2 :]
        sources = [(folder / word).resolve() for word in rest if word.endswith(".cc")]
        if "-c" in rest:
            rest.remove("-c")
            flags = tuple(word for word in rest if not word.endswith(".cc"))
            objects[product] = sources[0], flags
            continue
        flags = tuple(word for word in rest if not word.endswith((".cc", ".o", ".a")))
        linked = [(source, flags) for source in sources]
        linked += [objects[word] for word in rest if word in objects]
        for each in dict.fromkeys(flags for _, flags in linked):
            same = tuple(source for source, flags in linked if flags == each)
            yield Unit(Path(product).stem, folder, same, each)


def _distinct(units: Iterator[Unit]) -> Iterator[Unit]:
    """Without sources of earlier units, unless other macros are defined."""
    seen: set[Compiled] = set()
    for unit in units:
        macros = tuple(flag for flag in unit.flags if flag.startswith("-D"))
        new = [source for source in unit.sources if (source, macros) not in seen]
        seen.update((source, macros) for source in new)
        if new:
            yield Unit(unit.program, unit.folder, tuple(new), unit.flags)


def _library_headers(base: Path) -> Library:
    """The library's folder with the generated headers."""
    library = Library(NATIVE, build_tools(base))
    library.make(
        *(f"include/{n}.h" for n in ("vdsox_entries", "vdsox_calls", "symtab"))
    )
    return library


def _bench_headers(base: Path) -> Path:
    """A folder with the headers that ./vdsox bench makes. The constants of a kernel's
    headers have made-up values, different ones, as no kernel is built."""
    out = base / "tidy-bench"
    out.mkdir(exist_ok=True)
    for name, kind in native.HEADERS.items():
        words = ["generate", kind, *ROWS, out / name]
        assert Tool(build_tools(base) / "vdsogen").faults(*words) == ""
    text = (BENCH / "offsets.c").read_text(encoding="ascii")
    names = re.findall(r"\tDEFINE\((\w+),", text)
    lines = [f"#define {name} {8 * at}\n" for at, name in enumerate(names, 1)]
    (out / "offsets.h").write_text("".join(lines), encoding="ascii")
    return out


def _module_units(base: Path, library: Library) -> Iterator[Unit]:
    """The sources of images, which vdsox compiles, and the programs that use them."""
    library.make("vdsox")
    folders = []
    for folder in (HELLO, FLAGS_PAGE, QUEUE):
        (table,) = folder.glob("*.tbl")
        sources = tuple(sorted(folder.glob("*.cc")))
        folders.append(base / f"tidy-{table.stem}")
        flags = recorded_build(library, folders[-1], table, *sources)
        yield Unit(table.stem, folder, sources, flags)
    for source in [*sorted(CASES.glob("*.cc")), *PINGPONG.glob("*.cc")]:
        flags = FLAGS + includes(*folders)
        yield Unit(f"module-{source.stem}", source.parent, (source,), flags)


def _queue_units(base: Path, library: Library) -> Iterator[Unit]:
    """The program of ./vdsox bench that passes messages."""
    out = base / "tidy-queues"
    library.make("vdsox")
    make(out, QUEUES, f"LIBRARY={library.out}", f"{out}/vqueue-64/vqueue.vdso")
    return _units(QUEUES, f"O={out}", f"LIBRARY={library.out}")


def units(base: Path) -> list[Unit]:
    """All units of the repository. Makes the headers that they include."""
    library = _library_headers(base)
    made = [*_units(HERE, f"O={build_tools(base)}")]
    programs = [
        f"{library.out}/{name}"
        for name in ("tests/lookup", "tests/reasons", "tests/states")
    ]
    made += _units(FOLDER, f"O={library.out}", *library.words, "all", *programs)
    made += _units(BENCH, f"O={_bench_headers(base)}")
    made += _module_units(base, library)
    made += _queue_units(base, library)
    return [*_distinct(iter(made))]
