# SPDX-License-Identifier: GPL-2.0
"""Compares the steps of the kernel with those of the models in Documentation/models/.

A comment "model: GROUP.STEP" names a step of the kernel; "kernel: GROUP.STEP" names the
same step in a model. A group is one function of the kernel. A model may take several
steps at once, or have no state for some of them.
"""

from __future__ import annotations

import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

KERNEL = ("kernel", "include", "arch", "lib", "patches")
MODELS = Path("Documentation") / "models"
NAMES = r"[a-z]+\.[\w-]+(?: [a-z]+\.[\w-]+)*"
BARRIER = re.compile(r"\bsmp_[rw]?mb\(\);")

# The statement of each step in the kernel, and those of the step in the models.
STEPS = {
    "begin.count": ("atomic64_inc(&p->vdso_task.begin);", "store(wait_T_begin[me])"),
    "begin.A": ("smp_mb();", "smp_mb_a;"),
    "begin.find": ("rcu_dereference(p->vdso_task.record);", "found = T_record"),
    "begin.zero": ("invalidate(record, part);", "found -> store(wait_zero[me])"),
    "begin.B": ("smp_mb();", "smp_mb_b;"),
    "end.C": ("smp_mb();", "smp_mb_c;"),
    "end.count": ("atomic64_inc(&p->vdso_task.end);", "store(wait_T_end[me])"),
    "store.end": ("atomic64_read(&task->end);", "loads(LOADS_1);"),
    "store.D": ("smp_mb();", "(running() && !wait_T_record);"),
    "store.work": ("vdso_task_has_syscall_work(current)", "loads(LOADS_2);"),
    "store.compute": ("compute(answers, clocks);", "loads(LOADS_2);"),
    "store.answers": (
        "vdso_task_store(answers);",
        "wait_rec = 1; new_val = v; new_uid = u;",
    ),
    "store.E": ("smp_mb();", "smp_mb_second;"),
    "store.begin": ("atomic64_read(&task->begin) == end", "loads(BEGIN);"),
    "store.allowed": ("&& READ_ONCE(vdso_task_allowed)", "loads(BEGIN);"),
    "store.zero": ("vdso_task_store(&none);", "begun != ended -> zero_own_record()"),
    "attach.lock": ("read_lock(&tasklist_lock);", "record_before"),
    "attach.siglock": ("spin_lock_irq(&current->sighand->siglock);", "record_before"),
    "attach.record": (
        "rcu_assign_pointer(current->vdso_task.record, record);",
        "record_before",
    ),
    "attach.sigunlock": (
        "spin_unlock_irq(&current->sighand->siglock);",
        "record_before",
    ),
    "attach.unlock": ("read_unlock(&tasklist_lock);", "record_before"),
    "refresh.record": (
        "get_record(area)",
        "has_record = 1;",
        "stamp[me] = counter(me)",
    ),
    "refresh.expose": ("vdso_task_expose_cputime();", "stamp[me] = counter(me)"),
    "refresh.store": (
        "vdso_task_try_store(&answers, clocks);",
        "loads(LOADS_1);",
        "stamp[me] = counter(me)",
    ),
    "refresh.publish": (
        "vdso_task_publish_current();",
        "publish_current();",
        "stamp[me] = counter(me)",
    ),
    "publish.seq": (
        "vdso_task_change_seq(slot, next);",
        "cpu == c -> same = 0",
        "base[me] = 0;",
    ),
    "publish.base": ("WRITE_ONCE(slot->base, 0);", "base[me] = 0;"),
    "publish.record": (
        "WRITE_ONCE(slot->record, (s64)next->vdso_task.locator);",
        "slot_record[c] = (has_record -> MINE : NONE)",
        "slot_record[me] = OTHER",
        "record[me] = OTHER",
    ),
    "base.seq": (
        "vdso_task_change_seq(slot, next);",
        "cpu == c -> same = 0",
        "stamp[me] = counter(me);",
    ),
    "base.stamp": (
        "WRITE_ONCE(slot->stamp, get_cycles());",
        "stamp[me] = counter(me);",
    ),
    "base.clock": ("WRITE_ONCE(slot->clock, clock);", "stamp[me] = counter(me);"),
    "base.record": (
        "WRITE_ONCE(slot->record, (s64)next->vdso_task.locator);",
        "slot_record[c] = (has_record -> MINE : NONE)",
        "slot_record[me] = OTHER",
        "record[me] = OTHER;",
    ),
    "base.base": ("WRITE_ONCE(slot->base, base);", "base[me] = OTHERS_BASE;"),
    "current.irqs-off": ("local_irq_save(flags);", "irqs_off[c] = 1;"),
    "current.publish-base": (
        "vdso_task_publish_base(slot, current, base, clock);",
        "publish_seq(c)",
    ),
    "current.publish": ("vdso_task_publish(slot, current);", "publish_seq(c)"),
    "current.irqs-on": ("local_irq_restore(flags);", "irqs_off[c] = 0;"),
    "get.find": ("place = __arch_vdso_task_find();", "cpu = where"),
    "get.answer": (
        "__arch_vdso_task_answer(place, field);",
        "v = rec_val; u = rec_uid",
    ),
    "get.none": ("__builtin_sub_overflow(answer, 1, &answer)", "else -> goto refresh"),
    "get.unchanged": (
        "!__arch_vdso_task_is_unchanged(place)",
        "where != cpu -> goto refresh",
    ),
    "find.cpu": ("__arch_vdso_task_first_cpunode()", "cpu = where"),
    "find.high": ("__arch_vdso_task_half(place.slot, 1)", "same = 1"),
    "find.low": ("__arch_vdso_task_half(place.slot, 0)", "same = 1"),
    "find.record": ("__arch_vdso_task_distance(place.slot);", "own = slot_record[cpu]"),
    "unchanged.cpu": (
        "__arch_vdso_task_second_cpunode() == place.cpunode",
        "where != cpu -> goto refresh",
    ),
    "unchanged.low": (
        "__arch_vdso_task_half(place.slot, 0), place.seq[0]",
        "!same -> goto refresh",
    ),
    "unchanged.high": (
        "__arch_vdso_task_half(place.slot, 1), place.seq[1]",
        "!same -> goto refresh",
    ),
    "sample.counter": ('"rdtscp"', "t = now; c = where"),
    "sample.record": ("__arch_vdso_task_distance(slot)", "r = record[c]"),
    "sample.base": ("READ_ONCE(slot->base);", "b = base[c]"),
    "valid.stamp": ("now.counter > READ_ONCE(now.slot->stamp)", "m = stamp[c]"),
}
# Steps that a model has at more than one place.
TIMES = {
    ("task-records", "publish.record"): 2,
    ("task-records", "base.record"): 2,
}


