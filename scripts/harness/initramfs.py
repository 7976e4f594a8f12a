# SPDX-License-Identifier: GPL-2.0
"""What the guest finds: PID 1, the tests, what they load, and the plan."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Optional, Sequence

from harness import atomic, procs
from harness.cell import Cell
from harness.cpio import Archive
from harness.errors import Fault
from harness.machine import Machine

GUEST_TESTS = "/kselftest"
INIT_FLAGS = ["-static", "-O2", "-Wall", "-Wextra"]


@dataclass(frozen=True)
class Planned:
    """One line of the plan: a program that must give an answer in its time."""

    name: str
    timeout: int
    directory: str
    argv: tuple[str, ...]

    def line(self) -> str:
        return " ".join([self.name, str(self.timeout), self.directory, *self.argv])


@dataclass
class Mission:
    """What the guest is started for."""

    mode: str = "probe"
    tests: Sequence[Planned] = ()
    argv: Sequence[str] = ()
    files: Sequence[tuple[Path, str]] = field(default_factory=tuple)
    with_tests: bool = False
    root: Optional[Path] = None

    @property
    def place(self) -> str:
        """Where the guest finds the files as its own."""
        return "/vdsox/layer" if self.root else ""

    def plan(self) -> str:
        mode = f"{self.mode}-root" if self.root else self.mode
        return "\n".join([mode, *(test.line() for test in self.tests)]) + "\n"


def build_init(cell: Cell) -> Path:
    """Compile PID 1 for the cell's architecture; quick, so always done."""
    folder = cell.ctx.scripts / "init"
    target = cell.folder / "init"
    sources = sorted(folder.glob("*.c"))
    newest = max(path.stat().st_mtime for path in folder.iterdir())
    if target.is_file() and target.stat().st_mtime > newest:
        return target
    cell.folder.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(target) as part:
        command = [f"{cell.machine.cross}gcc", *INIT_FLAGS, "-o", part, *sources]
        log = cell.folder / "init.log"
        procs.run_logged(command, log, "build of the guest's PID 1")
    return target


def _needed(path: Path, machine: Machine) -> tuple[list[str], str]:
    """(shared libraries, program interpreter) of an ELF file of the machine."""
    with open(path, "rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return [], ""
    command = [f"{machine.cross}readelf", "-W", "-l", "-d", path]
    done = procs.communicate(command)
    libraries = re.findall(r"\(NEEDED\).*\[(.+)\]", done.stdout)
    loader = re.search(r"program interpreter: (\S+)\]", done.stdout)
    return libraries, loader[1] if loader else ""


def _locate(name: str, machine: Machine) -> Path:
    """Where the compiler keeps a library for programs of its target."""
    command = [f"{machine.cross}gcc", f"-print-file-name={name}"]
    path = Path(procs.capture(command, "gcc").strip())
    if not path.is_absolute() or not path.exists():
        raise Fault(f"{name}, which a test needs, is not where {command[0]} looks")
    return path


def add_libraries(
    archive: Archive, programs: Iterable[Path], machine: Machine
) -> list[str]:
    """Add what dynamic programs load; the names are returned."""
    todo, done = list(programs), dict[str, Path]()
    while todo:
        libraries, loader = _needed(todo.pop(), machine)
        for name in libraries + ([Path(loader).name] if loader else []):
            if name in done:
                continue
            done[name] = _locate(name, machine)
            todo.append(done[name])
        if loader:
            archive.file(loader, done[Path(loader).name].read_bytes(), 0o755)
    for name, path in done.items():
        archive.file(f"/lib/{name}", path.read_bytes(), 0o755)
    return sorted(done)


def make(cell: Cell, mission: Mission, target: Path) -> None:
    """Write the initramfs of one boot."""
    archive = Archive()
    archive.console()
    archive.copy(build_init(cell), "init")
    archive.file("/vdsox/plan", mission.plan().encode())
    archive.folder("/vdsox/artifacts")
    archive.file("/etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    if mission.mode == "exec":
        words = [word.encode() + b"\0" for word in mission.argv]
        archive.file("/vdsox/argv", b"".join(words))
    for image in sorted(cell.folder.glob("vdso*.so")):
        archive.copy(image, f"/vdsox/images/{image.name}")
    programs = [source for source, _ in mission.files]
    for source, name in mission.files:
        archive.copy(source, mission.place + name)
    if mission.with_tests and cell.tests.is_dir():
        archive.tree(cell.tests, mission.place + GUEST_TESTS)
        programs += [p for p in cell.tests.rglob("*") if p.is_file()]
    if not mission.root:
        add_libraries(archive, programs, cell.machine)
    target.write_bytes(archive.bytes())


def parse_file_option(text: str) -> tuple[Path, str]:
    """--file HOST:GUEST"""
    host, colon, guest = text.rpartition(":")
    if not colon or not host or not guest.startswith("/"):
        raise Fault(f"--file {text}: expected HOST:GUEST with an absolute guest path")
    path = Path(host)
    if not path.is_file():
        raise Fault(f"--file {text}: no such file {host}")
    return path, guest
