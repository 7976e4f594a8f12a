# SPDX-License-Identifier: GPL-2.0
"""stats.py CALLS: counts how many of Python's id calls fall back.

Prints the increase of the fallback_* counters and of its context switches, from when
Python has a record.
"""

from __future__ import annotations

import os
import resource
import sys

WARMUP = 10000
CALLS = (os.getpid, os.getppid, os.getuid, os.geteuid, os.getgid, os.getegid)


def counters() -> dict[str, int]:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    found = {"switches": used.ru_nvcsw + used.ru_nivcsw}
    with open("/sys/kernel/debug/vdso_task/stats") as stats:
        pairs = [line.split() for line in stats]
    found.update((key, int(n)) for key, n in pairs if key.startswith("fallback_"))
    return found


def increase(call, calls: int) -> dict[str, int]:
    for _ in range(WARMUP):
        call()
    before = counters()
    for _ in range(calls):
        call()
    after = counters()
    return {key: after[key] - before[key] for key in after}


if __name__ == "__main__":
    for function in CALLS:
        found = increase(function, int(sys.argv[1]) // len(CALLS))
        print(function.__name__, *(f"{key}={n}" for key, n in found.items()))