# What a model leaves out of a function that it has.
OMITTED = {
    "task-records": [
        "publish.base",
        "base.stamp",
        "base.clock",
        "base.base",
        "refresh.expose",
    ],
}


@dataclass(frozen=True)
class Mark:
    """A comment that names steps, and the statement that takes them."""

    names: list[str]
    code: str
    start: int  # of the comment's line
    end: int  # of the statement


def marks(text: str, word: str) -> list[Mark]:
    """A comment is behind its statement, or on a line of its own before it."""
    found = []
    for match in re.finditer(rf"/\* {word}: ({NAMES})(?:, [^*]*)? \*/", text):
        start, end = text.rfind("\n", 0, match.start()) + 1, match.end()
        code = text[start : match.start()]
        if not code.strip():
            code = re.compile(r"[^;{}]*[;{}]?").match(text, end)[0]
            end += len(code)
        code = re.sub(r"\s+", " ", code).strip()
        found.append(Mark(match[1].split(" "), code, start, end))
    return found


def group(name: str) -> str:
    return name.split(".")[0]


def names(found: list[Mark]) -> list[str]:
    return [name for mark in found for name in mark.names]


def misplaced(found: list[Mark], column: slice) -> list[str]:
    """Names beside other statements than theirs; one statement takes steps in order."""
    wrong = []
    for mark in found:
        at = 0
        for name in mark.names:
            places = [mark.code.find(text, at) for text in STEPS.get(name, ())[column]]
            places = [place for place in places if place >= 0]
            if not places:
                wrong.append(f"{name}: not the statement of this step: {mark.code}")
            at = min(places, default=at)
    return wrong


def malformed(text: str, word: str, found: list[Mark]) -> list[str]:
    extra = len(re.findall(rf"/\*\s*{word}\b", text)) - len(found)
    return [f"{extra} comments begin with '{word}' and name no step"] if extra else []


def functions(text: str) -> list[tuple[str, str]]:
    """Name and body of each function."""
    pattern = r"^(?=\w)[^\n;]*\b(\w+)\([^;{]*\)\n\{\n(.*?)^\}"
    return re.findall(pattern, text, re.M | re.S)


