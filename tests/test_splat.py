# SPDX-License-Identifier: GPL-2.0
"""Which console lines are splats, and the test that each is attributed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import splat

GOLDEN = Path(__file__).parent / "splat"
# The splats that count in each recorded log: (test, first words of the title).
COUNT = {
    "kasan": [("vdso_task.mapping", "BUG: KASAN: slab-use-after-free in area_put")],
    "lockdep-circular": [("vdso_task.exec", "WARNING: possible circular locking")],
    "lockdep-inconsistent": [("", "WARNING: inconsistent lock state")],
    "lockdep-context": [("", "[ BUG: Invalid wait context ]")],
    "lockdep-recursive": [("", "WARNING: possible recursive locking")],
    "lockdep-full": [("", "BUG: MAX_LOCKDEP_CHAINS too low!")],
    "rcu-usage": [("", "WARNING: suspicious RCU usage")],
    "rcu-stall": [("", "rcu: INFO: rcu_preempt detected stalls")],
    "rcu-stall-self": [("", "rcu: INFO: rcu_preempt self-detected stall")],
    "atomic-sleep": [("", "BUG: sleeping function called from invalid context")],
    "preempt": [("", "BUG: using smp_processor_id() in preemptible")],
    "ubsan": [("", "UBSAN: array-index-out-of-bounds")],
    "kmemleak": [("", "kmemleak: 2 new suspected memory leaks")],
    "slub": [("", "BUG kmalloc-64 (Not tainted): Poison overwritten")],
    "kcsan-ours": [("vdso_task.threads", "BUG: KCSAN: data-race in")],
    "kcsan-inlined": [("vdso_task.threads", "BUG: KCSAN: data-race in")],
    "kcsan-cut": [("vdso_task.threads", "BUG: KCSAN: data-race in")],
    "kcsan-assert": [("vdso_task.threads", "BUG: KCSAN: assert: race in")],
    "kcsan-two": [("", "BUG: KCSAN: data-race in")],
    "kcsan-foreign": [],
    "kcsan-decoded": [],
    "kcsan-unknown": [],
    "quiet": [],
}
FOREIGN = {
    "kcsan-foreign": "context_switch_fill / release_task",
    "kcsan-decoded": "context_switch_fill / release_task",
    "kcsan-two": "context_switch_fill / release_task",
    "kcsan-unknown": "release_task+0x1d/0x30",
}

BAD = [
    "WARNING: CPU: 1 PID: 77 at kernel/sched/core.c:1234 schedule+0x1/0x2",
    "WARNING: possible circular locking dependency detected",
    "WARNING: suspicious RCU usage",
    "BUG: KASAN: slab-use-after-free in area_put+0x10/0x20",
    "BUG: KCSAN: data-race in a / b",
    "BUG: scheduling while atomic: ids/77/0x00000002",
    "BUG: sleeping function called from invalid context at mm/slab.c:1",
    "BUG: unable to handle page fault for address: ffff888000000000",
    "BUG: Bad page state in process ids  pfn:00001",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [ids:77]",
    "UBSAN: shift-out-of-bounds in kernel/fork.c:1:2",
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
    "rcu: INFO: rcu_preempt self-detected stall on CPU",
    "INFO: task ids:77 blocked for more than 120 seconds.",
    "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP",
    "Unable to handle kernel paging request at virtual address 0000",
    "Oops: general protection fault, probably for non-canonical address",
    "kernel BUG at mm/mmap.c:1!",
    "Kernel panic - not syncing: Attempted to kill init!",
    "unchecked MSR access error: RDMSR from 0x1",
    "list_add corruption. next->prev should be prev",
]
GOOD = [
    "Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
    "traps: ids[77] general protection fault ip:401000 sp:7ffd error:0",
    "ids[77]: segfault at 0 ip 0000000000401000 sp 00007ffd error 4",
    "rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.",
    "vdsox: begin vdso_task.ids",
    "Debugging: no BUG here",
]


@pytest.mark.parametrize("line", BAD)
def test_splats(line: str) -> None:
    (found,) = splat.find(f"[    1.000000] {line}\n[    1.1] RIP: 0010:foo\n")
    assert found.title == line


@pytest.mark.parametrize("line", GOOD)
def test_no_splats(line: str) -> None:
    assert splat.find(f"[    1.000000] {line}\n") == []


def test_attributed_to_the_running_test() -> None:
    console = """\
[    0.1] WARNING: at boot
[    0.2] ---[ end trace ]---
[    1.0] vdsox: ready
[    1.1] vdsox: begin a.one
[    1.2] vdsox: end a.one
[    1.3] WARNING: between
[    1.4] ---[ end trace 0 ]---
[    1.5] vdsox: begin a.two
[    1.6][   T77] BUG: KASAN: bad in two
[    1.7][   T77] Call trace:
[    1.8] vdsox: end a.two
[    1.9] after
"""
    found = splat.find(console)
    assert [(s.test, s.title) for s in found] == [
        ("", "WARNING: at boot"),
        ("", "WARNING: between"),
        ("a.two", "BUG: KASAN: bad in two"),
    ]
    assert found[2].text == ("BUG: KASAN: bad in two", "Call trace:")


def test_one_oops_is_one_splat() -> None:
    console = """\
BUG: kernel NULL pointer dereference, address: 0000000000000000
Oops: Oops: 0002 [#1] SMP
Kernel panic - not syncing: Fatal exception
"""
    assert len(splat.find(console)) == 1


def logs() -> list[str]:
    return sorted(path.stem for path in GOLDEN.glob("*.log"))


def test_every_log_is_known() -> None:
    assert logs() == sorted(COUNT)


@pytest.mark.parametrize("name", logs())
def test_recorded_logs(name: str) -> None:
    found, notes = splat.split_foreign(splat.find((GOLDEN / f"{name}.log").read_text()))
    got = [(item.test, item.title) for item in found]
    assert len(got) == len(COUNT[name]), got
    for (test, title), (want_test, want_title) in zip(got, COUNT[name]):
        assert test == want_test
        assert title.startswith(want_title)
    where = "first in vdso_task.threads"
    want = f"foreign data race: {FOREIGN.get(name)} (1 times, {where})"
    assert notes == ([want] if name in FOREIGN else [])


def test_foreign_races_are_counted() -> None:
    text = (GOLDEN / "kcsan-foreign.log").read_text()
    (note,) = splat.split_foreign(splat.find(text * 3))[1]
    assert "(3 times, first in vdso_task.threads)" in note


def test_end_of_a_report() -> None:
    """Console lines after a report are not part of it."""
    (found,) = splat.find((GOLDEN / "kasan.log").read_text())
    assert "kfree" in found.text[-1]


@pytest.mark.parametrize("line", ["WARNING: CPU: 0 PID: 1 at x", "BUG: KASAN: y"])
def test_splat_within_a_foreign_race_counts(line: str) -> None:
    text = (GOLDEN / "kcsan-foreign.log").read_text()
    broken = text.replace("value changed", f"{line}\n[    1.0] value changed")
    titles = [item.title for item in splat.split_foreign(splat.find(broken))[0]]
    assert line in titles
