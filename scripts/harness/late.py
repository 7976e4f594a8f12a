# SPDX-License-Identifier: GPL-2.0
"""Which failed tests run once more, and how the two results are merged.

A failure is wrong (a wrong value, a crash, a splat, a missing result) or late: only a
time limit was exceeded, which a busy host can cause in any test. verdict.py
separates them: TIMEOUT is late, every other bad status is wrong. A test that was late
runs once more. It fails if it is late or wrong again; otherwise it is a flake.
"""

from __future__ import annotations

from typing import Sequence

from harness import ktap
from harness.guest import GuestResult
from harness.ktap import Flake, Result
from harness.manifest import ExpectedTest
from harness.results import CellResult
from harness.verdict import BOOT


def _did_not_run(result: Result) -> bool:
    return result.status == ktap.MISS and not result.subtests


def to_rerun(
    expected_tests: Sequence[ExpectedTest],
    results: Sequence[Result],
    guest_result: GuestResult,
) -> list[list[ExpectedTest]]:
    """The tests to run again: a list for each guest to start.

    Each program that was late gets a guest of its own. Programs that did not run
    because the guest timed out share one. If only the guest's boot or shutdown timed
    out, there is one empty list: that guest is started without tests.
    """
    found = {result.name: result for result in results}
    groups = [[p] for p in expected_tests if found[p.name].status == ktap.TIMEOUT]
    lost = [p for p in expected_tests if _did_not_run(found[p.name])]
    if lost and guest_result.timed_out:
        groups.append(lost)
    if not groups and found[BOOT].status == ktap.TIMEOUT:
        groups.append([])
    return groups


def join_parallel(found: Sequence[CellResult]) -> CellResult:
    """Merge the results of guests that ran in parallel, in place into the first. `boot`
    is the worst of theirs, the duration the longest."""
    first, *others = found
    for other in others:
        boots = [result for result in other.results if result.name == BOOT]
        at = [result.name for result in first.results].index(BOOT)
        first.results[at] = max(first.results[at], *boots, key=_severity)
        first.results += [result for result in other.results if result.name != BOOT]
        first.splats += other.splats
        first.seconds = max(first.seconds, other.seconds)
        first.notes += other.notes
    return first


def _severity(result: Result) -> int:
    """Orders good < late < wrong."""
    return 2 * result.bad - (result.status == ktap.TIMEOUT)


def merge(found: CellResult, again: CellResult, wanted: Sequence[ExpectedTest]) -> None:
    """Replace the results of the `wanted` tests in `found` by those of `again`."""
    names = {expected.name for expected in wanted}
    second = {result.name: result for result in again.results}
    for at, first in enumerate(found.results):
        if first.name == BOOT:
            found.results[at] = _merge_boot(first, second[BOOT])
        elif first.name in names:
            found.results[at] = _merge_test(first, second[first.name])
    known = {result.name for result in found.results}
    found.results += [r for r in again.results if r.name not in known]
    found.splats += again.splats
    found.seconds += again.seconds
    found.notes += again.notes


def _merge_boot(first: Result, second: Result) -> Result:
    if first.status == ktap.TIMEOUT:
        return _merge_test(first, second)
    return first if first.bad else second if second.bad else first


def _merge_test(first: Result, second: Result) -> Result:
    """The second result; what was late in the first and is good now is a flake."""
    if _did_not_run(first):
        return second
    late = {t.name: t for t in first.subtests if t.status == ktap.TIMEOUT}
    for test in second.subtests:
        if test.name in late and not test.bad:
            test.flake = Flake(late[test.name].reason, late[test.name].log)
    cut_off = any(test.status == ktap.MISS for test in first.subtests)
    if second.bad:
        second.log.insert(0, f"second run, after {first.status}: {first.reason}")
    elif cut_off or not late:
        second.flake = Flake(first.reason, first.log)
    return second
