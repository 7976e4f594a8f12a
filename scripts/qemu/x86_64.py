# SPDX-License-Identifier: GPL-2.0
from harness.machine import Counting, Machine, Userland

MACHINE = Machine(
    srcarch="x86",
    uname="x86_64",
    user=Userland(
        abi="x86_64",
        triplet="x86_64-linux-gnu",
        debian="amd64",
        emulator="qemu-x86_64",
    ),
    image="arch/x86/boot/bzImage",
    qemu="qemu-system-x86_64",
    qemu_package="qemu-system-x86",
    machine="q35",
    # The last model whose TSC a 7.3 kernel treats as constant, and uses for sched_clock(),
    # without the bit for it in CPUID, which QEMU does not emulate.
    cpu="max,vendor=GenuineIntel,family=6,model=58,stepping=9",
    console="ttyS0",
    # On a loaded host an emulated timer may tick late. That must not make the kernel
    # suspect the IO-APIC or the TSC.
    append="earlyprintk=serial,ttyS0,115200 no_timer_check tsc=nowatchdog",
    counting=Counting(
        append=("clocksource=tsc", "tsc=reliable"),
        answer=22,
        switch_beside=3,
        switch_ids=14,
        switch_clocks=22,
    ),
)
