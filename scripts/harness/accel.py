# SPDX-License-Identifier: GPL-2.0
"""Is KVM of use here? Only a kernel that really boots under it tells.

/dev/kvm may exist, open and create CPUs, and yet no guest gets anywhere; so the
cell's own kernel is booted once with a limit, and the verdict is remembered until
the machine restarts or its QEMU or the time limit changes.
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

LIMIT = 12.0
PROBE_PREFIX = "kvm-"


def _key(qemu: str) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    version = procs.capture([qemu, "--version"], qemu).splitlines()[0]
    return f"{boot.read_text().strip()} {version} {LIMIT}"


def _remembered(path: Path, key: str) -> str:
    try:
        value = json.loads(path.read_text())
        return str(value["accel"]) if value["key"] == key else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def choose(cell: Cell) -> str:
    """`kvm` where it works, else `tcg`; the line says which, and why."""
    wanted = os.environ.get("VDSOX_ACCEL", "")
    if wanted not in ("", "kvm", "tcg"):
        raise Fault(f"VDSOX_ACCEL={wanted}: choose kvm or tcg")
    path = cell.ctx.out / f"accel-{cell.machine.arch}.json"
    with cell.ctx.ui.step(cell.base, cell.label, "accel") as outcome:
        if cell.mode.one_insn:
            outcome.note = "tcg: one instruction a block"
            return "tcg"
        if wanted:
            outcome.note = f"{wanted}: VDSOX_ACCEL says so"
            return wanted
        if not cell.machine.native:
            outcome.note = "tcg: another architecture"
            return "tcg"
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            outcome.note = "tcg: no /dev/kvm to use"
            return "tcg"
        key = _key(cell.machine.qemu)
        accel = _remembered(path, key)
        outcome.word = "cached" if accel else "ok"
        accel = accel or _probe(cell, path, key)
        works = "works" if accel == "kvm" else "is there, but no guest boots under it"
        outcome.note = f"{accel}: /dev/kvm {works}"
        return accel


def _probe(cell: Cell, path: Path, key: str) -> str:
    try:
        guest_result = guest.run(
            cell,
            GuestJob("probe"),
            GuestConfig(cpus=2, mem=cell.variant.mem),
            "kvm",
            prefix=PROBE_PREFIX,
            boot_limit=LIMIT * cell.variant.timeout_scale,
        )
        accel = "tcg" if guest_result.reason else "kvm"
    except Fault:
        accel = "tcg"
    atomic.write_text(path, json.dumps({"key": key, "accel": accel}) + "\n")
    return accel
