# SPDX-License-Identifier: GPL-2.0
"""The QEMU command of a guest, and a QEMU that runs."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Sequence

from harness import interrupt, procs
from harness.errors import Fault
from harness.machine import Machine

ROOT_TAG = "hostroot"
PORTS = ("verdict", "files", "stdout", "stderr")
# A guest whose instructions are counted gets the same dice and the same clock.
SAME_EACH_TIME = "-seed 1 -rtc base=2025-01-01T00:00:00,clock=vm".split()


@dataclass
class GuestConfig:
    """What the caller may choose about a guest."""

    cpus: int = 2
    mem: int = 512
    cpu: Optional[str] = None
    icount: bool = False
    append: Sequence[str] = field(default_factory=tuple)
    root: Optional[Path] = None
    one_thread: bool = False
    one_insn: bool = False


@dataclass
class Channels:
    """The files that a guest's ways out are written to."""

    folder: Path
    prefix: str = ""

    def path(self, name: str) -> Path:
        return self.folder / f"{self.prefix}{name}"

    @property
    def console(self) -> Path:
        return self.path("console.log")

    @property
    def log(self) -> Path:
        return self.path("qemu.log")

    def port(self, name: str) -> Path:
        return self.path("ktap.log" if name == "verdict" else f"{name}.bin")

    def clear(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in [self.console, self.log, *(self.port(p) for p in PORTS)]:
            path.write_bytes(b"")


def _escape(value: object) -> str:
    """A comma within an option of QEMU is doubled."""
    return str(value).replace(",", ",,")


def one_insn(qemu: str) -> tuple[str, list[str]]:
    """What this QEMU calls one instruction a block: a property of its accelerator,
    from 8.1 on, or an option of its own."""
    text = procs.capture([qemu, "-help"], qemu)
    if "one-insn-per-tb" in text:
        return ",one-insn-per-tb=on", []
    if "-singlestep" in text:
        return "", ["-singlestep"]
    raise Fault(f"{qemu} cannot emulate one instruction a block")


def _accel(qemu: str, accel: str, config: GuestConfig) -> list[str]:
    if accel == "kvm" and not (config.icount or config.one_insn):
        return ["-accel", "kvm"]
    kind, option = one_insn(qemu) if config.one_insn else ("", [])
    threads = "single" if config.one_thread or config.icount else "multi"
    args = ["-accel", f"tcg,thread={threads}{kind}", *option]
    if config.icount:
        args += ["-icount", "shift=0,sleep=off", *SAME_EACH_TIME]
    return args


def _export(machine: Machine, root: Path) -> list[str]:
    """A folder of the host, which the guest can read and not change."""
    share = f"local,id=root,path={_escape(root)},security_model=none,readonly=on"
    device = f"virtio-9p-{machine.virtio},fsdev=root,mount_tag={ROOT_TAG}"
    return ["-fsdev", f"{share},multidevs=remap", "-device", device]


def kernel_args(machine: Machine, extra: Sequence[str]) -> str:
    fixed = f"console={machine.console} panic=-1 rdinit=/init {machine.append}"
    return " ".join([fixed, *extra])


def command(
    machine: Machine,
    config: GuestConfig,
    accel: str,
    image: Path,
    initrd: Path,
    channels: Channels,
    extra: Sequence[str] = (),
) -> list[str]:
    cpu = config.cpu or ("host" if accel == "kvm" else machine.cpu)
    args = [machine.qemu, "-M", machine.machine, "-cpu", cpu]
    args += ["-smp", str(config.cpus), "-m", str(config.mem)]
    args += _accel(machine.qemu, accel, config)
    args += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    args += ["-monitor", "none", *machine.options]
    args += ["-kernel", str(image), "-initrd", str(initrd)]
    args += ["-append", kernel_args(machine, [*extra, *config.append])]
    args += ["-chardev", f"file,id=console,path={_escape(channels.console)}"]
    args += ["-serial", "chardev:console"]
    for name in ("rng", "serial"):
        args += ["-device", f"virtio-{name}-{machine.virtio}"]
    args += _export(machine, config.root) if config.root else []
    for number, name in enumerate(PORTS, 1):
        path = _escape(channels.port(name))
        args += ["-chardev", f"file,id={name},path={path}"]
        port = f"virtserialport,chardev={name},nr={number},name=vdsox.{name}"
        args += ["-device", port]
    return args


class Qemu:
    """A running QEMU; leaving the context ends it."""

    def __init__(self, args: list[str], channels: Channels) -> None:
        self.args, self.channels = args, channels
        if not shutil.which(args[0]):
            raise Fault(f"{args[0]} is not installed")
        self.process: Optional["subprocess.Popen[bytes]"] = None

    def __enter__(self) -> "Qemu":
        """QEMU has nothing to finish, so it gets SIGKILL at once."""
        with open(self.channels.log, "ab") as log:
            log.write(f"$ {procs.quote(self.args)}\n".encode())
            log.flush()
            try:
                with interrupt.hold():
                    self.process = procs.start(
                        self.args,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        death=signal.SIGKILL,
                    )
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            procs.end_group(self.process, grace=0)

    @property
    def status(self) -> Optional[int]:
        return self.process.poll() if self.process else None

    def complaint(self) -> str:
        lines = [ln for ln in procs.tail(self.channels.log) if not ln.startswith("$ ")]
        real = [ln for ln in lines if "warning:" not in ln]
        return (real or lines or [f"status {self.status}"])[0]
