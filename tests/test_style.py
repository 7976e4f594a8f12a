# SPDX-License-Identifier: GPL-2.0
"""Rules for every file of the project."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from harness.context import REPO

NO_SPDX = (".json", ".log", ".txt", "COPYING", ".patch", "series", "BASE", ".md", ".so")
LONGEST_FILE, LONGEST_FUNCTION = 800, 40


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=False
    )
    names = [name for name in done.stdout.split("\0") if name]
    return [REPO / name for name in names if (REPO / name).is_file()]


def ours(path: Path) -> bool:
    parts = path.relative_to(REPO).parts
    return not {"golden", "ktap", "LICENSES"} & set(parts)


FILES = [path for path in tracked() if ours(path)]
PYTHON = [path for path in FILES if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def test_every_file_names_its_licence() -> None:
    lacking = [
        name_of(path)
        for path in FILES
        if not path.name.endswith(NO_SPDX)
        and "SPDX-License-Identifier: " not in path.read_text(errors="replace")[:400]
    ]
    assert lacking == []


def test_no_file_is_too_long() -> None:
    long = [
        name_of(path)
        for path in FILES
        if len(path.read_bytes().splitlines()) > LONGEST_FILE
    ]
    assert long == []


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_python_functions_are_short_and_typed(path: Path) -> None:
    tests = path.is_relative_to(REPO / "tests")
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        length = (node.end_lineno or 0) - node.lineno + 1
        assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"
        if not tests:
            assert node.returns is not None, f"{node.name} names no return type"


def test_python_is_formatted_by_black() -> None:
    done = subprocess.run(
        ["/usr/bin/black", "-q", "--check", *PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_cxx_is_formatted_by_clang_format() -> None:
    """The sources, and the headers beside them: others are C."""
    sources = [path for path in FILES if path.suffix == ".cc"]
    folders = {path.parent for path in sources}
    headers = [p for p in FILES if p.suffix == ".h" and p.parent in folders]
    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *sources, *headers],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sources and headers and done.returncode == 0, done.stderr


def test_no_host_name_is_written_down() -> None:
    """Mirrors are the user's choice: only apt's configuration names them."""
    pattern = re.compile(r"https?://[a-z0-9.-]*(?:debian\.org|ubuntu\.com)", re.I)
    found = [
        name_of(path)
        for path in FILES
        if path.suffix in (".py", ".sh", "")
        and pattern.search(path.read_text(errors="replace"))
    ]
    assert found == []


# Expressions of private dialect, and the terms of the field to use instead. Letter case
# does not matter, except within (?-i:...).
OLD_TERMS = [
    # identifiers
    (r"\b\w*(begin_to_tell|can_tell)\b", "exposes_cputime, can_answer"),
    (r"\b\w*(start_sum|sum_started|sum_came)\b", "cputimer_start, cputimer_started"),
    (r"\bclock_caught_up\b", "sched_clock_past_rqs"),
    (r"\b\w*off_queue\b", "account_dequeued"),
    (r"\b\w*change_(begin|end)\b", "invalidate_begin, invalidate_end"),
    (r"\bvdso_task_(drop|forget|leave|end_all)\b", "invalidate, detach, exit_mm"),
    (r"\bvdso_task_(fill|keep)\b", "publish, store"),
    (r"withh[eo]ld", "mask_filtered"),
    (r"\bis_watched\b", "has_syscall_work"),
    (r"\bheat_up\b", "count_fallback"),
    (r"\b(un)?map_nothing\b", "map_zero_page, zap_zero_page"),
    (r"\bvdso_task_(armed|wanted|trusted)\b", "enabled, sysctl_enabled, cpu_ids_valid"),
    (r"\bclock_lose\b", "mark_unstable"),
    (r"\bis_now\b", "the condition itself"),
    (r"\bget_again\b", "get_slowpath"),
    (r"(?-i:(return|=) VDSO_TASK_(CALL|AGAIN)\b)", "VDSO_TASK_FALLBACK, RETRY"),
    (r"\bmourners?\b", "pdeathsig child"),
    (r"\bletter_box\b", "pipe"),
    (r"\bwavers?\b", "refresh racer"),
    (r"\bheirs?\b", "reaper"),
    (r"\bvt_(at_end|patience)\b", "vt_cleanup, vt_timeout_scale"),
    (r"\bsametokens\b", "token_cache"),
    (r"\bmissions?\b", "GuestJob"),
    (r"\b(?-i:Promises?|Story|Ending|Shape)\(", "ExpectedTest, Scenario, GuestResult"),
    # words
    (r"distrust", "invalid, inject_bad_cpu"),
    (r"\b(is|are|was|were|be) trusted\b", "valid"),
    (r"\b(is|are|was|were|be) charged\b", "account, sync_runtime"),
    (r"\b(is|are|was|were|be) told\b", "report, return, notify"),
    (r"\bkin\b", "reparent"),
    (r"settl(e[ds]?|ing)(\b|_)", "sync_runtime, account"),
    (r"\blaborator(y|ies)\b", "benchmarks"),
    (r"\btoys?\b", "fixtures, samples"),
    (r"\bheat(ed|ing|s)?\b", "fallback count"),
    (r"\b(hot|cold) (areas?|mms?|process(es)?)\b", "promoted, not promoted"),
    (
        r"\b(is|are|was|were|gets?|becomes?|stays?) (hot|cold)\b",
        "promoted, not promoted",
    ),
    (r"(?-i:\bnews\b)", "notify"),
    (r"\bbuilt ahead\b", "prebuild"),
    (r"\bpromised (cases?|tests?)\b", "expected"),
    # phrases
    (r"\bthe page of zeros\b", "the zero page"),
    (r"\bwho(m|se)?ever\b", "the caller, any task"),
    (r"\bwho (asks?|watche[ds]|watches|met|meets?|looks?)\b", "the caller, the tracer"),
    (r"\bhad to answer\b", "fallback"),
    (r"\bfor want of\b", "on fallback, without"),
    (r"\bstand(s|ing)? in for\b", "replace"),
    (r"\b(comes?|came) there\b", "reach"),
    (r"\bon (its|their|his) way to\b", "before it reaches"),
    (r"\bbe it\b", "whether"),
    (r"(?<!program )\bmakes? the (system )?call\b", "fall back to the system call"),
    (r"\ban (interrupt|softirq) (met|meets)\b", "the interrupted task"),
    (r"\bmet by an interrupt\b", "interrupted"),
    (r"\bwhat (it|they|a \w+|the \w+) (met|meets?)\b", "name the object"),
    (r"\b(first|second) looks?\b", "first read, second read"),
    (r"\bchanges? begun\b", "invalidations begun"),
    (r"\b(clock|counter|entry|record|slot)s? (says?|tells?|told)\b", "report, return"),
    (r"\bnobody (asks|calls|else|here|looks|reads|watches)\b", "no task, no CPU"),
]

# One made-up line for each of these expressions, in their order.
OLD_LINES = """
task_begin_to_tell(p);
vdso_task_sum_started = true;
if (!clock_caught_up())
scx_off_queue(rq, p);
begun = vdso_task_change_begin(task, part);
vdso_task_forget(current);
vdso_task_keep(&answers);
vdso_task_withhold(&answers);
if (is_watched(task))
heat_up(mm);
unmap_nothing(area);
if (vdso_task_armed)
echo 1 >clock_lose
same = is_now(place);
return get_again(place);
return VDSO_TASK_CALL;
a mourner waits for its parent
write(letter_box[1], &byte, 1);
the waver changes its mind
the heir of the child
vt_at_end(kill_child);
tests/sametokens is a compiler
the Mission of this guest
Promise("vdso_task.ids")
the CPUs were distrusted
if the numbers are trusted
the task is charged as it leaves
the answers are told by the record
the kin of the child
vt_settle(result);
the benchmark laboratory
trees are toys
a call adds heat
a cold process owns no page
the area is hot
the child has no news of it
kernels are built ahead of the tests
a promised test gave no line
it maps the page of zeros
for whoever reads the clock
a tracer is who watches it
calls that the kernel had to answer
for want of a record
record 0 stands in for it
the reader never came there
a process on its way to its slots
in any page, be it the first
or it makes the system call
the task that an interrupt met
current was met by an interrupt
it zeroes what a refresh met
the second look is for a child
it counts the changes begun
the slot says whose record it is
there nobody else reads
"""
FIELD_LINES = """
The process is promoted; a hot path and a cold cache are the field's words.
An armed timer fires, transmission ends, and a settop box has permission.
kthread_use_mm() borrows an mm; the caller falls back to the system call.
A program makes the system call itself, and 0 in a page of zeros means it.
Whether it is the first page or not, the task reaches the second one.
procs.end_all() ends whose output nobody needs; a trusted key stays one.
The shape of (x) and the ending (y) of a story (z); NEWS.Debian is a file.
"""


def dialect(line: str) -> list[tuple[str, str]]:
    """Each old term in a line, with the one to use."""
    found = [(re.search(old, line, re.I), new) for old, new in OLD_TERMS]
    return [(match[0], new) for match, new in found if match]


def lines_of(path: Path) -> list[str]:
    """The lines of a text file; none of a binary one."""
    data = path.read_bytes()
    return [] if b"\0" in data else data.decode(errors="replace").splitlines()


def test_terms_are_those_of_the_field() -> None:
    exempt = (REPO / "COPYING", Path(__file__).resolve())
    found = [
        f"{name_of(path)}:{number}: {old} -> {new}"
        for path in tracked()
        if path not in exempt and not path.is_relative_to(REPO / "LICENSES")
        for number, line in enumerate(lines_of(path), 1)
        for old, new in dialect(line)
    ]
    assert found == [], "\n".join(found)


def test_each_old_term_is_found() -> None:
    lines = OLD_LINES.strip().splitlines()
    assert len(lines) == len(OLD_TERMS)
    for line, (old, new) in zip(lines, OLD_TERMS):
        assert new in [use for _, use in dialect(line)], (old, line)


@pytest.mark.parametrize("line", FIELD_LINES.strip().splitlines())
def test_terms_of_the_field_are_not_found(line: str) -> None:
    assert dialect(line) == []
