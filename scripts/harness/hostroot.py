# SPDX-License-Identifier: GPL-2.0
"""The root file system of `boot --host-root`.

For a guest of this machine's architecture it is the machine's own. For another one
a small root is unpacked from Debian's packages, whose scripts are not run.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Sequence

from harness import apt, deps, procs
from harness.cell import Cell
from harness.context import Context

# What programs of the tests need; their dependencies come along.
PACKAGES = tuple(
    "base-files base-passwd bash coreutils dash grep libc-bin perl-base procps"
    " python3-minimal sed strace usr-is-merged util-linux".split()
)
DEBIAN = {"arm64": "arm64", "x86_64": "amd64"}
MERGED = ("bin", "lib", "sbin")


def folder(ctx: Context, cell: Cell, more: Sequence[str] = ()) -> Path:
    """What the guest is to see as its root, with these packages too."""
    if cell.machine.native:
        deps.ensure(ctx, more)
        return Path("/")
    return debian(ctx, cell.machine.arch, (*PACKAGES, *more))


def debian(
    ctx: Context, arch: str, packages: tuple[str, ...] = PACKAGES, suite: str = ""
) -> Path:
    """A Debian of the configured suites, or of another one, unpacked below out/."""
    wanted = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()
    name = [f"root-{arch}", suite, "" if packages == PACKAGES else wanted[:8]]
    root = ctx.out / "-".join(filter(None, name))
    mark = root / ".vdsox-root"
    with ctx.ui.step("-", arch, "root") as outcome:
        if mark.is_file() and mark.read_text() == wanted:
            outcome.word = "cached"
            return root
        log = root.with_suffix(".log")
        debs = apt.download_all(ctx.cache, DEBIAN[arch], list(packages), log, suite)
        outcome.note = f"{len(debs)} packages"
        _unpack(debs, root, log)
        mark.write_text(wanted)
    return root


def _unpack(debs: list[Path], root: Path, log: Path) -> None:
    """/bin and others are links into /usr, and packages that say /bin go there."""
    shutil.rmtree(root, ignore_errors=True)
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        script = (
            'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"'
        )
        command = ["bash", "-o", "pipefail", "-c", script, "unpack", deb, root]
        procs.run_logged(command, log, f"unpack {deb.name}")
    accounts = root / "usr/share/base-passwd"
    for name in ("passwd", "group"):
        shutil.copyfile(accounts / f"{name}.master", root / "etc" / name)
