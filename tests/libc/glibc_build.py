#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Build all of Debian's glibc with our patches and run its tests of these calls.

    tests/libc/glibc_build.py [--suite trixie] [--out DIR] [-j N] [--build-only]
                              [--guest]

It is no part of ./vdsox test: it takes many minutes and some GB. Nothing is
installed; the test programs run with the built glibc, under this machine's kernel
and, with --guest, in a guest with the patched one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPO / "scripts"), str(REPO / "tests")]

import libcs  # noqa: E402
from harness import deps, machine, procs  # noqa: E402
from harness.context import Context  # noqa: E402
from harness.errors import EXIT_FAILED, EXIT_FAULT, EXIT_OK, Fault  # noqa: E402

NEEDS = "bison build-essential dpkg-dev gawk gettext linux-libc-dev patch python3"
# glibc's own tests, by the folder of their Makefile.
TESTS = {
    "misc": ("tst-gettid", "tst-gettid-kill", "tst-getpid1-internal"),
    "nptl": ("tst-getpid1",),
    "rt": ("tst-cpuclock2",),
    "time": ("tst-cpuclock1",),
}


def build(ctx: Context, suite: str) -> Path:
    with ctx.ui.step("glibc", "-", "source") as outcome:
        tree = libcs.patched(ctx, "glibc", suite)
        outcome.note = tree.name
    arch = machine.host_arch()
    with ctx.ui.step("glibc", arch, "configure"):
        made = libcs.glibc_configure(ctx, tree, arch)
    with ctx.ui.step("glibc", arch, "build"):
        log = libcs.log_of(ctx, f"glibc-{arch}")
        make = ["make", "-C", made, f"-j{ctx.jobs}"]
        procs.run_logged(make, log, "build of glibc", env=libcs.ENV)
    return made


def own_tests(ctx: Context, made: Path) -> bool:
    """glibc's tests; each leaves a result file beside its program."""
    good = True
    log = libcs.log_of(ctx, f"glibc-{machine.host_arch()}")
    for folder, names in TESTS.items():
        for name in names:
            result = made / folder / f"{name}.test-result"
            result.unlink(missing_ok=True)
            make = ["make", "-C", made, "test", f"t={folder}/{name}"]
            with ctx.ui.step("glibc", "-", name) as outcome:
                procs.status_logged(make, log, name, env=libcs.ENV)
                text = result.read_text() if result.is_file() else "no result"
                outcome.word = "PASS" if text.startswith("PASS:") else "FAIL"
                outcome.note = text.split("\n")[0]
                good &= outcome.word == "PASS"
    return good


def verify(ctx: Context, made: Path) -> bool:
    """tests/libc/verify.c, linked with the system's glibc, run with the new one."""
    program = made / "vdsox-verify"
    log = libcs.log_of(ctx, "glibc-verify")
    source = libcs.SOURCES / "verify.c"
    command = ["gcc", "-O2", "-pthread", "-o", program, source]
    procs.run_logged(command, log, "build of verify.c")
    with ctx.ui.step("glibc", "-", "verify") as outcome:
        status = subprocess.run([made / "testrun.sh", program], check=False).returncode
        outcome.word = "PASS" if status == 0 else "FAIL"
    return status == 0


# In the guest; $0 is the build. Prints each program's name and status, and then the
# fallback counters.
IN_GUEST = """
for name; do
    "$0/testrun.sh" "$0/$name" > /dev/null 2>&1
    echo "status $name $?"
done
"$0/testrun.sh" "$0/vdsox-verify" count 100000
"""


def guest_tests(made: Path) -> bool:
    """Run the same programs where the vDSO has the entries, which must answer."""
    names = [f"{folder}/{name}" for folder in TESTS for name in TESTS[folder]]
    command = [REPO / "vdsox", "boot", "--host-root", "--"]
    command += ["sh", "-c", IN_GUEST, made, "vdsox-verify", *names]
    printed = procs.capture(command, "vdsox boot")
    print(printed, end="")
    passed = re.findall(r"^status \S+ 0$", printed, re.MULTILINE)
    counters = dict(
        re.findall(r"^(fallback_\w+|switches) (\d+)$", printed, re.MULTILINE)
    )
    switches = int(counters.pop("switches", -1))
    direct = int(counters.pop("fallback_direct", switches + 1))
    return (
        len(passed) == len(names) + 1
        and len(counters) > 5
        and set(counters.values()) == {"0"}
        and direct <= switches
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default="", help="a Debian suite; default: yours")
    parser.add_argument("--out", type=Path, default=REPO / "out", metavar="DIR")
    parser.add_argument("-j", type=int, metavar="N", dest="jobs")
    parser.add_argument("--build-only", action="store_true", help="run no tests")
    parser.add_argument("--guest", action="store_true", help="then in a guest")
    args = parser.parse_args()
    jobs = args.jobs or len(os.sched_getaffinity(0))
    ctx = Context(out=args.out.resolve(), jobs=jobs)
    try:
        deps.ensure(ctx, NEEDS.split())
        made = build(ctx, args.suite)
        if args.build_only:
            return EXIT_OK
        good = own_tests(ctx, made)
        good &= verify(ctx, made)
        if args.guest:
            good &= guest_tests(made)
        return EXIT_OK if good else EXIT_FAILED
    except Fault as fault:
        print(f"glibc_build: {fault.line()}", file=sys.stderr)
        return EXIT_FAULT


if __name__ == "__main__":
    sys.exit(main())
