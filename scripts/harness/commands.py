# SPDX-License-Identifier: GPL-2.0
"""The function of each command; returns its exit status, Fault for EXIT_FAULT."""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
from pathlib import Path
from typing import Optional, Sequence

from harness import (
    accel,
    bases,
    build as builder,
    deps,
    guest,
    hostroot,
    initramfs,
    ktree,
    machine,
    mode,
    patcher,
    trial,
    variant,
)
from harness import cell as cells
from harness import source as sources
from harness.bases import Base
from harness.cell import Cell
from harness.context import Context
from harness.errors import EXIT_FAILED, EXIT_FAULT, EXIT_OK, Absent, Fault
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig
from harness.source import Source


def _sources(
    ctx: Context, args: argparse.Namespace
) -> tuple[list[Source], dict[str, Absent]]:
    """The prepared trees of the selected bases, and the faults of those that no suite
    has. Fault if there is no tree."""
    names = args.base.split(",") if args.base else [None]
    wanted = {name: bases.load(ctx.repo, name) for name in names}
    found, absent = [], {}
    for name, base in wanted.items():
        try:
            found.append(sources.prepare(ctx, name, args.tree))
        except Absent as fault:
            absent[base.name] = fault
    if not found:
        raise next(iter(absent.values()))
    return found, absent


def _cells_of(
    ctx: Context, args: argparse.Namespace, found: Sequence[Source]
) -> list[Cell]:
    """The cells that a command's options select, of trees."""
    fragments = [path.resolve() for path in getattr(args, "config", [])]
    kind = variant.by_name(args.variant)
    if getattr(args, "host", False) or getattr(args, "host_root", False):
        kind = variant.with_host(kind)
    how = mode.by_name(getattr(args, "mode", ""))
    pairs = itertools.product(found, machine.select(args.arch))
    return [
        Cell(ctx, source, here, kind, fragments, after, how)
        for after, (source, here) in enumerate(pairs)
    ]


def _install(ctx: Context, args: argparse.Namespace) -> None:
    deps.ensure(ctx, deps.packages([m.arch for m in machine.select(args.arch)]))


def _cells(ctx: Context, args: argparse.Namespace) -> list[Cell]:
    """The cells selected by a command's options, their source trees prepared. Fault if
    one cannot be had."""
    _install(ctx, args)
    found, absent = _sources(ctx, args)
    for fault in absent.values():
        raise fault
    return _cells_of(ctx, args, found)


def run(ctx: Context, args: argparse.Namespace) -> int:
    """Patch, build, boot and test the selected cells; write the reports. Cells of a base
    that no suite has are skipped if there are others."""
    from harness import runner, timing

    with timing.recording(ctx, args.times):
        _install(ctx, args)
        found, absent = _sources(ctx, args)
        skipped = [
            runner.skipped(base, here, fault)
            for base, fault in absent.items()
            for here in machine.select(args.arch)
        ]
        return runner.run(ctx, _cells_of(ctx, args, found), skipped)


def test(ctx: Context, args: argparse.Namespace) -> int:
    """Run the project's own tests."""
    from harness import testing, timing

    with timing.recording(ctx, args.times):
        return testing.run(ctx, args.expression, args.list, args.quick, args.thorough)


def apply(ctx: Context, args: argparse.Namespace) -> int:
    """Patch the tree in place; a Fault leaves it unchanged."""
    base = bases.load(ctx.repo, args.base) if args.base else None
    if args.dry_run:
        return _try(ctx, args.tree, base)
    changed = patcher.apply(ctx.repo, args.tree, base)
    print(f"{args.tree}: {len(changed) - 1} files patched; undo with vdsox unapply")
    return EXIT_OK


def _try(ctx: Context, tree: Path, base: Optional[Base]) -> int:
    """Print which hunks apply; EXIT_FAILED if one does not."""
    base = base or ktree.nearest_base(ctx.repo, tree)
    patcher.refuse_patched(tree)
    print(trial.title(base, tree))
    tried = trial.try_series(base, tree)
    for patch in tried:
        print("\n".join(patch.lines()))
    return EXIT_FAILED if any(patch.failed for patch in tried) else EXIT_OK


