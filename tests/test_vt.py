# SPDX-License-Identifier: GPL-2.0
"""The runner of the kselftests: it separates failed from late, however a case ends."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import ktap, machine
from harness.context import REPO

HERE = Path(__file__).parent / "vt"
SOURCES = ("vt.c", "vt.h", "verdict.c", "verdict.h")
ALL_LATE = 124
GOOD = ("good", "skipped", "ignored", "finished-good")
WRONG = (
    "wrong",
    "silent",
    "late-and-wrong",
    "crash",
    "child-wrong-beside",
    "child-crashed",
    "hung-beside-crash",
    "finished-crash",
    "image-wrong",
)
LATE = ("late", "late-by-bool", "child-late", "hung", "finished-late", "image-late")
EXPECTED = {
    **dict.fromkeys(GOOD, ktap.PASS),
    "skipped": ktap.SKIP,
    **dict.fromkeys(WRONG, ktap.FAIL),
    **dict.fromkeys(LATE, ktap.TIMEOUT),
}

pytestmark = pytest.mark.skipif(
    machine.host_arch() not in machine.names(),
    reason="vt.h supports the architectures of scripts/qemu",
)


@pytest.fixture(name="program", scope="module")
def fixture_program(tmp_path_factory) -> Path:
    """vt.c, built outside a kernel tree."""
    folder = tmp_path_factory.mktemp("vt")
    shutil.copy(HERE / "kselftest.h", folder)
    own = folder / "vdso_task"
    own.mkdir()
    for path in [HERE / "kinds.c", *(REPO / "selftests" / name for name in SOURCES)]:
        shutil.copy(path, own)
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror"]
    sources = [own / name for name in ("kinds.c", "vt.c", "verdict.c")]
    program = own / "kinds"
    subprocess.run(["gcc", *flags, *sources, "-o", program], check=True)
    return program


def run(program: Path, *names: str) -> tuple[int, dict[str, ktap.Result]]:
    done = subprocess.run(
        [program, *names], capture_output=True, text=True, check=False
    )
    document = ktap.parse(done.stdout)
    assert document.errors == []
    return done.returncode, {result.name: result for result in document.results}


@pytest.fixture(name="every", scope="module")
def fixture_every(program: Path) -> dict[str, ktap.Result]:
    status, found = run(program, *EXPECTED)
    assert status == 1
    return found


@pytest.mark.parametrize("case", EXPECTED)
def test_kind(every, case: str) -> None:
    result = every[case]
    assert result.status == EXPECTED[case], result


def test_reason_names_the_missed_limit(every) -> None:
    assert every["late"].reason == "flag 7"
    assert every["late-by-bool"].reason.startswith("a flag: not within ")
    assert every["hung"].reason == "hung: no end after 2 s"


def test_exit_status(program: Path) -> None:
    """As the kernel's runner and PID 1 of the guest read it."""
    assert run(program, *GOOD)[0] == 0
    assert run(program, "good", "late", "skipped")[0] == ALL_LATE
    assert run(program, "late", "wrong", "late")[0] == 1


def test_cases_do_not_share_their_kind(program: Path) -> None:
    """A case's verdict does not carry over to the next case."""
    _, found = run(program, "wrong", "late", "silent", "good")
    assert [r.status for r in found.values()] == ["FAIL", "TIMEOUT", "FAIL", "PASS"]
