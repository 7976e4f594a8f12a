# SPDX-License-Identifier: GPL-2.0
"""stats.py CALLS: once Python has a record, its id calls make no system call."""

from __future__ import annotations

import os
import sys

WARM = 10000


def fallbacks() -> int:
    with open("/sys/kernel/debug/vdso_task/stats") as stats:
        pairs = [line.split() for line in stats]
    return sum(int(value) for key, value in pairs if key.startswith("fallback_"))


def moved(call, calls: int) -> int:
    for _ in range(WARM):
        call()
    before = fallbacks()
    for _ in range(calls):
        call()
    return fallbacks() - before


if __name__ == "__main__":
    wanted = (os.getpid, os.getppid, os.getuid, os.geteuid, os.getgid, os.getegid)
    total = 0
    for function in wanted:
        made = moved(function, int(sys.argv[1]) // len(wanted))
        print(f"{function.__name__}: {made} system calls")
        total += made
    sys.exit(total != 0)