def unapply(ctx: Context, args: argparse.Namespace) -> int:
    """Undo apply; a Fault leaves the tree unchanged."""
    changed = patcher.unapply(args.tree)
    print(f"{args.tree}: {len(changed) - 1} files restored")
    return EXIT_OK


def series(ctx: Context, args: argparse.Namespace) -> int:
    """Write the series as mails and print their paths."""
    from harness import mailseries

    for path in mailseries.write(ctx, args.base, args.output):
        print(path)
    return EXIT_OK


def build(ctx: Context, args: argparse.Namespace) -> int:
    """Build kernel and kselftests of the selected cells."""
    for cell in _cells(ctx, args):
        builder.everything(cell)
    return EXIT_OK


def _files(args: argparse.Namespace) -> list[tuple[Path, str]]:
    """(host path, guest path) of each --file; Fault if the guest cannot see one."""
    files = [initramfs.parse_file_option(text) for text in args.files]
    (here,) = machine.select(args.arch)
    root = Path("/") if args.host_root and here.native else None
    for _, name in files:
        initramfs.archive_path(name, root)
    return files


def boot(ctx: Context, args: argparse.Namespace) -> int:
    """Run one command in a guest; pass on its output and its exit status."""
    files = _files(args)
    args.config = []
    (cell,) = _cells(ctx, args)
    kept = cells.last_fragments(cell.folder) if not args.tree else None
    cell.fragments = [path for path in kept or [] if path.is_file()]
    builder.kernel(cell)
    # --tree has no fingerprint: tests that exist may be older than its sources.
    if cell.tests_fingerprint() or not cell.tests.is_dir():
        builder.selftests(cell)
    chosen = "tcg" if args.icount else accel.choose(cell)
    memory = args.mem or cell.variant.mem
    root = hostroot.folder(ctx, cell, args.packages) if args.host_root else None
    config = GuestConfig(args.cpus, memory, args.cpu, args.icount, args.append, root)
    job = GuestJob("exec", (), args.command, files, with_tests=True, root=root)
    guest_result = guest.run(
        cell, job, config, chosen, prefix="boot-", limit=args.timeout, sink=_forward
    )
    guest.unpack_files(guest.channels_for(cell, "boot-"), cell.folder / "artifacts")
    if guest_result.reason:
        assert guest_result.channels is not None
        raise Fault(guest_result.reason, guest_result.channels.console)
    return EXIT_FAULT if guest_result.exit_status is None else guest_result.exit_status


def _forward(name: str, data: bytes) -> None:
    stream = sys.stdout.buffer if name == "stdout" else sys.stderr.buffer
    stream.write(data)
    stream.flush()


def bench(ctx: Context, args: argparse.Namespace) -> int:
    """Measure, or compare two documents; EXIT_FAILED for a regression."""
    from harness.bench import compare, run as benchmarks

    if len(args.compare) > 2:
        raise Fault("--compare: expected an older bench.json and at most one newer")
    if len(args.compare) == 2:
        return benchmarks.compare_files(*args.compare)
    if args.compare and args.only in ("native", "queues"):
        raise Fault(
            f"--compare compares counts, which --only {args.only} does not measure"
        )
    old = compare.load(args.compare[0]) if args.compare else None
    deps.ensure(ctx, deps.BENCH)
    args.variant = ""
    cells = [] if args.only == "queues" else _cells(ctx, args)
    return benchmarks.run(ctx, cells, args.only, old)


def report(ctx: Context, args: argparse.Namespace) -> int:
    """Write the reports of KTAP logs; the status is that of their results."""
    from harness import runner

    deps.ensure(ctx, deps.REPORT)
    return runner.report(ctx, args.logs)


def clean(ctx: Context, args: argparse.Namespace) -> int:
    """Remove the harness's own products from the output directory, no other file."""
    known = (
        "src",
        "report",
        "tools",
        "locks",
        "libc",
        *(f"*-{arch}*" for arch in machine.names()),
        "*.log",
        "accel-*.json",
    )
    for pattern in known:
        for path in ctx.out.glob(pattern):
            _remove(path)
    if ctx.out.is_dir() and not any(ctx.out.iterdir()):
        ctx.out.rmdir()
    return EXIT_OK


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
