# SPDX-License-Identifier: GPL-2.0
"""Run a guest under QEMU with time limits, and determine how it ended."""

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
from harness.initramfs import GuestJob
from harness.qemu import Channels, Qemu, GuestConfig, command
from harness.ui import Outcome

# Seconds: until PID 1 runs; beyond a test's own limit; from the last test to the end.
BOOT_LIMIT = 180.0
GRACE = 30.0
END_LIMIT = 60.0
POLL = 0.05
PANIC = re.compile(r"Kernel panic - not syncing: (.*)")


@dataclass
class GuestResult:
    """How a guest ended.

    reason: empty if its job was completed
    ready: PID 1 has started
    running: the test that was running at the end, or empty
    seconds: of the host's monotonic clock, from QEMU's start to its end
    timed_out: a limit was exceeded; other failures leave it False
    """

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
        """What was appended since the last call."""
        return self._stream.read()

    def close(self) -> None:
        self._stream.close()


@dataclass
class Watch:
    """Follow the verdict port line by line and set the limit of each phase.

    limits: seconds for each test
    overall: seconds for a whole `exec` or `probe` job, or None
    boot_limit: seconds until PID 1 is ready
    """

    limits: dict[str, int]
    overall: Optional[float]
    boot_limit: float
    timeout_scale: int = 1
    clock: ProcessClock = field(default_factory=ProcessClock)
    guest_result: GuestResult = field(default_factory=GuestResult)
    _rest: bytes = b""
    ended: bool = False
    begun: int = 0

    def progress(self) -> str:
        """Text for the step's progress line while the guest runs."""
        if not self.guest_result.ready:
            return "booting"
        if not self.guest_result.running or not self.limits:
            return ""
        return f"{self.guest_result.running}, {self.begun} of {len(self.limits)}"

    def __post_init__(self) -> None:
        self._limit = Limit(self.clock)

    def start(self) -> None:
        """Start the limit for the boot."""
        self._limit.set(self.boot_limit)

    def _set_limit(self, seconds: Optional[float]) -> None:
        self._limit.set(seconds)

    def feed(self, data: bytes) -> None:
        """Process new bytes of the verdict port; init.h describes the lines."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace").rstrip("\r"))

    def _line(self, line: str) -> None:
        if not line.startswith("# vdsox: "):
            return
        word, _, rest = line[len("# vdsox: ") :].partition(" ")
        if word == "ready":
            self.guest_result.ready = True
            self._set_limit(self.overall)
        elif word == "begin":
            self.guest_result.running = rest
            self.begun += 1
            self._set_limit(self.limits.get(rest, 0) + GRACE * self.timeout_scale)
        elif word == "took":
            self.guest_result.running = ""
            self._set_limit(END_LIMIT * self.timeout_scale)
        elif word == "exit":
            self.guest_result.exit_status = int(rest)
            self._set_limit(END_LIMIT * self.timeout_scale)
        elif word == "end":
            self.ended = True
            self._set_limit(END_LIMIT * self.timeout_scale)

    @property
    def late(self) -> bool:
        """The current limit is exceeded."""
        return self._limit.is_over


def channels_for(cell: Cell, prefix: str = "") -> Channels:
    """The log files in the cell's folder; their names begin with `prefix`."""
    return Channels(cell.folder, prefix)


def run(
    cell: Cell,
    job: GuestJob,
    config: GuestConfig,
    accel: str,
    *,
    prefix: str = "",
    limit: Optional[float] = None,
    boot_limit: Optional[float] = None,
    sink: Callable[[str, bytes], None] = lambda _name, _data: None,
    outcome: Optional[Outcome] = None,
) -> GuestResult:
    """Run a guest to its end; Fault only if QEMU does not start. Limits are in seconds,
    see Watch; `sink` gets ("stdout" or "stderr", bytes) while the command runs."""
    channels = channels_for(cell, prefix)
    channels.clear()
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        initrd = Path(temporary) / "initramfs"
        initramfs.make(cell, job, initrd)
        extra = cell.kernel_args
        one_thread, one_insn = cell.one_thread, cell.mode.one_insn
        config = replace(config, one_thread=one_thread, one_insn=one_insn)
        args = command(cell.machine, config, accel, cell.image, initrd, channels, extra)
        limits = {test.name: test.timeout for test in job.tests}
        first = boot_limit or BOOT_LIMIT * cell.timeout_scale
        begun = time.monotonic()
        with Qemu(args, channels) as qemu:
            clock = ProcessClock(delays_of(qemu.process.pid))
            watch = Watch(limits, limit, first, cell.timeout_scale, clock)
            if outcome:
                outcome.progress = watch.progress
            _follow(qemu, watch, channels, sink)
            _set_reason(qemu, watch, channels)
        watch.guest_result.seconds = time.monotonic() - begun
    watch.guest_result.channels = channels
    return watch.guest_result


def _follow(
    qemu: Qemu, watch: Watch, channels: Channels, sink: Callable[[str, bytes], None]
) -> None:
    """Read the ports until QEMU ends or a limit is exceeded."""
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
    watch.guest_result.timed_out = running
    for tail in tails.values():
        tail.close()


def panic_line(console: Path) -> str:
    """The reason of a kernel panic in the console log; empty without a panic."""
    text = console.read_bytes().decode("utf-8", "replace")
    match = PANIC.search(text)
    return match[1].strip() if match else ""


def _set_reason(qemu: Qemu, watch: Watch, channels: Channels) -> None:
    guest_result = watch.guest_result
    if watch.ended:
        return
    panic = panic_line(channels.console)
    empty = channels.console.stat().st_size == 0
    if panic:
        when = "" if guest_result.ready else " before init"
        guest_result.reason = f"the guest's kernel panicked{when}: {panic}"
    elif guest_result.timed_out:
        what = f"in {guest_result.running}" if guest_result.running else "while it ran"
        what = what if guest_result.ready else "before init"
        guest_result.reason = f"the guest timed out {what}"
    elif empty and not guest_result.ready and qemu.status != 0:
        raise Fault(f"{qemu.args[0]} did not start: {qemu.complaint()}", channels.log)
    elif not guest_result.ready:
        guest_result.reason = "the guest ended before init"
    else:
        guest_result.reason = "the guest ended too early"


def require_ready(guest_result: GuestResult) -> None:
    """Fault, with the console log, if the guest did not reach its PID 1."""
    if not guest_result.ready:
        assert guest_result.channels is not None
        raise Fault(guest_result.reason, guest_result.channels.console)


def unpack_files(channels: Channels, target: Path) -> list[str]:
    """Unpack the stream of the files port, flat, and return the names. A stream that
    the guest's end has cut off is unpacked as far as it goes."""
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
        pass  # the guest ended while it sent: keep the complete files
    return names


def console_tail(guest_result: GuestResult, lines: int = 15) -> list[str]:
    """The last lines of the guest's console log; none if there is no log."""
    return (
        procs.tail(guest_result.channels.console, lines)
        if guest_result.channels
        else []
    )
