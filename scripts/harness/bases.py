# SPDX-License-Identifier: GPL-2.0
"""patches/<base>/: the kernel versions that a base covers, and its patch series."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from harness.errors import Fault

Version = tuple[int, int, int]
PATCH_NAME = re.compile(r"^\d{4}-[a-z0-9][a-z0-9_-]*$")


def parse_version(text: str) -> Version:
    """`6.12` or `6.12.3` as three numbers; Fault for any other text."""
    match = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?", text.strip())
    if not match:
        raise Fault(f"'{text}' is not a kernel version such as 6.12 or 6.12.3")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def format_version(version: Version) -> str:
    return ".".join(str(part) for part in version)


def overlay_files(repo: Path, base: str) -> list[str]:
    """The files of this repository that a patched tree contains, without products."""
    own = repo / "patches" / base
    found = [repo / "scripts" / "vdso.tbl", own / "base.tbl", own / "compat.h"]
    for root in ("arch", "include", "kernel", "lib", "selftests", "scripts/vdsogen"):
        found += sorted((repo / root).rglob("*"))
    names = [path.relative_to(repo).as_posix() for path in found if path.is_file()]
    return [name for name in names if not _is_product(name)]


def _is_product(name: str) -> bool:
    leaf = name.rsplit("/", 1)[-1]
    hidden = leaf.startswith(".") and leaf != ".gitignore"
    made = leaf.endswith((".o", ".cmd", ".orig", ".rej", "~"))
    return hidden or made or "__pycache__" in name


@dataclass(frozen=True)
class Patch:
    """One commit of the series: new files, hunks into existing ones, a message."""

    name: str
    files: tuple[str, ...]
    hunks: Optional[Path]
    message: Path


@dataclass(frozen=True)
class Image:
    """A vDSO image as in base.tbl: its path in the build tree, without .so, the make
    target that builds it, and the option that it depends on ("" = none)."""

    path: str
    target: str
    option: str = ""

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class Base:
    """A directory patches/<base>/ and its BASE file: the versions min to max, and the
    Debian package of the kernel source."""

    name: str
    folder: Path
    repo: Path
    min: Version
    max: Version
    package: str
    files: Mapping[str, str]

    def tree_path(self, name: str) -> str:
        """The path in a kernel tree of a file of this repository."""
        best = max(
            (key for key in self.files if _specificity(key, name)), key=len, default=""
        )
        return self.files[best] + name[len(best) :] if best else name

    def message(self, name: str) -> Path:
        """The commit message of the patch NNNN-TOPIC, or of 0000-cover: the base's own,
        or the one that the bases share. It need not exist."""
        own = self.folder / "messages" / f"{name}.txt"
        topic = name.partition("-")[2]
        shared = self.folder.parent / "messages" / f"{topic}.txt"
        return shared if shared.is_file() and not own.is_file() else own

    @property
    def table(self) -> list[object]:
        """The arguments of vdsogen that name the vDSO table of this base."""
        return [self.repo / "scripts" / "vdso.tbl", "--base", self.folder / "base.tbl"]

    @functools.cached_property
    def images(self) -> dict[str, Image]:
        """ABI -> the image that kernels of this base build for it."""
        found = {}
        path = self.folder / "base.tbl"
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] == ["image"]:
                keys = dict(word.split("=", 1) for word in words[2:])
                found[words[1]] = Image(keys["path"], keys["make"], keys.get("if", ""))
        return found

    def images_of(self, srcarch: str) -> dict[str, Image]:
        """The images that the kernel's folder arch/SRCARCH/ makes, by ABI."""
        within = f"arch/{srcarch}/"
        return {a: i for a, i in self.images.items() if i.path.startswith(within)}

    def covers(self, version: Version) -> bool:
        """Whether the series applies to a kernel version."""
        return self.min <= version <= self.max

    def patches(self) -> list[Patch]:
        """The series in order; Fault if the series file is absent or inconsistent."""
        return _read_series(self)

    def config_fragments(self, arch: str) -> list[Path]:
        """The base's own base.config and ARCH.config, those that exist: what its kernels
        change in the files of the same names in scripts/configs."""
        paths = [self.folder / f"{name}.config" for name in ("base", arch)]
        return [path for path in paths if path.is_file()]


def _read_base(folder: Path, repo: Path) -> Base:
    path = folder / "BASE"
    values: dict[str, str] = {}
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise Fault(f"{path}:{number}: expected key=value")
        values[key.strip()] = value.strip()
    missing = [k for k in ("name", "min", "max", "package") if not values.get(k)]
    if missing:
        raise Fault(f"{path}:1: missing {', '.join(missing)}")
    low, high = parse_version(values["min"]), parse_version(values["max"])
    files = _read_files(folder / "files", repo)
    return Base(values["name"], folder, repo, low, high, values["package"], files)


