# SPDX-License-Identifier: GPL-2.0
"""What counts as a complaint of the kernel, and which test it is put to."""

from __future__ import annotations

import pytest

from harness import splat

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
def test_complaints(line: str) -> None:
    (found,) = splat.find(f"[    1.000000] {line}\n[    1.1] RIP: 0010:foo\n")
    assert found.title == line


@pytest.mark.parametrize("line", GOOD)
def test_no_complaints(line: str) -> None:
    assert splat.find(f"[    1.000000] {line}\n") == []


def test_put_to_the_running_test() -> None:
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


def test_one_oops_is_one_complaint() -> None:
    console = """\
BUG: kernel NULL pointer dereference, address: 0000000000000000
Oops: Oops: 0002 [#1] SMP
Kernel panic - not syncing: Fatal exception
"""
    assert len(splat.find(console)) == 1
