# SPDX-License-Identifier: GPL-2.0
"""Build the initramfs: PID 1, the plan, the tests and the libraries they load."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Optional, Sequence

from harness import atomic, parallel, procs
from harness.cell import Cell
from harness.cpio import Archive
from harness.errors import Fault
from harness.machine import Machine

GUEST_TESTS = "/kselftest"
# PID 1 mounts a tmpfs on these, and copies the files below COPY into them.
TEMPORARY = ("/run", "/tmp")
COPY = "/vdsox/copy"
# Mounts of kernel file systems, or files of PID 1, would hide a file here.
HIDDEN = ("/dev", "/proc", "/sys", "/vdsox")
MAX_LINKS = 40
INIT_FLAGS = ["-static", "-O2", "-Wall", "-Wextra"]


@dataclass(frozen=True)
class Planned:
    """One line of the plan: a program to run, with its time limit in seconds."""

    name: str
    timeout: int
    directory: str
    argv: tuple[str, ...]

    def line(self) -> str:
        """NAME TIMEOUT DIRECTORY PROGRAM [ARGUMENT]..."""
        return " ".join([self.name, str(self.timeout), self.directory, *self.argv])


@dataclass
class GuestJob:
    """What PID 1 is to do; scripts/init/init.h describes the modes and files.

    files: (host path, archive path) of additional files
    root: the host directory that becomes the command's root file system, or None
    """

    mode: str = "probe"
    tests: Sequence[Planned] = ()
    argv: Sequence[str] = ()
    files: Sequence[tuple[Path, str]] = field(default_factory=tuple)
    with_tests: bool = False
    root: Optional[Path] = None

    @property
    def layer(self) -> str:
        """The archive's directory that PID 1 overlays on `root`; empty without root."""
        return "/vdsox/layer" if self.root else ""

    def plan(self) -> str:
        """Content of /vdsox/plan."""
        mode = f"{self.mode}-root" if self.root else self.mode
        return "\n".join([mode, *(test.line() for test in self.tests)]) + "\n"


def build_init(cell: Cell) -> Path:
    """Compile PID 1 for the cell's architecture unless it is up to date. Fault if the
    compiler fails. Guests that start at the same time compile it once."""
    with parallel.locked(cell.ctx, f"init-{cell.folder.name}"):
        return _build_init(cell)


def _build_init(cell: Cell) -> Path:
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
    """The path at which the cross compiler finds a library of its target."""
    command = [f"{machine.cross}gcc", f"-print-file-name={name}"]
    path = Path(procs.capture(command, "gcc").strip())
    if not path.is_absolute() or not path.exists():
        raise Fault(f"{name}, which a test needs, is not found by {command[0]}")
    return path


def add_libraries(
    archive: Archive, programs: Iterable[Path], machine: Machine
) -> list[str]:
    """Add the libraries and loaders of dynamic programs; returns the names. Fault if
    one is not installed."""
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


def _below(name: str, folders: Iterable[str]) -> bool:
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


def resolve(name: str, root: Path) -> str:
    """The path with the symbolic links of its directory followed within the root.

    A directory of the upper layer would hide a link of that name, and its target.
    Fault after MAX_LINKS links.
    """
    *folders, last = name.strip("/").split("/")
    at, todo, links = "", folders[::-1], 0
    while todo:
        word = todo.pop()
        if word in ("", "."):
            continue
        if word == "..":
            at = posixpath.dirname(at).rstrip("/")
            continue
        here = f"{at}/{word}"
        path = root / here.lstrip("/")
        if _below(here, (*TEMPORARY, *HIDDEN)) or not path.is_symlink():
            at = here
            continue
        links += 1
        if links > MAX_LINKS:
            raise Fault(f"{name}: too many symbolic links in {root}")
        target = os.readlink(path)
        at = "" if target.startswith("/") else at
        todo += target.split("/")[::-1]
    return f"{at}/{last}"


def archive_path(name: str, root: Optional[Path] = None) -> str:
    """The archive's path for a file that the command is to see as `name`, with or
    without a root of its own. Fault if it could not see a file there."""
    found = resolve(name, root) if root else name
    if _below(found, HIDDEN) or found in ("/", *TEMPORARY):
        where = "" if found == name else f", which is {found}"
        raise Fault(
            f"--file ...:{name}{where}: the guest cannot have a file there; choose a"
            f" path outside of {', '.join(HIDDEN)}, or below {' or '.join(TEMPORARY)}"
        )
    if found == "/init" and not root:
        raise Fault(f"--file ...:{name} is the guest's PID 1: choose another path")
    if root and not _below(found, TEMPORARY) and (root / found[1:]).is_dir():
        raise Fault(f"--file ...:{name} is a directory in {root}: choose another path")
    if _below(found, TEMPORARY):
        return COPY + found
    return ("/vdsox/layer" if root else "") + found


def make(cell: Cell, job: GuestJob, target: Path) -> None:
    """Write the initramfs of one boot. Fault if PID 1 does not compile or a library is
    missing."""
    archive = Archive()
    archive.console()
    archive.copy(build_init(cell), "init")
    archive.file("/vdsox/plan", job.plan().encode())
    archive.folder("/vdsox/artifacts")
    # Archive.file() ignores a name that exists: --file wins over what follows.
    programs = [source for source, _ in job.files]
    for source, name in job.files:
        archive.copy(source, archive_path(name, job.root))
    archive.file("/etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    if job.mode == "exec":
        words = [word.encode() + b"\0" for word in job.argv]
        archive.file("/vdsox/argv", b"".join(words))
    for image in sorted(cell.folder.glob("vdso*.so")):
        archive.copy(image, f"/vdsox/images/{image.name}")
    if job.with_tests and cell.tests.is_dir():
        archive.tree(cell.tests, job.layer + GUEST_TESTS)
        programs += [p for p in cell.tests.rglob("*") if p.is_file()]
    if not job.root:
        add_libraries(archive, programs, cell.machine)
    target.write_bytes(archive.bytes())


def parse_file_option(text: str) -> tuple[Path, str]:
    """Parse --file HOST:GUEST; Fault if HOST is no file or GUEST no absolute name."""
    host, colon, guest = text.rpartition(":")
    if not colon or not host or not guest.startswith("/"):
        raise Fault(f"--file {text}: expected HOST:GUEST with an absolute guest path")
    path = Path(host)
    if not path.is_file():
        raise Fault(f"--file {text}: {host} is not a file")
    if guest.endswith(("/", "/.", "/..")):
        raise Fault(f"--file {text}: {guest} is a directory: append the file's name")
    return path, posixpath.normpath(f"/{guest.lstrip('/')}")
