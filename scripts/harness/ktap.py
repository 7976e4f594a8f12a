# SPDX-License-Identifier: GPL-2.0
"""Parse KTAP: nested results, directives, plans. A format error is recorded, not fatal.

Nesting is by indentation of any width: lines indented further than their surroundings
belong to the result line that follows them. The kselftest runner prefixes each nested
line with `# ` instead; such lines are parsed as nested KTAP from their version line on.
A result line needs its number: `ok then` is ordinary output of a program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Iterable, Optional

PASS, FAIL, SKIP, XFAIL, ERROR = "PASS", "FAIL", "SKIP", "XFAIL", "ERROR"
TIMEOUT, MISS = "TIMEOUT", "MISS"
BAD = (FAIL, ERROR, TIMEOUT, MISS)

VERSION = re.compile(r"^(?:KTAP version|TAP version) (\d+)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s+#\s*(.*))?$")
RESULT = re.compile(r"^(ok|not ok)\s+(\d+)(?:\s+-?\s*(.*))?$")
DIRECTIVE = re.compile(r"(?<!\\)#\s*(SKIP|TODO|XFAIL|TIMEOUT|ERROR)\b[:\s]*(.*)$", re.I)
COMMENT = re.compile(r"(?:^|\s)(?<!\\)#\s+(.*)$")
BAIL = re.compile(r"^Bail out!\s*(.*)$")
SUBTEST = re.compile(r"^#\s*(?:Subtest:|vdsox: begin)\s+(.+)$")
TOOK = re.compile(r"^# vdsox: took ([0-9.]+) ")
# Lines nested deeper are parsed at this level, which bounds the recursion.
DEEPEST = 40
STAMP = re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d+\](?:\[[^\]]*\])? ?")


@dataclass
class Flake:
    """The first result of a test that timed out and passed when it ran again."""

    reason: str
    log: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The `flake` object of results.schema.json."""
        value: dict[str, Any] = {"reason": self.reason or "timed out"}
        if self.log:
            value["log"] = self.log
        return value


@dataclass
class Result:
    """One test or case: its status, and the results nested in it.

    seconds: of the guest's CLOCK_MONOTONIC, if PID 1 has printed the duration
    errors: format errors within it
    """

    name: str
    status: str
    reason: str = ""
    number: int = 0
    seconds: Optional[float] = None
    log: list[str] = field(default_factory=list)
    subtests: list["Result"] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    flake: Optional[Flake] = None

    @property
    def bad(self) -> bool:
        return self.status in BAD

    def as_json(self) -> dict[str, Any]:
        """The `test` object of results.schema.json."""
        value: dict[str, Any] = {"name": self.name, "status": self.status}
        if self.reason:
            value["reason"] = self.reason
        if self.seconds is not None:
            value["seconds"] = self.seconds
        for key in ("log", "errors"):
            if getattr(self, key):
                value[key] = getattr(self, key)
        if self.flake:
            value["flake"] = self.flake.as_json()
        if self.subtests:
            value["subtests"] = [test.as_json() for test in self.subtests]
        return value


@dataclass
class Document:
    """One level of KTAP."""

    results: list[Result] = field(default_factory=list)
    plan: Optional[int] = None
    version: bool = False
    skip: Optional[str] = None
    bail: Optional[str] = None
    errors: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"results": [r.as_json() for r in self.results]}
        for key in ("plan", "skip", "bail"):
            if getattr(self, key) is not None:
                value[key] = getattr(self, key)
        if self.errors:
            value["errors"] = self.errors
        return value


@dataclass(frozen=True)
class Line:
    number: int
    indent: int
    text: str


class Lines:
    """Peek and pop over the lines that are not blank, without kernel log timestamps."""

    def __init__(self, lines: Iterable[str], first: int = 1) -> None:
        self._lines: list[Line] = []
        self._at = 0
        for number, raw in enumerate(lines, first):
            text = STAMP.sub("", raw.rstrip("\r\n").replace("\t", "        "))
            bare = text.strip()
            if bare:
                indent = len(text) - len(text.lstrip())
                self._lines.append(Line(number, indent, bare))

    def peek(self) -> Optional[Line]:
        """The next line; None at the end."""
        return self._lines[self._at] if self._at < len(self._lines) else None

    def pop(self) -> Line:
        self._at += 1
        return self._lines[self._at - 1]


