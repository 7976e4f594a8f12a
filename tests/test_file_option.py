# SPDX-License-Identifier: GPL-2.0
"""`boot --file`: the guest has the file, or the command refuses its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from cells import HOSTS
from harness import initramfs, machine
from harness.errors import Fault

HERE = machine.host_arch()
PLACES = [
    "/tmp/deep/er/file",
    "/run/file",
    "/var/run/linked",
    "/opt/file",
    "/etc/passwd",
]
SCRIPT = "for name; do read -r line < $name && echo $name $line; done; "
SCRIPT += "[ -x /tmp/deep/er/file ] && echo runs; [ -k /tmp ] && echo sticky"
HIDDEN = ["/proc/x", "/sys/x", "/dev/x", "/dev/shm/x", "/dev/pts/x", "/tmp", "/run"]
HIDDEN += ["/tmp/../proc/x", "//proc//x", "/vdsox/plan"]


@pytest.fixture(name="root")
def fixture_root(tmp_path: Path) -> Path:
    """A root with symlinks of the usual kinds."""
    root = tmp_path / "root"
    for name in ("usr/bin/perl.d", "var", "proc", "opt"):
        (root / name).mkdir(parents=True)
    links = {
        "bin": "usr/bin",
        "var/run": "/run",
        "var/up": "../../usr",
        "opt/k": "/proc",
    }
    links |= {"opt/loop": "loop", "opt/chain": "../var/../bin"}
    for name, target in links.items():
        (root / name).symlink_to(target)
    return root


@pytest.mark.parametrize(
    "name, found",
    [
        ("/x", "/vdsox/layer/x"),
        ("/new/folder/x", "/vdsox/layer/new/folder/x"),
        ("/bin/x", "/vdsox/layer/usr/bin/x"),
        ("/opt/chain/x", "/vdsox/layer/usr/bin/x"),
        ("/var/up/x", "/vdsox/layer/usr/x"),
        ("/var/run/x", "/vdsox/copy/run/x"),
        ("/tmp/bin/x", "/vdsox/copy/tmp/bin/x"),
    ],
)
def test_links_of_the_root_are_followed(root: Path, name: str, found: str) -> None:
    assert initramfs.archive_path(name, root) == found


@pytest.mark.parametrize("name", ["/opt/k/x", "/opt/loop/x", "/bin", "/usr", "/tmp"])
def test_refused_on_a_root(root: Path, name: str) -> None:
    with pytest.raises(Fault, match=name):
        initramfs.archive_path(name, root)


def test_place_without_a_root() -> None:
    assert initramfs.archive_path("/bin/x") == "/bin/x"
    assert initramfs.archive_path("/tmp/x") == "/vdsox/copy/tmp/x"
    assert initramfs.archive_path("/process/x") == "/process/x"
    with pytest.raises(Fault, match="PID 1"):
        initramfs.archive_path("/init")


def test_path_is_made_plain() -> None:
    here = Path(__file__)
    for text in ("/a/b", "//a//b", "/a/./c/../b"):
        assert initramfs.parse_file_option(f"{here}:{text}") == (here, "/a/b")
    for text in ("/a/", "/a/..", "/a/.", "/"):
        with pytest.raises(Fault, match="is a directory"):
            initramfs.parse_file_option(f"{here}:{text}")


@pytest.mark.parametrize("options", [[], ["--host-root"]], ids=["plain", "root"])
@pytest.mark.parametrize("name", HIDDEN)
def test_refused_before_anything_is_built(
    vdsox, sample_repo, tmp_path, name: str, options: list[str]
) -> None:
    out = tmp_path / "out"
    file = ["--file", f"{__file__}:{name}"]
    done = vdsox("boot", "--out", out, *options, *file, "--", "x", repo=sample_repo)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--file" in line and "cannot have a file there" in line
    assert not out.exists()


@pytest.mark.guest
@pytest.mark.parametrize(
    "options",
    [[], pytest.param(["--host-root"], marks=pytest.mark.kernel("host"))],
    ids=["plain", "root"],
)
def test_guest_has_the_files(cells, vdsox, tmp_path, options: list[str]) -> None:
    cells.build(HOSTS[HERE] if options else HERE)
    laid = tmp_path / "laid"
    laid.write_text("laid down\n")
    laid.chmod(0o755)
    files = [f"{laid}:{name}" for name in PLACES]
    files += [] if options else ["/bin/dash:/bin/sh"]
    done = vdsox(
        *("boot", "--out", cells.ctx.out, "--no-install-deps", *options),
        *(word for text in files for word in ("--file", text)),
        *("--", "/bin/sh", "-c", SCRIPT, "sh", *PLACES),
    )
    assert done.returncode == 0, done.stderr
    expected = [f"{name} laid down" for name in PLACES] + ["runs", "sticky"]
    assert done.stdout.splitlines() == expected


@pytest.mark.guest
@pytest.mark.kernel("host")
def test_link_of_the_root_stays_one(cells, vdsox, tmp_path) -> None:
    """A program put into /bin does not hide the others where /bin is a symlink."""
    cells.build(HOSTS[HERE])
    laid = tmp_path / "laid"
    laid.write_text("#!/bin/sh\necho runs\n")
    laid.chmod(0o755)
    done = vdsox(
        *("boot", "--out", cells.ctx.out, "--no-install-deps", "--host-root"),
        *("--file", f"{laid}:/bin/laid-down", "--", "laid-down"),
    )
    assert (done.returncode, done.stdout) == (0, "runs\n"), done.stderr
