# SPDX-License-Identifier: GPL-2.0
"""Kernel trees in out/src: the distribution's or a copy of the user's, patched."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ContextManager, Iterator, Optional

from harness import apt, bases, ktree, parallel, patcher, procs, stage
from harness.bases import Base
from harness.context import Context
from harness.errors import Fault
from harness.ui import Outcome

STAMP = ".vdsox-source"
# Exists in a tree that was patched by git am, without a state file.
MAILED = "include/linux/vdso_task_compat.h"


@dataclass(frozen=True)
class Source:
    """A tree that is ready to be built.

    origin: the package's file name, or the absolute path of --tree
    changed: number of files written to patch it
    """

    base: Base
    tree: Path
    origin: str
    patched: bool
    changed: int = 0


def empty_series(base: Base) -> bool:
    """The base has no series: its kernel is built unpatched."""
    return not (base.folder / "series").is_file()


def _step(ctx: Context, base: Base, name: str) -> ContextManager[Outcome]:
    """A step in which no other command changes the base's trees."""
    return parallel.locked_step(ctx, f"tree-{base.name}", base.name, "-", name)


def package_tree(ctx: Context, base: Base, version: str = "") -> Path:
    """Download and unpack the distribution's source package; returns its tree, which
    may be patched from an earlier run. Fault if that fails."""
    log = ctx.out / f"source-{base.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with _step(ctx, base, "source") as outcome:
        outcome.progress = lambda: apt.progress(ctx.cache)
        deb = apt.download(ctx.cache, base.package, log, version)
        tree = ctx.out / "src" / base.name
        outcome.note = deb.name
        stamp = tree / STAMP
        if stamp.is_file() and stamp.read_text().strip() == deb.name:
            outcome.word = "cached"
        else:
            _unpack(deb, tree, log)
            stamp.write_text(deb.name + "\n")
    return tree


@contextmanager
def _tarball(deb: Path, log: Path) -> Iterator[Path]:
    """Yields the source archive of the package. Fault if the package is damaged; it is
    then removed from the cache."""
    with tempfile.TemporaryDirectory(prefix="deb-", dir=deb.parent) as temporary:
        folder = Path(temporary)
        try:
            procs.run_logged(["dpkg-deb", "-x", deb, folder], log, f"unpack {deb.name}")
        except procs.Killed:
            raise
        except Fault as fault:
            if "disk is full" not in fault.message:
                deb.unlink(missing_ok=True)
                raise Fault(f"{deb.name} was damaged and is removed: retry", log)
            raise
        found = sorted(folder.glob("usr/src/*.tar.*"))
        if not found:
            raise Fault(f"{deb.name} has no kernel source", log)
        yield found[0]


def _unpack(deb: Path, tree: Path, log: Path) -> None:
    """Unpack to `tree`.part and rename it, so that an incomplete tree is never used."""
    part = tree.with_name(tree.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(tree, ignore_errors=True)
    part.mkdir(parents=True)
    with _tarball(deb, log) as archive:
        procs.run_logged(
            ["tar", "-xf", archive, "-C", part, "--strip-components=1"],
            log,
            f"unpack {archive.name}",
        )
    part.rename(tree)


def extract(ctx: Context, base: Base, version: str, into: Path, log: Path) -> Path:
    """Unpack only the files that `apply` reads, of a given package version, into
    `into`: for tests of many releases."""
    deb = apt.download(ctx.cache, base.package, log, version)
    wanted = set(ktree.NEEDED[:4])
    for patch in base.patches():
        if patch.hunks:
            wanted.update(patcher.touched(patch.hunks.read_text(), patch.name))
    with _tarball(deb, log) as archive, tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.split("/", 1)[-1]
            if member.isfile() and name in wanted:
                data = tar.extractfile(member)
                assert data is not None
                stage.put(into / name, stage.Content(data.read()))
    for name in ktree.NEEDED[4:]:
        (into / name).mkdir(exist_ok=True)
    return into


def _copy_user_tree(ctx: Context, user: Path, base: Base) -> tuple[Path, bool, int]:
    """Mirror the user's tree in out/src and patch the mirror, not the original. Returns
    (mirror, patched, number of files changed)."""
    log = ctx.out / f"source-{base.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    tree = ctx.out / "src" / f"{base.name}-tree"
    tree.mkdir(parents=True, exist_ok=True)
    mailed = (user / MAILED).exists()
    patched = mailed or patcher.load_state(user) is not None
    if patched or empty_series(base):
        _mirror(user, tree, log, set())
        return tree, patched, 0
    plan = patcher.plan(base, user, lambda name: stage.read(user, name))
    made = {**plan.after, patcher.STATE: plan.state()}
    _mirror(user, tree, log, set(made))
    return tree, True, len(stage.commit(tree, made))


def _mirror(user: Path, tree: Path, log: Path, keep: set[str]) -> None:
    """Update the mirror by rsync, except the files in `keep`."""
    excludes = [f"--exclude=/{name}" for name in sorted(keep)]
    command = ["rsync", "-a", "--delete", "--exclude=/.git", *excludes]
    procs.run_logged([*command, f"{user}/", f"{tree}/"], log, f"copy of {user}")


def prepare(ctx: Context, base_name: Optional[str], user: Optional[Path]) -> Source:
    """A patched tree to build: a mirror of `user`, or the distribution's. Fault if it
    cannot be fetched or patched, or is of another base than `base_name`."""
    if user is not None:
        base = ktree.base_of(ctx.repo, user.resolve())
        if base_name and base_name != base.name:
            raise Fault(f"{user}: is a {base.name} kernel, not {base_name}")
        with _step(ctx, base, "copy") as outcome:
            tree, patched, changed = _copy_user_tree(ctx, user.resolve(), base)
            outcome.note = f"{changed} files patched" if changed else "unchanged"
        return Source(base, tree, str(user.resolve()), patched, changed)
    base = bases.load(ctx.repo, base_name)
    tree = package_tree(ctx, base)
    origin = (tree / STAMP).read_text().strip()
    if empty_series(base):
        return Source(base, tree, origin, False)
    with _step(ctx, base, "patch") as outcome:
        changed = len(patcher.sync(base, tree))
        outcome.note = f"{changed} files changed" if changed else ""
        outcome.word = "ok" if changed else "cached"
    return Source(base, tree, origin, True, changed)
