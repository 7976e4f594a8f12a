# SPDX-License-Identifier: GPL-2.0
"""The command line: parse it and call the command's function of commands.py."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Callable, Optional

from harness import commands, interrupt, machine, mode, procs, variant
from harness.context import Context
from harness.errors import EXIT_FAULT, Fault, from_oserror


def _common() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="output directory (default: out/)"
    )
    parser.add_argument("-j", type=int, metavar="N", dest="jobs", help="build jobs")
    parser.add_argument(
        "--install-deps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="install missing Debian packages (default: yes)",
    )
    parser.add_argument(
        "-v", dest="verbose", action="store_true", help="print each command that is run"
    )
    return parser


def _add_cell(parser: argparse.ArgumentParser, *, every: bool = True) -> None:
    parser.add_argument(
        "--base",
        metavar="BASE[,BASE...]" if every else "BASE",
        help="kernel base: a directory of patches/",
    )
    choices = machine.names() + (["all"] if every else [])
    parser.add_argument(
        "--arch", choices=choices, help="default: this machine's architecture"
    )
    parser.add_argument("--tree", type=Path, metavar="DIR", help="your own kernel tree")


def _add_variant(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    for kind in variant.OTHERS:
        group.add_argument(
            f"--{kind.name}",
            action="store_const",
            const=kind.name,
            default="",
            dest="variant",
            help=kind.help,
        )
    parser.add_argument(
        f"--{variant.HOST}",
        action="store_true",
        help="with networking and the options that installed programs and CRIU need",
    )


def _add_mode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        f"--{mode.ONE_INSN.name}",
        action="store_const",
        const=mode.ONE_INSN.name,
        default="",
        dest="mode",
        help=mode.ONE_INSN.help,
    )


def _add_guest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--mem", type=int, metavar="MiB")
    parser.add_argument("--cpu", metavar="MODEL", help="CPU model of QEMU")
    parser.add_argument(
        "--icount", action="store_true", help="QEMU counts instructions, in one thread"
    )
    _add_mode(parser)
    _add_variant(parser)
    parser.add_argument(
        "--host-root",
        action="store_true",
        help="run CMD on this machine's root file system, read-only under a tmpfs"
        " overlay; for another architecture, on a small Debian root",
    )
    parser.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="NAME",
        dest="packages",
        help="with --host-root: a Debian package to install there",
    )
    parser.add_argument("--append", action="append", default=[], metavar="ARGS")
    parser.add_argument("--timeout", type=float, metavar="SECONDS")
    parser.add_argument(
        "--file", action="append", default=[], metavar="HOST:GUEST", dest="files"
    )


def _add_bench(parser: argparse.ArgumentParser) -> None:
    _add_cell(parser)
    parser.add_argument(
        "--only",
        choices=("exact", "native", "queues"),
        help="counts, times or messages between processes only",
    )
    parser.add_argument(
        "--compare",
        nargs="+",
        type=Path,
        default=[],
        metavar="JSON",
        help="an older bench.json; with a second, newer one nothing is measured",
    )


def _add_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--times",
        action="store_true",
        help="report at the end how long each step and test took",
    )


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-k", metavar="EXPR", dest="expression")
    parser.add_argument("--list", action="store_true", help="list the tests, run none")
    level = parser.add_mutually_exclusive_group()
    level.add_argument(
        "--quick", action="store_true", help="without the tests that boot guests"
    )
    level.add_argument(
        "--thorough",
        action="store_true",
        help="also every architecture's KASAN kernel, the other variants and whole"
        " unpatched kernels",
    )


def _add_apply(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--base", help="for a tree of a release that no base covers")
    parser.add_argument(
        "--dry-run", action="store_true", help="only say which hunks apply"
    )


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="vdsox",
        description="Patch, build, boot and test a kernel with vDSO task records.",
    )
    sub = top.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    common = [_common()]

    def add(name: str, help_text: str) -> argparse.ArgumentParser:
        return sub.add_parser(name, help=help_text, parents=common)

    run = add("run", "download a kernel, patch, build and boot it, run the kselftests")
    _add_cell(run)
    _add_variant(run)
    _add_mode(run)
    run.add_argument("--config", action="append", default=[], type=Path)
    _add_times(run)
    test = add("test", "run all tests of the project")
    _add_test(test)
    _add_times(test)
    _add_apply(add("apply", "patch a clean TREE"))
    unapply = add("unapply", "undo apply")
    unapply.add_argument("tree", type=Path, metavar="TREE")
    series = add("series", "write the series as mails for git am")
    series.add_argument("--base", help="kernel base: a directory of patches/")
    series.add_argument("-o", type=Path, metavar="DIR", dest="output")
    build = add("build", "build kernel and kselftests")
    _add_cell(build)
    build.add_argument("--config", action="append", default=[], type=Path)
    _add_variant(build)
    boot = add("boot", "run `-- CMD ARG...` as root in a guest, exit with its status")
    _add_cell(boot, every=False)
    _add_guest(boot)
    _add_bench(
        add("bench", "benchmarks: counted instructions, ratios of times, targets")
    )
    report = add("report", "write the reports of KTAP logs of real hardware")
    report.add_argument("logs", nargs="+", type=Path, metavar="LOG")
    add("clean", "remove all products")
    return top


VERBS: dict[str, Callable[[Context, argparse.Namespace], int]] = {
    "run": commands.run,
    "test": commands.test,
    "apply": commands.apply,
    "unapply": commands.unapply,
    "series": commands.series,
    "build": commands.build,
    "boot": commands.boot,
    "bench": commands.bench,
    "report": commands.report,
    "clean": commands.clean,
}


def _context(args: argparse.Namespace) -> Context:
    ctx = Context(install_deps=args.install_deps)
    procs.show = ctx.ui.print_line if args.verbose else None
    if args.out:
        ctx.out = args.out.resolve()
    if args.jobs is not None:
        if args.jobs < 1:
            raise Fault("-j: expected a number above 0")
        ctx.jobs = args.jobs
    return ctx


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Separate boot's own arguments from the guest's command, which follows `--`."""
    if argv[:1] == ["boot"] and "--" in argv:
        at = argv.index("--")
        return argv[:at], argv[at + 1 :]
    return argv, []


def main(argv: Optional[list[str]] = None) -> int:
    """Run the command of argv, by default of sys.argv; returns the exit status."""
    words, command = _split(sys.argv[1:] if argv is None else argv)
    args = _parser().parse_args(words)
    args.command = command
    status = EXIT_FAULT
    with interrupt.handled(procs.end_all, "vdsox"):
        status = _run(args)
    return status


def _run(args: argparse.Namespace) -> int:
    try:
        return VERBS[args.verb](_context(args), args)
    except Fault as fault:
        print(f"vdsox: {fault.line()}", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        print(f"vdsox: {from_oserror(error).line()}", file=sys.stderr)
    return EXIT_FAULT