class Level:
    """Parse the lines of one indentation and those nested between them."""

    def __init__(self, lines: Lines, indent: int, depth: int = 0) -> None:
        self.lines, self.indent, self.depth = lines, indent, depth
        self.document = Document()
        self._clear()

    def _clear(self) -> None:
        self.nested: list[Document] = []
        self.log: list[str] = []
        self.name = ""
        self.seconds: Optional[float] = None
        self.first = 0

    def parse(self) -> Document:
        """Consume lines up to the first of a smaller indentation."""
        while True:
            line = self.lines.peek()
            if line is None or line.indent < self.indent:
                break
            if line.indent > self.indent and self.depth < DEEPEST:
                self._nest(line)
                continue
            self._line(self.lines.pop())
        self._finish()
        return self.document

    def _nest(self, line: Line) -> None:
        inner = Level(self.lines, line.indent, self.depth + 1).parse()
        self.nested.append(inner)
        texts = [" " * (line.indent - self.indent) + text for text in inner.log]
        self.log += texts
        self.document.log += texts

    def _line(self, line: Line) -> None:
        text = line.text
        if self.document.bail is not None:
            return
        if VERSION.match(text):
            self.document.version = True
        elif match := PLAN.match(text):
            self._plan(line, match)
        elif match := RESULT.match(text):
            self._result(line, match)
        elif match := BAIL.match(text):
            self.document.bail = match[1] or "no reason"
        else:
            self._other(text)
        if not RESULT.match(text):
            self.document.log.append(text)

    def _other(self, text: str) -> None:
        if match := SUBTEST.match(text):
            self.name = match[1].strip()
        elif match := TOOK.match(text):
            self.seconds = float(match[1])
        elif not text.startswith("# vdsox: "):
            self.log.append(text)

    def _plan(self, line: Line, match: re.Match[str]) -> None:
        document = self.document
        if document.plan is not None:
            document.errors.append(f"line {line.number}: a second plan")
            return
        document.plan = int(match[1])
        if document.plan == 0:
            directive = DIRECTIVE.search("# " + (match[2] or ""))
            document.skip = directive[2].strip() if directive else ""

    def _result(self, line: Line, match: re.Match[str]) -> None:
        document = self.document
        expected = len(document.results) + 1
        if int(match[2]) != expected:
            document.errors.append(
                f"line {line.number}: expected number {expected}, got {match[2]}"
            )
        result = _read_result(match)
        result.seconds = self.seconds
        result.log = self.log
        _attach(result, self.nested + _unfold(self.log, line.number))
        document.results.append(result)
        document.log.append(line.text)
        self._clear()

    def _finish(self) -> None:
        """Add an ERROR for nested results without a result line; check the plan."""
        document = self.document
        if document.bail is None and any(inner.results for inner in self.nested):
            name = self.name or "unfinished"
            result = Result(name, ERROR, "no result line", log=self.log)
            _attach(result, self.nested)
            document.results.append(result)
        count = len(document.results)
        if document.plan not in (None, count) and document.bail is None:
            document.errors.append(f"planned {document.plan} results, got {count}")


def _read_result(match: re.Match[str]) -> Result:
    rest = (match[3] or "").strip()
    status, reason = (PASS if match[1] == "ok" else FAIL), ""
    directive = DIRECTIVE.search(rest)
    if directive:
        status = _apply_directive(status, directive[1].upper())
        reason, rest = directive[2].strip(), rest[: directive.start()]
    elif comment := COMMENT.search(rest):
        reason, rest = comment[1].strip(), rest[: comment.start()]
    name = rest.strip().replace("\\#", "#")
    return Result(name or match[2], status, reason, int(match[2]))


def _apply_directive(status: str, directive: str) -> str:
    """The status of `ok` (PASS) or `not ok` (FAIL) with a directive."""
    if directive == "SKIP":
        return SKIP if status == PASS else FAIL
    if directive == "XFAIL":
        return XFAIL
    if directive == "TODO":
        return XFAIL if status == FAIL else PASS
    return directive if status == FAIL else status


def _unfold(log: list[str], number: int) -> list[Document]:
    """Parse the kselftest runner's nesting: lines of KTAP prefixed with `# `."""
    inner = [text[2:] for text in log if text.startswith("# ")]
    starts = [at for at, text in enumerate(inner) if VERSION.match(text.strip())]
    if not starts:
        return []
    return [Level(Lines(inner[starts[0] :], number), 0).parse()]


def _attach(result: Result, nested: list[Document]) -> None:
    """Add nested documents to their result; a PASS or SKIP becomes FAIL if they have
    failures or errors."""
    for inner in nested:
        result.subtests += inner.results
        result.errors += inner.errors
        if inner.bail is not None:
            result.errors.append(f"bailed out: {inner.bail}")
        if inner.skip and result.status == SKIP and not result.reason:
            result.reason = inner.skip
    failed = [test.name for test in result.subtests if test.bad]
    if result.status in (PASS, SKIP) and (failed or result.errors):
        result.status = FAIL
        result.reason = result.errors[0] if result.errors else f"{failed[0]} failed"


def parse(text: str) -> Document:
    """Parse a whole log; raises nothing, Document.errors has the format errors."""
    return Level(Lines(text.splitlines()), 0).parse()
