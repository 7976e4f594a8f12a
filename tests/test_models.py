# SPDX-License-Identifier: GPL-2.0
"""The model of the task slots, searched to the end by spin.

It fails if slot, generation and refresh as Documentation/models/ has them can give
a thread a wrong answer under any interleaving. The model is not the code: what
fails if the kernel departs from it is test_the_kernel_does_what_the_model_does().
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from harness.context import REPO

MODELS = REPO / "Documentation" / "models"
MODEL = MODELS / "task-slots.pml"
MEMORY = 4000  # MiB, of which less than a quarter is used

# Each search is a model in which nothing may be wrong.
SOUND = {
    "two-changes": "CHECK_MINE CHECK_NOW CHECK_OWN CHECK_PLACE",
    "told": "CHECK_TOLD",
    "two-writers": "WRITERS=2 CHANGES=1 CHECK_NOW",
    "spare-barrier": "SPARE_MB_SECOND CHECK_NOW",
}

# What is broken, and the assertion that must find it.
BROKEN = {
    "BEGIN_AFTER": "TOLD",
    "STALE_BIT": "TOLD",
    "HEADER_FIRST": "NOW",
    "NO_LOOK": "TOLD",
    "GEN_LATE": "NOW",
    "AREA_LATE": "NOW",
    "NO_MB_A": "NOW",
    "NO_MB_B": "TOLD",
    "NO_MB_C": "NOW",
    "NO_MB_FIRST": "NOW",
    "RMB": "NOW",
    "NO_ACQUIRE": "TOLD",
    "NO_SEQ": "MINE",
    "NO_CPU": "MINE",
    "SKIP_MINE": "OWN",
    "DROP_SLOT": "OWN",
    "DROP_RECORD": "OWN",
    "FILL_IRQS_ON": "PLACE",
}
TEXT = {
    "MINE": "(own==1)",
    "TOLD": "told<=v",
    "NOW": "low<=v",
    "OWN": "u==uid",
    "PLACE": "where==c",
}

# What must happen somewhere, or the search would prove nothing: an answer from a
# slot, also after the last change; one that a change overtakes on its way; a
# change that does not find the area which a refresh is about to publish.
WITNESSES = ["ANSWER", "CHANGED", "OVERTAKEN", "UNFOUND"]


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


def search(folder: Path, defines: str, timeout: int) -> str:
    """What the search says. It stops at the first fault, else it is complete."""
    flags = [f"-D{name}" for name in defines.split()]
    run(["spin", "-a", *flags, str(MODEL)], folder)
    options = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY}"]
    run(["gcc", *options, "-o", "pan", "pan.c"], folder)
    found = run(["./pan", "-m100000", "-w23"], folder, timeout)
    assert "max search depth too small" not in found, found
    return found


def unreached(found: str) -> list[str]:
    """Statements that no interleaving comes to, but for the ends of loops."""
    lines = re.findall(r"^\t(\S+:\d+, state \d+, .*)$", found, re.M)
    return [line for line in lines if '"-end-"' not in line]


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("name", SOUND)
def test_no_interleaving_gives_a_wrong_answer(name: str, tmp_path: Path) -> None:
    found = search(tmp_path, SOUND[name], timeout=1800)
    assert "errors: 0" in found, found
    assert "Search not completed" not in found, found
    assert unreached(found) == []


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str, tmp_path: Path) -> None:
    """Fails if the model would not notice: then its silence means nothing."""
    check = BROKEN[name]
    found = search(tmp_path, f"CHANGES=1 BROKEN_{name} CHECK_{check}", timeout=900)
    assert re.search(r"^pan:1: assertion violated ", found, re.M), found
    assert TEXT[check] in found.split("assertion violated", 1)[1].splitlines()[0]
    assert "errors: 1" in found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", WITNESSES)
def test_the_model_is_not_empty(name: str, tmp_path: Path) -> None:
    """Fails if what the assertions are about never comes to pass."""
    found = search(tmp_path, f"CHECK_NOW WITNESS_{name}", timeout=900)
    assert "assertion violated" in found and "low<=v" not in found, found
    assert "errors: 1" in found


def test_every_variant_of_the_model_is_tried() -> None:
    text = "".join(path.read_text() for path in MODELS.glob("*.pml"))
    assert set(re.findall(r"\bBROKEN_(\w\w+)", text)) == set(BROKEN)
    assert set(re.findall(r"\bWITNESS_(\w\w+)", text)) == set(WITNESSES)
    assert set(re.findall(r"\bCHECK_(\w\w+)", text)) == set(TEXT)
    spare = set(re.findall(r"\bSPARE_\w\w+", text))
    assert spare == set(re.findall(r"\bSPARE_\w+", " ".join(SOUND.values())))


# The steps of the kernel that the model takes, in their order and with nothing
# between them that orders memory.
ORDER = {
    "kernel/vdso/change.c:__vdso_task_change_begin": [
        "atomic64_inc(&p->vdso_task_changes.begin);",
        "smp_mb();",
        "rcu_dereference(p->vdso_task_changes.area);",
        "atomic64_inc(vdso_task_begin(area));",
        "smp_mb();",
    ],
    "kernel/vdso/change.c:__vdso_task_change_end": [
        "smp_mb();",
        "atomic64_inc(&p->vdso_task_changes.end);",
    ],
    "kernel/vdso/slot.c:vdso_task_compute": [
        "atomic64_read(vdso_task_begin(area));",
        "atomic64_read(&changes->end);",
        "smp_mb();",
        "if (!READ_ONCE(vdso_task_allowed))",
        "VDSO_TASK_ANSWERS(VDSO_TASK_COMPUTE)",
        "smp_mb();",
        "atomic64_read(&changes->begin) == end;",
    ],
    "kernel/vdso/slot.c:refresh": [
        "is_filled(area, slot, kind);",
        "recompute(area, kind);",
    ],
    "kernel/vdso/slot.c:attach": [
        "read_lock(&tasklist_lock);",
        "spin_lock_irq(&current->sighand->siglock);",
        "rcu_assign_pointer(current->vdso_task_changes.area, area);",
        "spin_unlock_irq(&current->sighand->siglock);",
        "read_unlock(&tasklist_lock);",
    ],
    "kernel/vdso/slot.c:recompute": [
        "attach(area);",
        "vdso_task_compute(area, &record, clocks)",
        "vdso_task_expose_cputime();",
        "keep(&record);",
        "fill_current(area);",
    ],
    "kernel/vdso/slot.c:__vdso_task_fill": [
        "++*to;",
        "barrier();",
        "to[i] = i == VDSO_TASK_BASE_WORD ? base : from[i];",
    ],
    "kernel/vdso/slot.c:__vdso_task_drop": [
        "local_irq_save(flags);",
        "memset(&current->vdso_task, 0,",
        "__vdso_task_fill(current, area, 0);",
        "local_irq_restore(flags);",
    ],
    "include/vdso/task.h:__vdso_task_look": [
        "__arch_vdso_task_cpu();",
        "__vdso_task_read_seq(slot);",
        "READ_ONCE(*(const u32 *)((const char *)slot + field));",
        "__vdso_task_is_now(slot, __vdso_task_header)",
        "__arch_vdso_task_cpu() == cpu",
        "__vdso_task_is_seq(slot, seq)",
    ],
}


@pytest.mark.parametrize("place", ORDER)
def test_the_kernel_does_what_the_model_does(place: str) -> None:
    """Fails if the kernel moves a step or loses a barrier: then so must the model."""
    name, function = place.split(":")
    source = (REPO / name).read_text()
    match = re.search(
        rf"^[^\n;]*\b{function}\([^;{{]*\)\n{{\n(.*?)^}}", source, re.M | re.S
    )
    assert match, f"no {function}() in {name}"
    body = match.group(1)
    steps = ORDER[place]
    at = 0
    for step in steps:
        found = body.find(step, at)
        assert found >= 0, f"{function}(): no {step} after {body[:at]}"
        at = found + len(step)
    assert body.count("smp_mb();") == steps.count("smp_mb();")
