# SPDX-License-Identifier: GPL-2.0
"""The root file system of `boot --host-root`.

A guest of this machine's architecture gets the machine's own root. For another one a
small root is unpacked from Debian's packages, without running their scripts.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Sequence

from harness import apt, deps, machine, procs
from harness.cell import Cell
from harness.context import Context

# Needed by programs of the tests; apt adds the dependencies.
PACKAGES = tuple(
    "base-files base-passwd bash coreutils dash grep libc-bin perl-base procps"
    " python3-minimal sed strace usr-is-merged util-linux".split()
)
MERGED = ("bin", "lib", "sbin")


def folder(ctx: Context, cell: Cell, more: Sequence[str] = ()) -> Path:
    """The directory that becomes the guest's root, with `more` packages installed."""
    if cell.machine.native:
        deps.ensure(ctx, more)
        return Path("/")
    return debian(ctx, cell.machine.arch, (*PACKAGES, *more))


def debian(
    ctx: Context, arch: str, packages: tuple[str, ...] = PACKAGES, suite: str = ""
) -> Path:
    """A Debian root of the system's suites or of `suite`, unpacked in the output
    directory and reused for the same packages. Fault if a package cannot be fetched."""
    wanted = hashlib.sha256(" ".join(sorted(packages)).encode()).hexdigest()
    name = [f"root-{arch}", suite, "" if packages == PACKAGES else wanted[:8]]
    root = ctx.out / "-".join(filter(None, name))
    mark = root / ".vdsox-root"
    with ctx.ui.step("-", arch, "root") as outcome:
        if mark.is_file() and mark.read_text() == wanted:
            outcome.word = "cached"
            return root
        log = root.with_suffix(".log")
        name = machine.load(arch).user.debian
        debs = apt.download_all(ctx.cache, name, list(packages), log, suite)
        outcome.note = f"{len(debs)} packages"
        _unpack(debs, root, log)
        mark.write_text(wanted)
    return root


def _unpack(debs: list[Path], root: Path, log: Path) -> None:
    """Create /bin, /lib and /sbin as links into /usr first: some packages still have
    files below them."""
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
