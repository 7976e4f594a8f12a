# SPDX-License-Identifier: GPL-2.0
"""Missing packages, no network, a broken download, a full disk: one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import apt, bases, deps, machine, source
from harness.context import Context
from harness.errors import Fault, from_oserror

NOTHING = 'for name in "$@"; do :; done; exit 1\n'
MADISON = 'case "$*" in *madison*) echo "linux-sample | 6.12.9-1 | main";; esac\n'


@pytest.fixture(name="context")
def fixture_context(tmp_path: Path) -> Context:
    return Context(out=tmp_path / "out", cache=tmp_path / "cache")


def line_of(call) -> str:
    with pytest.raises(Fault) as fault:
        call()
    (line,) = fault.value.line().splitlines()
    return line


def test_package_list_holds_no_conflict() -> None:
    names = deps.packages(machine.names(), testing=True)
    assert "gcc-multilib" not in names
    assert {"qemu-system-x86", "qemu-system-arm", "python3-pytest"} <= set(names)
    foreign = [here for here in machine.load_all() if not here.native]
    assert {here.user.cxx_compiler for here in foreign} <= set(names)
    assert "spin" in names, "tests/test_models.py needs it"
    assert "python3-pytest" not in deps.packages(machine.names())


def test_quick_tests_compile_but_boot_nothing() -> None:
    names = deps.packages([], testing=True)
    assert {"gcc-arm-linux-gnueabihf", "qemu-user", "strace", "gawk"} <= set(names)
    foreign = [here for here in machine.load_all() if not here.native]
    assert all(set(m.compilers) <= set(names) for m in foreign)
    assert not [name for name in names if name.startswith("qemu-system")]


def test_missing_package_names_the_command(context, fake_tools) -> None:
    fake_tools.add("dpkg-query", 'echo "installed bc"; exit 1\n')
    context.install_deps = False
    line = line_of(lambda: deps.ensure(context, ["bc", "flex"]))
    assert line.endswith("apt-get install -y --no-install-recommends flex")


def test_nothing_to_do_when_all_is_there(context, fake_tools) -> None:
    fake_tools.add("dpkg-query", 'echo "installed bc"; echo "installed flex"\n')
    fake_tools.add("apt-get", "exit 9\n")
    deps.ensure(context, ["bc", "flex"])


INSTALL_FAULTS = [
    ("Temporary failure resolving: Could not resolve 'mirror'", "no network"),
    ("E: You don't have enough free space in /var/cache", "disk is full"),
    ("E: Unable to locate package flex", "Unable to locate package flex"),
]


@pytest.mark.parametrize("output, words", INSTALL_FAULTS)
def test_install_faults(context, fake_tools, monkeypatch, output, words) -> None:
    monkeypatch.setattr(deps, "_root", lambda: [])
    fake_tools.add("dpkg-query", "exit 1\n")
    fake_tools.add("apt-get", f'echo "{output}"; exit 100\n')
    line = line_of(lambda: deps.ensure(context, ["flex"]))
    assert words in line and "install.log" in line


DOWNLOAD_FAULTS = [
    ("E: Failed to fetch x  Hash Sum mismatch", "file is damaged"),
    ("Err:1 x Could not connect to mirror", "no network"),
    ("write error: No space left on device", "disk is full"),
    ("E: something else", "something else"),
]


@pytest.mark.parametrize("output, words", DOWNLOAD_FAULTS)
def test_download_faults(context, fake_tools, tmp_path, output, words) -> None:
    fake_tools.add("apt-cache", MADISON)
    fake_tools.add("apt-get", f'echo "{output}"; exit 100\n')
    log = tmp_path / "log"
    line = line_of(lambda: apt.download(context.cache, "linux-sample", log))
    assert words in line and "linux-sample 6.12.9-1" in line and str(log) in line
    assert not list(context.cache.rglob("*.deb"))


def test_package_unknown_everywhere(context, fake_tools, tmp_path) -> None:
    fake_tools.add("apt-cache", "exit 0\n")
    fake_tools.add("apt-get", "exit 100\n")
    log = tmp_path / "log"
    line = line_of(lambda: apt.download(context.cache, "linux-sample", log))
    assert "no linux-sample" in line and "--tree DIR" in line


def test_newer_suites_of_the_same_mirror(context, fake_tools, tmp_path) -> None:
    """A package that only a newer suite has is found without changes to the system."""
    fake_tools.add(
        "apt-cache",
        'case "$*" in *apt-newer*) echo "linux-sample | 7.3-1 | main";; esac\n',
    )
    fake_tools.add(
        "apt-get",
        'case "$*" in *indextargets*) echo "http://mirror/debian/ bookworm /k.gpg";\n'
        'echo "http://mirror/debian-security/ bookworm-security /k.gpg";; esac\n',
    )
    options, found = apt.candidates(context.cache, "linux-sample", tmp_path / "log")
    assert found == ["7.3-1"]
    text = (context.cache / "apt-newer" / "newer.list").read_text()
    assert "deb [signed-by=/k.gpg] http://mirror/debian/ trixie main" in text
    assert "security" not in text
    assert any(option.startswith("Dir::State::Lists=") for option in options)


def test_download_is_kept_and_found_again(context, fake_tools, tmp_path) -> None:
    fake_tools.add("apt-cache", MADISON)
    fake_tools.add("apt-get", "echo x > linux-sample_6.12.9-1_all.deb\n")
    first = apt.download(context.cache, "linux-sample", tmp_path / "log")
    fake_tools.add("apt-get", "exit 100\n")
    assert apt.download(context.cache, "linux-sample", tmp_path / "log") == first


def test_damaged_package_is_thrown_away(context, fake_tools, sample_repo) -> None:
    fake_tools.add("apt-cache", MADISON)
    fake_tools.add("apt-get", "echo x > linux-sample_6.12.9-1_all.deb\n")
    base = bases.load(sample_repo, "6.12")
    line = line_of(lambda: source.package_tree(context, base))
    assert "damaged" in line
    assert not list(context.cache.rglob("*.deb"))
    assert not (context.out / "src" / "6.12").exists()


def test_package_stays_if_a_signal_ends_its_unpacking(
    context, fake_tools, sample_repo
) -> None:
    fake_tools.add("apt-cache", MADISON)
    fake_tools.add("apt-get", "echo x > linux-sample_6.12.9-1_all.deb\n")
    fake_tools.add("dpkg-deb", "kill -KILL $$\n")
    base = bases.load(sample_repo, "6.12")
    line = line_of(lambda: source.package_tree(context, base))
    assert "was ended by SIGKILL" in line
    assert list(context.cache.rglob("*.deb"))


def test_full_disk_is_reported() -> None:
    error = OSError(28, "No space left on device", "/x/y")
    assert from_oserror(error).line().startswith("the disk is full (/x/y)")
