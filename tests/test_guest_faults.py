# SPDX-License-Identifier: GPL-2.0
"""A QEMU that does not start, a guest that panics, hangs, or ends too early."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import accel, bases, guest, machine
from harness.cell import Cell
from harness.context import Context
from harness.errors import Fault
from harness.initramfs import GuestJob, Planned
from harness.qemu import GuestConfig
from harness.source import Source

OUTPUTS = """
for word in "$@"; do
	case $word in
	file,id=console,path=*) console=${word#*path=} ;;
	file,id=verdict,path=*) verdict=${word#*path=} ;;
	file,id=files,path=*) files=${word#*path=} ;;
	file,id=stdout,path=*) stdout=${word#*path=} ;;
	esac
done
"""
READY = OUTPUTS + 'echo booting >"$console"; echo "# vdsox: ready" >"$verdict"\n'
PLAN = [Planned("vdso_task.ids", 1, "/", ("/ids",))]


@pytest.fixture(name="cell")
def fixture_cell(sample_repo: Path, sample_tree: Path, tmp_path: Path) -> Cell:
    context = Context(repo=sample_repo, out=tmp_path / "out")
    base = bases.load(sample_repo, "6.12")
    source = Source(base, sample_tree, "sample", False)
    cell = Cell(context, source, machine.load(machine.host_arch()))
    cell.folder.mkdir(parents=True)
    cell.image.write_bytes(b"kernel")
    return cell


@pytest.fixture(name="boot")
def fixture_boot(cell, fake_tools, monkeypatch):
    monkeypatch.setattr(guest, "GRACE", 0.5)

    def call(script: str, job: GuestJob = GuestJob("probe"), **options):
        fake_tools.add(cell.machine.qemu, script)
        options.setdefault("boot_limit", 20)
        return guest.run(cell, job, GuestConfig(), "tcg", **options)

    return call


def test_qemu_does_not_start(boot) -> None:
    with pytest.raises(Fault) as fault:
        boot("echo 'qemu: unknown machine' >&2; exit 1\n")
    assert "did not start: qemu: unknown machine" in fault.value.line()
    assert fault.value.log is not None and fault.value.log.is_file()


def test_qemu_is_missing(cell, monkeypatch) -> None:
    nothing = SimpleNamespace(which=lambda _name: None)
    monkeypatch.setattr("harness.qemu.shutil", nothing)
    with pytest.raises(Fault, match="is not installed"):
        guest.run(cell, GuestJob("probe"), GuestConfig(), "tcg")


def test_panic_before_init(boot) -> None:
    line = "[    1.0] Kernel panic - not syncing: No working init found."
    guest_result = boot(OUTPUTS + f'echo "{line}" >"$console"\n')
    assert guest_result.reason.startswith(
        "the guest's kernel panicked before init: No work"
    )
    with pytest.raises(Fault) as fault:
        guest.require_ready(guest_result)
    assert fault.value.line().endswith("console.log")


def test_hang_before_init(boot) -> None:
    guest_result = boot(OUTPUTS + 'echo hello >"$console"\nsleep 60\n', boot_limit=1)
    assert guest_result.timed_out
    assert guest_result.reason == "the guest timed out before init"


def test_silent_end_before_init(boot) -> None:
    guest_result = boot(OUTPUTS + 'echo hello >"$console"\n')
    assert guest_result.reason == "the guest ended before init"


def test_hang_in_a_test(boot) -> None:
    script = READY + 'echo "# vdsox: begin vdso_task.ids" >>"$verdict"; sleep 60\n'
    guest_result = boot(script, GuestJob("test", tests=PLAN))
    assert (guest_result.timed_out, guest_result.running) == (True, "vdso_task.ids")


def test_end_too_early(boot) -> None:
    assert boot(READY).reason == "the guest ended too early"


def test_command_and_its_status(boot) -> None:
    script = READY + 'echo out >"$stdout"; printf "# vdsox: exit 7\\n" >>"$verdict"\n'
    received: list[tuple[str, bytes]] = []
    guest_result = boot(
        script + 'printf "# vdsox: end\\n" >>"$verdict"\n',
        GuestJob("exec", argv=["true"]),
        sink=lambda name, data: received.append((name, data)),
    )
    assert (guest_result.reason, guest_result.exit_status) == ("", 7)
    assert received == [("stdout", b"out\n")]


def test_limit_of_a_command(boot) -> None:
    guest_result = boot(READY + "sleep 60\n", GuestJob("exec", argv=["x"]), limit=1.0)
    assert guest_result.timed_out


def archive(names: list[str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"data"))
    return stream.getvalue()


def test_artifacts_stay_in_their_folder(cell, tmp_path: Path) -> None:
    channels = guest.channels_for(cell)
    channels.clear()
    channels.port("files").write_bytes(archive(["../../evil", "/etc/evil2", "good"]))
    target = tmp_path / "artifacts"
    names = guest.unpack_files(channels, target)
    assert names == ["evil", "evil2", "good"]
    assert sorted(path.name for path in target.iterdir()) == names


def test_artifacts_cut_short(cell, tmp_path: Path) -> None:
    channels = guest.channels_for(cell)
    channels.clear()
    whole = archive(["one", "two"])
    for end in range(0, len(whole), 100):
        channels.port("files").write_bytes(whole[:end])
        guest.unpack_files(channels, tmp_path / "artifacts")


def test_kvm_that_boots_nothing_is_not_used(cell, fake_tools, monkeypatch) -> None:
    monkeypatch.setattr(accel.os, "access", lambda _path, _mode: True)
    monkeypatch.setattr(accel, "LIMIT", 1.0)
    monkeypatch.delenv("VDSOX_ACCEL", raising=False)
    version = 'case $1 in --version) echo "QEMU 9"; exit;; esac\n'
    fake_tools.add(cell.machine.qemu, version + "sleep 60\n")
    assert accel.choose(cell) == "tcg"
    fake_tools.add(cell.machine.qemu, version + "exit 99\n")
    assert accel.choose(cell) == "tcg", "the result was not cached"


def test_kvm_that_boots_is_used(cell, fake_tools, monkeypatch) -> None:
    monkeypatch.setattr(accel.os, "access", lambda _path, _mode: True)
    monkeypatch.delenv("VDSOX_ACCEL", raising=False)
    version = 'case $1 in --version) echo "QEMU 9"; exit;; esac\n'
    script = version + READY + 'echo "# vdsox: end" >>"$verdict"\n'
    fake_tools.add(cell.machine.qemu, script)
    assert accel.choose(cell) == "kvm"