def _read_files(path: Path, repo: Path) -> dict[str, str]:
    """Path in this repository -> path in a kernel tree. Fault with file and line."""
    found: dict[str, str] = {}
    if not path.is_file():
        raise Fault(f"{path}: no such file")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        where = f"{path}:{number}"
        if len(words) != 2 or words[0].endswith("/") != words[1].endswith("/"):
            raise Fault(f"{where}: expected two files, or two folders that end in /")
        if words[0] in found:
            raise Fault(f"{where}: {words[0]} is named twice")
        if not (repo / words[0]).exists():
            raise Fault(f"{where}: no such file {words[0]}")
        found[words[0]] = words[1]
    return found


def all_bases(repo: Path) -> list[Base]:
    """Fault, with file and line, if a BASE file cannot be read or lacks a key."""
    found = sorted((repo / "patches").glob("*/BASE"))
    return [_read_base(path.parent, repo) for path in found]


def default_name(repo: Path) -> str:
    """The base where no option names one: the Makefile of tools/lib/vdsox reads it, too."""
    path = repo / "patches" / "DEFAULT_BASE"
    try:
        return path.read_text().strip()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None


def load(repo: Path, name: Optional[str] = None) -> Base:
    """The base of that name, or the default one; Fault, with the names that exist, if
    there is none."""
    name = name or default_name(repo)
    known = all_bases(repo)
    for base in known:
        if base.name == name:
            return base
    names = ", ".join(base.name for base in known) or "none"
    raise Fault(f"no such base {name}: patches/ has {names}")


def for_version(repo: Path, version: Version) -> Optional[Base]:
    """The base that covers a kernel version; None if none does."""
    return next((base for base in all_bases(repo) if base.covers(version)), None)


def _blocks(path: Path) -> list[tuple[str, list[tuple[int, str]]]]:
    """Parse the series file into (patch name, [(line number, pattern)])."""
    blocks: list[tuple[str, list[tuple[int, str]]]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.split("#", 1)[0].rstrip()
        if not text:
            continue
        if text[0].isspace():
            if not blocks:
                raise Fault(f"{path}:{number}: this file precedes the first patch name")
            blocks[-1][1].append((number, text.strip()))
        elif not PATCH_NAME.match(text):
            raise Fault(
                f"{path}:{number}: '{text}' is no patch name of the form NNNN-topic"
            )
        elif any(text == name for name, _ in blocks):
            raise Fault(f"{path}:{number}: {text} is named twice")
        else:
            blocks.append((text, []))
    return blocks


def _specificity(pattern: str, name: str) -> int:
    """0 if the pattern does not match the file; a longer match is more specific."""
    if pattern == name:
        return 1 << 20
    return len(pattern) if pattern.endswith("/") and name.startswith(pattern) else 0


def _assign(path: Path, base: Base) -> dict[str, list[str]]:
    """Assign every overlay file to exactly one patch: the most specific line wins."""
    blocks = _blocks(path)
    owned: dict[str, list[str]] = {name: [] for name, _ in blocks}
    lines = [(name, at, text) for name, items in blocks for at, text in items]
    used: set[int] = set()
    for name in overlay_files(base.repo, base.name):
        best = max((_specificity(text, name) for _, _, text in lines), default=0)
        owners = [line for line in lines if _specificity(line[2], name) == best]
        if best == 0:
            raise Fault(f"{path}:1: no patch adds {name}: list it under one")
        if len({owner for owner, _, _ in owners}) > 1:
            raise Fault(f"{path}:{owners[1][1]}: two patches add {name}")
        owned[owners[-1][0]].append(name)
        used.update(at for _, at, text in lines if _specificity(text, name))
    for _, at, text in lines:
        if at not in used:
            raise Fault(f"{path}:{at}: {text} matches no file")
    return owned


def _read_series(base: Base) -> list[Patch]:
    path = base.folder / "series"
    if not path.is_file():
        raise Fault(f"{path}: no such file")
    owned = _assign(path, base)
    named = {f"{name}.patch" for name in owned}
    for stray in sorted(base.folder.glob("*.patch")):
        if stray.name not in named:
            raise Fault(f"{stray}: the series file does not list it")
    patches = []
    for name, files in owned.items():
        hunks = base.folder / f"{name}.patch"
        here = hunks if hunks.is_file() else None
        patches.append(Patch(name, tuple(files), here, base.message(name)))
    return patches
