# SPDX-License-Identifier: GPL-2.0
"""Find the kernel's own complaints in a console log, and the test they came in."""

from __future__ import annotations

import re
from dataclasses import dataclass

STAMP = re.compile(r"^\[\s*\d+\.\d+\](?:\[[^\]]*\])? ?")
MARK = re.compile(r"^vdsox: (begin|end|ready)(?: (.*))?$")
SPLAT = re.compile(
    r"""^(?:
      WARNING:\ .*
    | (?:watchdog:\ )?BUG:\ .*
    | (?:kernel\ )?BUG\ at\ .*
    | kernel\ BUG\ .*
    | Oops\b.*
    | Internal\ error:.*
    | Unable\ to\ handle\ kernel\ .*
    | general\ protection\ fault\b.*
    | invalid\ opcode:.*
    | unchecked\ MSR\ access\ error:.*
    | UBSAN:\ .*
    | (?:rcu:\ )?INFO:\ rcu.*\bstalls?\b.*
    | INFO:\ task\ .*\ blocked\ for\ more\ than\ .*
    | INFO:\ trying\ to\ register\ non-static\ key.*
    | INFO:\ possible\ recursive\ locking.*
    | list_(?:add|del)\ corruption.*
    | Kernel\ panic\ -\ .*
    )""",
    re.VERBOSE,
)
END = re.compile(r"^---\[ end ")
LONGEST = 60


@dataclass(frozen=True)
class Splat:
    """A complaint: its first line, its text, and the test that ran ("" = none)."""

    title: str
    test: str
    text: tuple[str, ...]


def _bare(line: str) -> str:
    return STAMP.sub("", line.rstrip("\r\n"))


def find(console: str) -> list[Splat]:
    """Each complaint once: a panic at the end of an oops belongs to the oops."""
    splats: list[Splat] = []
    lines = [_bare(line) for line in console.splitlines()]
    running, at = "", 0
    while at < len(lines):
        mark = MARK.match(lines[at])
        if mark:
            running = (mark[2] or "") if mark[1] == "begin" else ""
        if not SPLAT.match(lines[at]):
            at += 1
            continue
        end = _end(lines, at)
        splats.append(Splat(lines[at], running, tuple(lines[at:end])))
        at = end
    return splats


def _end(lines: list[str], start: int) -> int:
    """One past the last line of the complaint that begins at start."""
    stop = min(len(lines), start + LONGEST)
    for at in range(start + 1, stop):
        if MARK.match(lines[at]):
            return at
        if END.match(lines[at]):
            return at + 1
    return stop
