# SPDX-License-Identifier: GPL-2.0
from harness.machine import Counting, Machine, Userland

MACHINE = Machine(
    srcarch="arm64",
    uname="aarch64",
    user=Userland(
        abi="arm64",
        triplet="aarch64-linux-gnu",
        debian="arm64",
        emulator="qemu-aarch64",
    ),
    compat=Userland(
        abi="arm",
        triplet="arm-linux-gnueabihf",
        debian="armhf",
        emulator="qemu-arm",
    ),
    image="arch/arm64/boot/Image",
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    machine="virt,gic-version=3",
    cpu="max,pauth-impdef=on",
    console="ttyAMA0",
    append="earlycon",
    # virtio-mmio, which a virt machine provides: the kernel needs no PCI
    virtio="device",
    counting=Counting(
        # a timer frequency of 1 GHz
        cpu="cntfrq=1000000000",
        answer=10,
        switch_beside=4,
        switch_ids=8,
        switch_clocks=14,
    ),
)
