# SPDX-License-Identifier: GPL-2.0
"""Build a guest's QEMU command line, and run QEMU."""

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
# With -icount the same random seed and start time make each boot the same.
SAME_EACH_TIME = "-seed 1 -rtc base=2025-01-01T00:00:00,clock=vm".split()


@dataclass
class GuestConfig:
    """A guest's configuration.

    mem: MiB
    cpu: QEMU's model; None: the machine's
    append: more of the kernel command line
    root: host directory to export read-only over 9p, or None
    one_thread: TCG with one thread for all CPUs
    """

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
    """The files that get a guest's console, QEMU's messages and the virtio ports."""

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
        """The file of a port of PORTS."""
        return self.path("ktap.log" if name == "verdict" else f"{name}.bin")

    def clear(self) -> None:
        """Create all files empty."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in [self.console, self.log, *(self.port(p) for p in PORTS)]:
            path.write_bytes(b"")


def _escape(value: object) -> str:
    """Double commas, as QEMU's option syntax requires."""
    return str(value).replace(",", ",,")


def one_insn(qemu: str) -> tuple[str, list[str]]:
    """This QEMU's syntax for one instruction a block: a property to append to -accel,
    from 8.1 on, and separate options. Fault if it has neither."""
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
    """Options that export a host directory to the guest, read-only."""
    share = f"local,id=root,path={_escape(root)},security_model=none,readonly=on"
    device = f"virtio-9p-{machine.virtio},fsdev=root,mount_tag={ROOT_TAG}"
    return ["-fsdev", f"{share},multidevs=remap", "-device", device]


def kernel_args(machine: Machine, extra: Sequence[str]) -> str:
    """The kernel command line."""
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
    """QEMU's command line. `extra` precedes config.append in the kernel's; Fault if
    this QEMU cannot do what `config` asks for."""
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
    """A running QEMU; leaving the context ends it. Fault if it is not installed."""

    def __init__(self, args: list[str], channels: Channels) -> None:
        self.args, self.channels = args, channels
        if not shutil.which(args[0]):
            raise Fault(f"{args[0]} is not installed")
        self.process: Optional["subprocess.Popen[bytes]"] = None

    def __enter__(self) -> "Qemu":
        """Start it. Its parent death signal is SIGKILL: it has nothing to clean up."""
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
        """The exit status; None while it runs."""
        return self.process.poll() if self.process else None

    def complaint(self) -> str:
        """The first line of QEMU's output, an error rather than a warning."""
        lines = [ln for ln in procs.tail(self.channels.log) if not ln.startswith("$ ")]
        real = [ln for ln in lines if "warning:" not in ln]
        return (real or lines or [f"status {self.status}"])[0]
