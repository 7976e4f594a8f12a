# SPDX-License-Identifier: GPL-2.0
"""`boot --host-root`: installed programs on the patched kernel, the host unharmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cells import HOSTS
from harness import hostroot, machine, qemu
from harness.initramfs import GuestJob
from harness.qemu import Channels, GuestConfig

HERE = machine.host_arch()
ARCHES = machine.names()
SCRIPT = r"""
echo changed > /etc/hostname && cat /etc/hostname
test -x /kselftest/vdso_task/ids && echo kselftests
cat /laid/down
echo made > "$VDSOX_ARTIFACTS/made.txt"
grep -c '^[^ ]* / overlay' /proc/self/mounts
test "$(readlink /proc/self/root)" = / && echo at the root
"""
PRINTED = ["changed", "kselftests", "a file", "1", "at the root"]


def test_root_is_exported_for_reading_only(tmp_path: Path) -> None:
    here = machine.load(HERE)
    config = GuestConfig(root=Path("/a,b"))
    image = tmp_path / "image"
    line = qemu.command(here, config, "tcg", image, image, Channels(tmp_path))
    (export,) = [word for word in line if word.startswith("local,")]
    assert "path=/a,,b," in export and "readonly=on" in export
    plain = qemu.command(here, GuestConfig(), "tcg", image, image, Channels(tmp_path))
    assert "-fsdev" not in plain


def test_plan_names_the_root() -> None:
    assert GuestJob("exec").plan() == "exec\n"
    assert GuestJob("exec", root=Path("/")).plan() == "exec-root\n"


@pytest.fixture(name="inside")
def fixture_inside(cells, vdsox, tmp_path):
    def call(arch: str, script: str):
        cells.build(HOSTS[arch])
        laid = tmp_path / "laid"
        laid.write_text("a file\n")
        return vdsox(
            *("boot", "--out", cells.ctx.out, "--arch", arch, "--no-install-deps"),
            *("--host-root", "--file", f"{laid}:/laid/down", "--timeout", 300),
            *("--", "/bin/sh", "-c", script),
        )

    return call


@pytest.mark.guest
@pytest.mark.kernel("host")
@pytest.mark.parametrize("arch", ARCHES)
def test_command_runs_on_a_root_of_its_own(cells, inside, arch: str) -> None:
    before = Path("/etc/hostname").read_bytes()
    done = inside(arch, SCRIPT + "exit 5")
    assert done.returncode == 5, done.stderr
    assert done.stdout.split("\n")[:-1] == PRINTED
    made = cells.cell(HOSTS[arch]).folder / "artifacts" / "made.txt"
    assert made.read_text() == "made\n"
    assert Path("/etc/hostname").read_bytes() == before


@pytest.mark.guest
@pytest.mark.kernel("host")
@pytest.mark.parametrize("arch", ARCHES)
def test_interpreter_prints_its_ids(inside, arch: str) -> None:
    """An unmodified program, with all that it loads."""
    script = "import os; print(os.getpid() > 1, os.getppid(), os.getuid())"
    done = inside(arch, f"exec python3 -c '{script}'")
    assert (done.returncode, done.stdout) == (0, "True 1 0\n"), done.stderr


def test_only_another_architecture_gets_a_root_of_packages(monkeypatch) -> None:
    asked = []
    named = []
    monkeypatch.setattr(hostroot, "debian", lambda _ctx, *what: asked.append(what))
    monkeypatch.setattr(
        hostroot.deps, "ensure", lambda _ctx, names: named.extend(names)
    )

    class AnyCell:
        machine = machine.load(HERE)

    assert hostroot.folder(None, AnyCell(), ["hello"]) == Path("/")
    assert named == ["hello"]
    for arch in set(ARCHES) - {HERE}:
        AnyCell.machine = machine.load(arch)
        hostroot.folder(None, AnyCell(), ["hello"])
    wanted = (*hostroot.PACKAGES, "hello")
    assert asked == [(arch, wanted) for arch in sorted(set(ARCHES) - {HERE})]
