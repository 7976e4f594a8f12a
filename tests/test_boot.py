# SPDX-License-Identifier: GPL-2.0
"""A real guest under the harness: commands, files, faults and splats."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import guest, ktap, machine, rerun
from harness.initramfs import GuestJob, Planned
from harness.manifest import ExpectedTest
from harness.qemu import GuestConfig

pytestmark = pytest.mark.guest
ARCH = machine.host_arch()
SHELL = (Path("/bin/dash"), "/bin/sh")
SCRIPTS = {
    "good": "echo 1..1; echo ok 1 case; echo made > $VDSOX_ARTIFACTS/made.txt",
    "silent": "exit 0",
    "bad": "echo words; exit 3",
    "reasoned": "echo '1..0 # SKIP no such thing'; exit 4",
    "unreasoned": "exit 4",
    "killed": "kill -SEGV $$",
    "slow": "while :; do :; done",
    "leaver": "(while :; do echo from behind; done) & exit 0",
    "splat": "echo WARNING > /sys/kernel/debug/provoke-crash/DIRECT",
    "after": "exit 0",
    "panic": "echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT",
    "never": "exit 0",
}
EXPECTED = {
    "boot": ("PASS", ""),
    "t.good": ("PASS", ""),
    "t.silent": ("PASS", ""),
    "t.bad": ("FAIL", "exit 3"),
    "t.reasoned": ("SKIP", "no such thing"),
    "t.unreasoned": ("FAIL", "skipped without a reason"),
    "t.killed": ("FAIL", "signal 11"),
    "t.slow": ("TIMEOUT", "after 4 s"),
    "t.leaver": ("PASS", ""),
    "t.splat": ("FAIL", "kernel splat: WARNING:"),
    "t.after": ("PASS", ""),
    "t.panic": ("FAIL", "the guest's kernel panicked: "),
    "t.never": ("MISS", "no result line: the guest's kernel panicked"),
}


@pytest.fixture(name="cell")
def fixture_cell(cells):
    cells.result(ARCH)
    return cells.cell(ARCH)


@pytest.fixture(name="boot")
def fixture_boot(cell, vdsox, tmp_path):
    def call(script: str, *options: object, **env: str):
        path = tmp_path / "script"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        files = ["--file", f"{SHELL[0]}:{SHELL[1]}", "--file", f"{path}:/run-me"]
        out = ["--out", cell.ctx.out, "--arch", ARCH, "--no-install-deps"]
        return vdsox("boot", *out, *files, *options, "--", "/run-me", "a b", **env)

    return call


def test_command_passes_through(boot) -> None:
    done = boot('echo "to out: $1"; echo to err >&2; exit 7')
    assert done.returncode == 7
    assert done.stdout == "to out: a b\n"
    assert "to err\n" in done.stderr


def test_signal_becomes_128_and_more(boot) -> None:
    assert boot("kill -TERM $$").returncode == 128 + 15


def test_much_output_comes_whole(boot) -> None:
    script = "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"
    assert boot(script).stdout.splitlines() == [f"line {i}" for i in range(5000)]


def test_guest_configuration(boot) -> None:
    script = "read -r line < /proc/cmdline; echo $line; echo /sys/devices/system/cpu/cpu[0-9]"
    done = boot(script, "--cpus", 3, "--append", "one=1 two=2", "--append", "three")
    assert "one=1 two=2 three" in done.stdout
    assert done.stdout.count("/cpu/cpu") == 3


def test_counted_instructions_repeat(boot) -> None:
    """With --icount the guest's clock is its instruction count."""
    done = boot("exit 5", "--icount", "--cpus", 1)
    assert done.returncode == 5


def test_limit(boot) -> None:
    done = boot("while :; do :; done", "--timeout", 3)
    assert done.returncode == 2
    assert "the guest timed out" in done.stderr
    assert "console.log" in done.stderr


def test_panic_of_a_command(boot) -> None:
    done = boot("echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT")
    assert done.returncode == 2
    assert "panicked: dumptest" in done.stderr.splitlines()[-1]


def test_init_cannot_start(boot) -> None:
    done = boot("exit 0", "--append", "rdinit=/none init=/none")
    assert done.returncode == 2
    assert "panicked before init" in done.stderr.splitlines()[-1]


def test_qemu_refuses_its_machine(boot) -> None:
    done = boot("exit 0", "--cpu", "no-such-model")
    assert done.returncode == 2
    assert "did not start" in done.stderr.splitlines()[-1]


def test_verdicts_on_tests_of_all_kinds(cell, tmp_path) -> None:
    """One guest runs a test for each way in which a test can end."""
    files, planned, expected_tests = [SHELL], [], []
    for name, script in SCRIPTS.items():
        path = tmp_path / name
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        files.append((path, f"/t/{name}"))
        seconds = 4 if name == "slow" else 120
        planned.append(Planned(f"t.{name}", seconds, "/t", (f"./{name}",)))
        expected_tests.append(ExpectedTest(f"t.{name}", "t", name, seconds))
    job = GuestJob("test", tests=planned, files=files)
    guest_result = guest.run(cell, job, GuestConfig(), "tcg", prefix="kinds-")
    found = rerun.read_logs(cell, expected_tests, guest_result)
    got = {result.name: (result.status, result.reason) for result in found.results}
    assert list(got) == list(EXPECTED)
    for name, (status, reason) in EXPECTED.items():
        assert got[name][0] == status, (name, got[name])
        assert got[name][1].startswith(reason), (name, got[name])
    assert ktap.MISS in [result.status for result in found.results]
    assert found.splats == 2
    assert guest_result.channels is not None
    left = guest.unpack_files(guest_result.channels, tmp_path / "left")
    assert left == ["made.txt"]
    assert (tmp_path / "left/made.txt").read_text() == "made\n"


def test_hang_of_the_kernel_itself(cell, tmp_path, monkeypatch) -> None:
    """PID 1 is not scheduled any more: the host's limit ends the guest."""
    monkeypatch.setattr(guest, "GRACE", 8.0)
    path = tmp_path / "hang"
    path.write_text(
        "#!/bin/sh\necho HARDLOCKUP > /sys/kernel/debug/provoke-crash/DIRECT\n"
    )
    path.chmod(0o755)
    files = [SHELL, (path, "/t/hang")]
    planned = [Planned("t.hang", 2, "/t", ("./hang",))]
    job = GuestJob("test", tests=planned, files=files)
    guest_result = guest.run(cell, job, GuestConfig(cpus=1), "tcg", prefix="hang-")
    found = rerun.read_logs(
        cell, [ExpectedTest("t.hang", "t", "hang", 2)], guest_result
    )
    (result,) = [r for r in found.results if r.name == "t.hang"]
    assert result.status == ktap.TIMEOUT
    assert any("begin t.hang" in line for line in result.log)
