# SPDX-License-Identifier: GPL-2.0
from harness.machine import Machine

MACHINE = Machine(
    arch="arm64",
    srcarch="arm64",
    triplet="aarch64-linux-gnu",
    image="arch/arm64/boot/Image",
    qemu="qemu-system-aarch64",
    qemu_package="qemu-system-arm",
    machine="virt,gic-version=3",
    cpu="max,pauth-impdef=on",
    console="ttyAMA0",
    abis=("arm64", "arm"),
    compat="arm-linux-gnueabihf",
    append="earlycon",
    # virtio-mmio, which a virt machine provides: the kernel needs no PCI
    virtio="device",
)
