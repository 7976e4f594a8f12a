# SPDX-License-Identifier: GPL-2.0
"""Start a guest, watch it to its end, and say what happened to it."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Callable, Optional

from harness import initramfs, procs
from harness.cell import Cell
from harness.errors import Fault
from harness.hostclock import Limit, ProcessClock, delays_of
from harness.initramfs import Mission
from harness.qemu import Channels, Qemu, Shape, command
from harness.ui import Outcome

BOOT_LIMIT = 180.0
GRACE = 30.0
END_LIMIT = 60.0
POLL = 0.05
PANIC = re.compile(r"Kernel panic - not syncing: (.*)")


@dataclass
class Ending:
    """How a guest ended. `reason` is empty when it did all it was started for."""

    reason: str = ""
    exit_status: Optional[int] = None
    ready: bool = False
    running: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    channels: Optional[Channels] = None


class Tail:
    """New bytes of a file that another process appends to."""

    def __init__(self, path: Path) -> None:
        self._stream: BinaryIO = open(path, "rb")

    def read(self) -> bytes:
        return self._stream.read()

    def close(self) -> None:
        self._stream.close()


@dataclass
class Watch:
    """Follow the verdict port line by line and know which limit is the next."""

    limits: dict[str, int]
    overall: Optional[float]
    boot_limit: float
    patience: int = 1
    clock: ProcessClock = field(default_factory=ProcessClock)
    ending: Ending = field(default_factory=Ending)
    _rest: bytes = b""
    ended: bool = False
    begun: int = 0

    def progress(self) -> str:
        """What a step's line says while the guest runs."""
        if not self.ending.ready:
            return "boots"
        if not self.ending.running or not self.limits:
            return ""
        return f"{self.ending.running}, {self.begun} of {len(self.limits)}"

    def __post_init__(self) -> None:
        self._limit = Limit(self.clock)

    def start(self) -> None:
        self._limit.set(self.boot_limit)

    def _arm(self, seconds: Optional[float]) -> None:
        self._limit.set(seconds)

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace").rstrip("\r"))

    def _line(self, line: str) -> None:
        if not line.startswith("# vdsox: "):
            return
        word, _, rest = line[len("# vdsox: ") :].partition(" ")
        if word == "ready":
            self.ending.ready = True
            self._arm(self.overall)
        elif word == "begin":
            self.ending.running = rest
            self.begun += 1
            self._arm(self.limits.get(rest, 0) + GRACE * self.patience)
        elif word == "took":
            self.ending.running = ""
            self._arm(END_LIMIT * self.patience)
        elif word == "exit":
            self.ending.exit_status = int(rest)
            self._arm(END_LIMIT * self.patience)
        elif word == "end":
            self.ended = True
            self._arm(END_LIMIT * self.patience)

    @property
    def late(self) -> bool:
        return self._limit.is_over


def channels_for(cell: Cell, prefix: str = "") -> Channels:
    return Channels(cell.folder, prefix)


def run(
    cell: Cell,
    mission: Mission,
    shape: Shape,
    accel: str,
    *,
    prefix: str = "",
    limit: Optional[float] = None,
    boot_limit: Optional[float] = None,
    sink: Callable[[str, bytes], None] = lambda _name, _data: None,
    outcome: Optional[Outcome] = None,
) -> Ending:
    """Boot the cell's kernel for a mission. `sink` gets stdout and stderr live, the
    step of `outcome` shows which test runs."""
    channels = channels_for(cell, prefix)
    channels.clear()
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        initrd = Path(temporary) / "initramfs"
        initramfs.make(cell, mission, initrd)
        extra = cell.kernel_args
        one_thread, one_insn = cell.variant.one_thread, cell.mode.one_insn
        shape = replace(shape, one_thread=one_thread, one_insn=one_insn)
        args = command(cell.machine, shape, accel, cell.image, initrd, channels, extra)
        limits = {test.name: test.timeout for test in mission.tests}
        patience = cell.patience
        first = boot_limit or BOOT_LIMIT * patience
        begun = time.monotonic()
        with Qemu(args, channels) as qemu:
            clock = ProcessClock(delays_of(qemu.process.pid))
            watch = Watch(limits, limit, first, patience, clock)
            if outcome:
                outcome.progress = watch.progress
            _follow(qemu, watch, channels, sink)
            _judge(qemu, watch, channels)
        watch.ending.seconds = time.monotonic() - begun
    watch.ending.channels = channels
    return watch.ending


def _follow(
    qemu: Qemu, watch: Watch, channels: Channels, sink: Callable[[str, bytes], None]
) -> None:
    """Until QEMU ends or a limit is reached; what it wrote last is read too."""
    tails = {
        name: Tail(channels.port(name)) for name in ("verdict", "stdout", "stderr")
    }
    watch.start()
    running = True
    while running and not watch.late:
        running = qemu.status is None
        for name, tail in tails.items():
            data = tail.read()
            if data and name == "verdict":
                watch.feed(data)
            elif data:
                sink(name, data)
        if running:
            time.sleep(POLL)
    watch.ending.timed_out = running
    for tail in tails.values():
        tail.close()


def panic_line(console: Path) -> str:
    text = console.read_bytes().decode("utf-8", "replace")
    match = PANIC.search(text)
    return match[1].strip() if match else ""


def _judge(qemu: Qemu, watch: Watch, channels: Channels) -> None:
    ending = watch.ending
    if watch.ended:
        return
    panic = panic_line(channels.console)
    empty = channels.console.stat().st_size == 0
    if panic:
        when = "" if ending.ready else " before init"
        ending.reason = f"the guest's kernel panicked{when}: {panic}"
    elif ending.timed_out:
        what = f"in {ending.running}" if ending.running else "while it ran"
        what = what if ending.ready else "before init"
        ending.reason = f"the guest gave no answer in time {what}"
    elif empty and not ending.ready and qemu.status != 0:
        raise Fault(f"{qemu.args[0]} did not start: {qemu.complaint()}", channels.log)
    elif not ending.ready:
        ending.reason = "the guest ended before init"
    else:
        ending.reason = "the guest ended too early"


def require_ready(ending: Ending) -> None:
    """A guest that never came to its init is a fault, with the console at hand."""
    if not ending.ready:
        assert ending.channels is not None
        raise Fault(ending.reason, ending.channels.console)


def unpack_files(channels: Channels, target: Path) -> list[str]:
    """Write the artifacts that came through; names are taken as plain file names."""
    data = channels.port("files").read_bytes()
    names: list[str] = []
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as stream:
            for member in stream:
                body = stream.extractfile(member) if member.isreg() else None
                name = Path(member.name).name
                if body is not None and name not in ("", ".", ".."):
                    (target / name).write_bytes(body.read())
                    names.append(name)
    except (tarfile.TarError, EOFError):
        pass  # the guest died while it sent: keep what came whole
    return names


def console_tail(ending: Ending, lines: int = 15) -> list[str]:
    return procs.tail(ending.channels.console, lines) if ending.channels else []
