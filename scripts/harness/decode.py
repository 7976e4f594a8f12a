# SPDX-License-Identifier: GPL-2.0
"""Add file and line to the frames of a kernel report, inlined functions included.

This needs a kernel with debugging information; frames without a known line stay
unchanged. A frame holds a return address, so the byte before it is looked up.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from pathlib import Path

from harness import procs
from harness.cell import Cell

FRAME = re.compile(r"\b([\w.$]+)\+0x([0-9a-f]+)/0x([0-9a-f]+)(?! \()")
SYMBOL = re.compile(r"^([0-9a-f]+) [tTwW] (\S+)$", re.MULTILINE)
LINE = re.compile(r"^(\S+):(\d+)")


class Symbols:
    """Functions of nm's output; a function ends where the next symbol begins."""

    def __init__(self, table: str) -> None:
        found = [(int(m[1], 16), m[2]) for m in SYMBOL.finditer(table)]
        self._starts = sorted({start for start, _ in found})
        self._named: dict[str, list[int]] = {}
        for start, name in found:
            self._named.setdefault(name, []).append(start)

    def address(self, name: str, offset: int, size: int) -> int | None:
        """A frame's address; None unless exactly one function has the name, or of
        several exactly one has the size."""
        starts = self._named.get(name, [])
        if len(starts) > 1:
            starts = [start for start in starts if self._size(start) == size]
        return starts[0] + offset if len(starts) == 1 else None

    def _size(self, start: int) -> int:
        after = bisect_right(self._starts, start)
        return self._starts[after] - start if after < len(self._starts) else 0


def _places(cell: Cell, image: Path, addresses: list[int]) -> dict[int, str]:
    """`file:line file:line`, innermost first, for each address with a known line."""
    command = [f"{cell.machine.cross}addr2line", "-a", "-i", "-e", str(image)]
    text = "".join(f"{address - 1:#x}\n" for address in addresses)
    done = procs.communicate(command, text=text)
    found: dict[int, list[str]] = {}
    current: list[str] = []
    for line in done.stdout.splitlines():
        match = LINE.match(line)
        if line.startswith("0x"):
            current = found.setdefault(int(line, 16) + 1, [])
        elif match and match[2] != "0":
            current.append(f"{_short(cell, match[1])}:{match[2]}")
    return {address: " ".join(names) for address, names in found.items() if names}


def _short(cell: Cell, name: str) -> str:
    """The path relative to the kernel tree."""
    path = os.path.normpath(os.path.join(cell.build, name))
    tree = f"{cell.source.tree}{os.sep}"
    return path[len(tree) :] if path.startswith(tree) else path


def annotate(cell: Cell, console: str) -> str:
    """The console log with `(file:line)` after each frame whose line is known;
    unchanged if the kernel has no debugging information."""
    image = cell.build / "vmlinux"
    config = cell.folder / ".config"
    if not image.is_file() or "CONFIG_DEBUG_INFO=y" not in config.read_text():
        return console
    symbols = Symbols(procs.capture([f"{cell.machine.cross}nm", image], "nm"))
    wanted: dict[str, int] = {}
    for match in FRAME.finditer(console):
        address = symbols.address(match[1], int(match[2], 16), int(match[3], 16))
        if address is not None:
            wanted[match[0]] = address
    places = _places(cell, image, sorted(set(wanted.values())))

    def with_place(match: re.Match[str]) -> str:
        place = places.get(wanted.get(match[0], -1))
        return f"{match[0]} ({place})" if place else match[0]

    return FRAME.sub(with_place, console)
