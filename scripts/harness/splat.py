# SPDX-License-Identifier: GPL-2.0
"""Find the kernel's complaints (splats) in a console log, and the test that ran then.

A complaint is a report of KASAN, KCSAN, UBSAN, lockdep, kmemleak, the RCU stall
detector, WARN() or the like. All of them fail a test, with one exception: a data
race (KCSAN) that does not involve the patches' code, of which the kernel has many
known ones. Such a report is foreign if it is complete and none of its frames is in
a function or, where decode.py has added file names, a file of the patches.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Iterable

STAMP = re.compile(r"^\[\s*\d+\.\d+\](?:\[[^\]]*\])? ?")
MARK = re.compile(r"^vdsox: (begin|end|ready)(?: (.*))?$")
SPLAT = re.compile(
    r"""^(?:
      WARNING:\ .*
    | (?:watchdog:\ )?BUG:\ .*
    | \[\ BUG:\ .*\ \]
    | BUG\ \S+\ \(.*\):\ .*
    | (?:kernel\ )?BUG\ at\ .*
    | kernel\ BUG\ .*
    | Oops\b.*
    | Internal\ error:.*
    | Unable\ to\ handle\ kernel\ .*
    | general\ protection\ fault\b.*
    | invalid\ opcode:.*
    | unchecked\ MSR\ access\ error:.*
    | UBSAN:\ .*
    | kmemleak:\ \d+\ new\ suspected\ memory\ leaks\b.*
    | (?:\S+:\ )*Watchdog\ detected\ hard\ LOCKUP\b.*
    | (?:rcu:\ )?INFO:\ rcu.*\bstalls?\b.*
    | INFO:\ task\ .*\ blocked\ for\ more\ than\ .*
    | INFO:\ trying\ to\ register\ non-static\ key.*
    | INFO:\ possible\ recursive\ locking.*
    | turning\ off\ the\ locking\ correctness\ validator.*
    | list_(?:add|del)\ corruption.*
    | Kernel\ panic\ -\ .*
    )""",
    re.VERBOSE,
)
END = re.compile(r"^---\[ end ")
RULER = re.compile(r"^={20,}$")
LONGEST = 60

RACE = re.compile(r"^BUG: KCSAN: data-race in ")
LONGEST_RACE = 200
FRAME = re.compile(r"\b\S+\+0x[0-9a-f]+/0x[0-9a-f]+")
PATCHED_CODE = re.compile(
    r"vdso_task|\bkernel/vdso/|\b(include|asm)/vdso/(task|tpidrro)"
)


@dataclass(frozen=True)
class Splat:
    """A complaint: its first line, its text, and the test that ran, or "".

    complete: ends with a ruler, as KCSAN's reports do
    """

    title: str
    test: str
    text: tuple[str, ...]
    complete: bool = False

    @property
    def foreign(self) -> bool:
        """A data race without the patches' code: reported, but fails no test."""
        if not RACE.match(self.title) or not self.complete:
            return False
        frames = [line for line in self.text[1:] if FRAME.search(line)]
        return bool(frames) and not any(PATCHED_CODE.search(line) for line in frames)


def _bare(line: str) -> str:
    return STAMP.sub("", line.rstrip("\r\n"))


def find(console: str) -> list[Splat]:
    """All complaints in order. A panic at the end of an oops is part of the oops."""
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
        end = (_race_end if RACE.match(lines[at]) else _end)(lines, at)
        complete = end < len(lines) and bool(RULER.match(lines[end]))
        splats.append(Splat(lines[at], running, tuple(lines[at:end]), complete))
        marks = [mark for mark in map(MARK.match, lines[at:end]) if mark]
        if marks:
            running = (marks[-1][2] or "") if marks[-1][1] == "begin" else ""
        at = end
    return splats


def _end(lines: list[str], start: int) -> int:
    """The index after the last line of the complaint that begins at `start`."""
    stop = min(len(lines), start + LONGEST)
    for at in range(start + 1, stop):
        if MARK.match(lines[at]) or RULER.match(lines[at]) or RACE.match(lines[at]):
            return at
        if END.match(lines[at]):
            return at + 1
    return stop


def _race_end(lines: list[str], start: int) -> int:
    """The index of the ruler that ends a data race's report, or of another complaint.

    The report may contain a mark that PID 1 has printed from another CPU.
    """
    stop = min(len(lines), start + LONGEST_RACE)
    for at in range(start + 1, stop):
        if RULER.match(lines[at]) or SPLAT.match(lines[at]):
            return at
    return stop


def split_foreign(splats: Iterable[Splat]) -> tuple[list[Splat], list[str]]:
    """The complaints that fail a test, and a note for each foreign data race."""
    counted: list[Splat] = []
    foreign: Counter[str] = Counter()
    first: dict[str, str] = {}
    for item in splats:
        if not item.foreign:
            counted.append(item)
            continue
        what = item.title[len("BUG: KCSAN: data-race in ") :]
        foreign[what] += 1
        first.setdefault(what, item.test or "no test")
    notes = [
        f"foreign data race: {what} ({count} times, first in {first[what]})"
        for what, count in foreign.most_common()
    ]
    return counted, notes
