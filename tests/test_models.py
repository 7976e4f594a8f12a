# SPDX-License-Identifier: GPL-2.0
"""Exhaustive searches by spin of the models of the task records.

They fail if record, slot, invalidation and refresh as modelled in Documentation/models/
can give a thread a wrong answer under any interleaving. The models are not the code:
test_model_steps.py compares the two.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from harness.context import REPO

MODELS = REPO / "Documentation" / "models"
RECORDS, CLOCK = "task-records", "clock"
MEMORY = 4000  # MiB, of which less than half is used

# Models without a defect: no search may find a fault.
SOUND = {
    "two-changes": (RECORDS, "CHECK_MINE CHECK_NOW CHECK_OWN CHECK_PLACE"),
    "causal": (RECORDS, "CHECK_CAUSAL"),
    "two-writers": (RECORDS, "WRITERS=2 CHANGES=1 CHECK_NOW"),
    "register": (RECORDS, "REGISTER CHECK_NOW CHECK_OWN"),
    "register-causal": (RECORDS, "REGISTER CHECK_CAUSAL"),
    "clock": (CLOCK, ""),
}

# Defects, and the assertion that must find each.
BROKEN = {
    "BEGIN_AFTER": "CAUSAL",
    "NO_ZERO": "CAUSAL",
    "ZERO_FIRST": "NOW",
    "NO_RECHECK": "CAUSAL",
    "RECHECK_FIRST": "NOW",
    "RECORD_LATE": "NOW",
    "NO_MB_A": "NOW",
    "NO_MB_B": "CAUSAL",
    "NO_MB_C": "NOW",
    "NO_MB_FIRST": "NOW",
    "NO_MB_SECOND": "NOW",
    "NO_OWN_ZERO": "OWN",
    "NO_SEQ": "MINE",
    "NO_CPU": "MINE",
    "PUBLISH_IRQS_ON": "PLACE",
}
BROKEN_CLOCK = {
    "STAMP_LATE",
    "RECORD_FIRST",
    "BASE_FIRST",
    "NO_STAMP",
    "SAME_TIME",
    "RQ_CLOCK",
}
TEXT = {
    "MINE": "(own==1)",
    "CAUSAL": "received<=v",
    "NOW": "low<=v",
    "OWN": "u==uid",
    "PLACE": "where==c",
}
CLOCK_TEXT = "(r==1)&&(b==mine)"

# What some interleaving must reach, or the search would prove nothing: an answer from
# a record, also after the last change of the value; an answer that such a change
# overtakes; an invalidation that does not find the record of a racing refresh yet.
WITNESSES = ["ANSWER", "CHANGED", "OVERTAKEN", "UNFOUND"]
# A valid time, also of a thread that was migrated or switched out since.
CLOCK_WITNESSES = ["ANSWER", "MOVED", "LATER"]


def run(command: list[str], folder: Path, timeout: int = 120) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def search(folder: Path, model: str, defines: str, timeout: int) -> str:
    """The output of a search, which is complete or stops at the first fault."""
    flags = [f"-D{name}" for name in defines.split()]
    run(["spin", "-a", *flags, str(MODELS / f"{model}.pml")], folder)
    options = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY}"]
    run(["gcc", *options, "-o", "pan", "pan.c"], folder)
    found = run(["./pan", "-m100000", "-w23"], folder, timeout)
    assert "max search depth too small" not in found, found
    return found


def unreached(found: str) -> list[str]:
    """Statements that no interleaving reaches, except the ends of loops."""
    lines = re.findall(r"^\t(\S+:\d+, state \d+, .*)$", found, re.M)
    return [line for line in lines if '"-end-"' not in line]


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", SOUND)
def test_no_interleaving_gives_a_wrong_answer(name: str, tmp_path: Path) -> None:
    found = search(tmp_path, *SOUND[name], timeout=1800)
    assert "errors: 0" in found, found
    assert "Search not completed" not in found, found
    assert unreached(found) == []


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", BROKEN)
def test_defect_is_found(name: str, tmp_path: Path) -> None:
    """If the model misses a defect, a search without a fault proves nothing."""
    check = BROKEN[name]
    defines = f"CHANGES=1 BROKEN_{name} CHECK_{check}"
    found = search(tmp_path, RECORDS, defines, timeout=900)
    assert re.search(r"^pan:1: assertion violated ", found, re.M), found
    assert TEXT[check] in found.split("assertion violated", 1)[1].splitlines()[0]
    assert "errors: 1" in found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(BROKEN_CLOCK))
def test_defect_of_the_clock_is_found(name: str, tmp_path: Path) -> None:
    found = search(tmp_path, CLOCK, f"BROKEN_{name}", timeout=900)
    assert re.search(r"^pan:1: assertion violated ", found, re.M), found
    assert CLOCK_TEXT in found.split("assertion violated", 1)[1].splitlines()[0]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", WITNESSES)
def test_the_model_is_not_vacuous(name: str, tmp_path: Path) -> None:
    """Fails if no interleaving reaches the state that the assertions are about."""
    found = search(tmp_path, RECORDS, f"CHECK_NOW WITNESS_{name}", timeout=900)
    assert "assertion violated" in found and "low<=v" not in found, found
    assert "errors: 1" in found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CLOCK_WITNESSES)
def test_the_clock_is_not_vacuous(name: str, tmp_path: Path) -> None:
    found = search(tmp_path, CLOCK, f"WITNESS_{name}", timeout=900)
    assert "assertion violated" in found and CLOCK_TEXT not in found, found


def test_every_variant_of_the_models_is_tried() -> None:
    clock = (MODELS / "clock.pml").read_text()
    text = "".join(
        path.read_text() for path in MODELS.glob("*.pml") if path.stem != CLOCK
    )
    assert set(re.findall(r"\bBROKEN_(\w\w+)", text)) == set(BROKEN)
    assert set(re.findall(r"\bBROKEN_(\w\w+)", clock)) == BROKEN_CLOCK
    assert set(re.findall(r"\bWITNESS_(\w\w+)", text)) == set(WITNESSES)
    assert set(re.findall(r"\bWITNESS_(\w\w+)", clock)) == set(CLOCK_WITNESSES)
    assert set(re.findall(r"\bCHECK_(\w\w+)", text)) == set(TEXT)
    sound = " ".join(defines for _, defines in SOUND.values())
    kind = r"\bREGISTER\b"
    assert set(re.findall(kind, text)) == set(re.findall(kind, sound))
