# SPDX-License-Identifier: GPL-2.0
"""Choose QEMU's accelerator: KVM if a guest boots under it, else TCG.

/dev/kvm may exist, open and create CPUs on a host where no guest boots. So the
cell's own kernel is booted once with a time limit, and the outcome is cached until
the host reboots, or QEMU's version or the limit changes.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness import atomic, guest, procs
from harness.cell import Cell
from harness.errors import Fault
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig

# Seconds for the probe's boot, multiplied by the cell's timeout_scale.
LIMIT = 12.0
PROBE_PREFIX = "kvm-"


def _key(qemu: str) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    version = procs.capture([qemu, "--version"], qemu).splitlines()[0]
    return f"{boot.read_text().strip()} {version} {LIMIT}"


def _cached(path: Path, key: str) -> str:
    """The accelerator in the cache file; empty if absent, damaged or of another key."""
    try:
        value = json.loads(path.read_text())
        return str(value["accel"]) if value["key"] == key else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def choose(cell: Cell) -> str:
    """`kvm` if a guest boots under it, else `tcg`; the step's note gives the reason.

    Fault if $VDSOX_ACCEL is neither of them.
    """
    wanted = os.environ.get("VDSOX_ACCEL", "")
    if wanted not in ("", "kvm", "tcg"):
        raise Fault(f"VDSOX_ACCEL={wanted}: expected kvm or tcg")
    path = cell.ctx.out / f"accel-{cell.machine.arch}.json"
    with cell.ctx.ui.step(cell.base, cell.label, "accel") as outcome:
        if cell.mode.one_insn:
            outcome.note = "tcg: KVM cannot run one instruction a block"
            return "tcg"
        if wanted:
            outcome.note = f"{wanted}: set by VDSOX_ACCEL"
            return wanted
        if not cell.machine.native:
            outcome.note = "tcg: KVM runs this machine's architecture only"
            return "tcg"
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            outcome.note = "tcg: /dev/kvm is missing or not accessible"
            return "tcg"
        key = _key(cell.machine.qemu)
        accel = _cached(path, key)
        outcome.word = "cached" if accel else "ok"
        accel = accel or _probe(cell, path, key)
        works = "works" if accel == "kvm" else "exists, but no guest boots under it"
        outcome.note = f"{accel}: /dev/kvm {works}"
        return accel


def _probe(cell: Cell, path: Path, key: str) -> str:
    """Boot the cell's kernel under KVM and cache the outcome."""
    try:
        guest_result = guest.run(
            cell,
            GuestJob("probe"),
            GuestConfig(cpus=2, mem=cell.variant.mem),
            "kvm",
            prefix=PROBE_PREFIX,
            boot_limit=LIMIT * cell.timeout_scale,
        )
        accel = "tcg" if guest_result.reason else "kvm"
    except Fault:
        accel = "tcg"
    atomic.write_text(path, json.dumps({"key": key, "accel": accel}) + "\n")
    return accel