class Kernel:
    """The kernel's steps, by group and in their order."""

    def __init__(self, root: Path) -> None:
        self.order: dict[str, list[str]] = {}
        self.faults: list[str] = []
        for folder in KERNEL:
            for path in sorted((root / folder).rglob("*.*")):
                if path.suffix in (".c", ".h", ".patch"):
                    self._read(path)
        self._compare_with_table()

    def _read(self, path: Path) -> None:
        text = path.read_text()
        found = marks(text, "model")
        faults = malformed(text, "model", found) + misplaced(found, slice(0, 1))
        inside: list[str] = []
        for function, body in functions(text):
            own = marks(body, "model")
            inside += names(own)
            faults += self._add(function, own)
            barriers = len(BARRIER.findall(body))
            if own and barriers != sum(bool(BARRIER.search(m.code)) for m in own):
                faults.append(f"{function}(): a barrier is no step")
        if inside != names(found):
            faults.append("a step is outside of a function")
        self.faults += [f"{path.name}: {fault}" for fault in faults]

    def _add(self, function: str, found: list[Mark]) -> list[str]:
        faults = []
        new: dict[str, list[str]] = {}
        for name in names(found):
            new.setdefault(group(name), []).append(name)
        for key, steps in new.items():
            if key in self.order:
                faults.append(f"{function}(): {key} is another function, too")
            self.order.setdefault(key, []).extend(steps)
        return faults

    def _compare_with_table(self) -> None:
        steps = sum(self.order.values(), [])
        for name in sorted(set(steps) | set(STEPS)):
            if steps.count(name) != 1 or name not in STEPS:
                self.faults.append(f"{name}: {steps.count(name)} times in the kernel")


def included(path: Path) -> list[Path]:
    found = re.findall(r'^#include "(.*)"$', path.read_text(), re.M)
    return [path.parent / name for name in found]


@functools.lru_cache
def preprocess(path: Path, _texts: tuple[str, ...]) -> str:
    """The variant without a defect, its macros not expanded."""
    command = ["gcc", "-E", "-fdirectives-only", "-P", "-x", "c", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


class Model:
    """The steps of a model without defects."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        texts = tuple(part.read_text() for part in [path, *included(path)])
        self.text = "".join(texts)
        pattern = r"^(inline|proctype) (\w+)\(.*?\)\n\{\n(.*?)^\}"
        blocks = re.findall(pattern, preprocess(path, texts), re.M | re.S)
        self.bodies = {name: body for _, name, body in blocks}
        self.inlines = [name for kind, name, _ in blocks if kind == "inline"]
        self.marks = marks("".join(self.bodies.values()), "kernel")
        self.steps = set(names(self.marks))
        self.paths = [
            self._path(body) for kind, _, body in blocks if kind == "proctype"
        ]

    def _path(self, body: str) -> list[str]:
        """The steps of a process in their order, those of inlines included."""
        calls = "|".join(self.inlines) or "(?!)"
        found = []
        pattern = rf"/\* kernel: ({NAMES})[, ]|\b({calls})\("
        for step, inline in re.findall(pattern, body):
            found += step.split(" ") if step else self._path(self.bodies[inline])
        return found

    def faults(self, kernel: Kernel) -> list[str]:
        everywhere = marks(self.text, "kernel")
        found = malformed(self.text, "kernel", everywhere) + misplaced(
            self.marks, slice(1, None)
        )
        if sorted(names(everywhere)) != sorted(names(self.marks)):
            found.append("a step is in no variant without a defect")
        for name in sorted(self.steps | self._expected(kernel)):
            times = names(self.marks).count(name)
            if times != TIMES.get((self.name, name), 1):
                found.append(f"{name}: {times} times in the model")
            if name not in kernel.order.get(group(name), []):
                found.append(f"{name}: not in the kernel")
        for name in sorted(self.steps - set(sum(self.paths, []))):
            found.append(f"{name}: in no process")
        for path in self.paths:
            found += self._order_faults(path, kernel)
        return [f"{self.name}.pml: {fault}" for fault in found]

    def _expected(self, kernel: Kernel) -> set[str]:
        """All steps of the functions of which it has any."""
        groups = {group(name) for name in self.steps}
        steps = {name for key in groups for name in kernel.order.get(key, [])}
        return steps - set(OMITTED.get(self.name, []))

    def _order_faults(self, path: list[str], kernel: Kernel) -> list[str]:
        """A process takes all steps of a group in their order, once or repeatedly."""
        found = []
        for key, order in kernel.order.items():
            steps = [name for name in path if group(name) == key]
            want = [name for name in order if name in self.steps]
            if steps and (not want or steps != want * (len(steps) // len(want))):
                found.append(f"{' '.join(steps)}, but the kernel: {' '.join(want)}")
        return found


def models_of(root: Path) -> list[Model]:
    paths = sorted((root / MODELS).glob("*.pml"))
    parts = {part for path in paths for part in included(path)}
    return [Model(path) for path in paths if path not in parts]


def differences(kernel: Kernel, models: list[Model]) -> list[str]:
    """Where kernel and models do not have the same steps in the same order."""
    faults = [*kernel.faults]
    for model in models:
        faults += model.faults(kernel)
    for key, steps in kernel.order.items():
        if not any(set(steps) <= model.steps for model in models):
            faults.append(f"{key}: no model has all of {' '.join(steps)}")
    return faults
