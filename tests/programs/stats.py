# SPDX-License-Identifier: GPL-2.0
"""stats.py CALLS: how often the kernel had to answer Python's id calls after all.

Prints how its counters moved once Python has a record, and how often it was switched
out meanwhile.
"""

from __future__ import annotations

import os
import resource
import sys

WARM = 10000
CALLS = (os.getpid, os.getppid, os.getuid, os.geteuid, os.getgid, os.getegid)


def look() -> dict[str, int]:
    used = resource.getrusage(resource.RUSAGE_THREAD)
    found = {"switches": used.ru_nvcsw + used.ru_nivcsw}
    with open("/sys/kernel/debug/vdso_task/stats") as stats:
        pairs = [line.split() for line in stats]
    found.update((key, int(n)) for key, n in pairs if key.startswith("fallback_"))
    return found


def moved(call, calls: int) -> dict[str, int]:
    for _ in range(WARM):
        call()
    before = look()
    for _ in range(calls):
        call()
    after = look()
    return {key: after[key] - before[key] for key in after}


if __name__ == "__main__":
    for function in CALLS:
        found = moved(function, int(sys.argv[1]) // len(CALLS))
        print(function.__name__, *(f"{key}={n}" for key, n in found.items()))
