# SPDX-License-Identifier: GPL-2.0
"""Join the expected tests, the guest's KTAP and the kernel's complaints."""

from __future__ import annotations

from typing import Iterable, Sequence

from harness import ktap
from harness.guest import GuestResult
from harness.ktap import Document, Result
from harness.manifest import ExpectedTest
from harness.splat import Splat

BOOT = "boot"
CUT_OFF = "planned "


def join(
    expected_tests: Sequence[ExpectedTest],
    document: Document,
    splats: Iterable[Splat],
    guest_result: GuestResult,
    console_tail: Sequence[str] = (),
) -> list[Result]:
    """One result for the boot, one for each expected test, then unexpected ones. A
    TIMEOUT with any other fault becomes FAIL: late.py does not run it again."""
    given = {result.name: result for result in document.results}
    results = [_boot(document, guest_result, console_tail)]
    for expected in expected_tests:
        result = given.pop(expected.name, None)
        results.append(_expected(expected, result, guest_result, console_tail))
    results += given.values()
    _fail_by_splats(results, list(splats))
    for result in results:
        if result.status == ktap.TIMEOUT and (fault := _fault(result)):
            _fail(result, fault)
    return results


def _boot(document: Document, guest_result: GuestResult, tail: Sequence[str]) -> Result:
    result = Result(BOOT, ktap.PASS)
    if not guest_result.ready or (guest_result.reason and not guest_result.running):
        result.status = ktap.TIMEOUT if guest_result.timed_out else ktap.ERROR
        result.reason, result.log = guest_result.reason, list(tail)
    elif document.bail is not None:
        result.status, result.reason = ktap.ERROR, f"bailed out: {document.bail}"
    return result


def _expected(
    expected: ExpectedTest,
    result: Result | None,
    guest_result: GuestResult,
    tail: Sequence[str],
) -> Result:
    interrupted = guest_result.running == expected.name
    if result is None or (interrupted and result.reason == "no result line"):
        return _without_result(expected, result, guest_result, tail)
    if result.status == ktap.TIMEOUT:
        result.log = result.log + list(tail)
    if result.status == ktap.SKIP and not result.reason:
        result.status, result.reason = ktap.FAIL, "skipped without a reason"
    for test in result.subtests:
        if test.status == ktap.SKIP and not test.reason:
            test.status, test.reason = ktap.FAIL, "skipped without a reason"
            _fail(result, f"{test.name} was skipped without a reason")
    if result.status != ktap.SKIP:
        _missing_cases(expected, result)
    return result


def _without_result(
    expected: ExpectedTest,
    result: Result | None,
    guest_result: GuestResult,
    tail: Sequence[str],
) -> Result:
    """It has no result line: it hung, it ended the guest, or it did not run."""
    found = result or Result(expected.name, ktap.MISS)
    found.name, found.errors = expected.name, []
    if guest_result.running == expected.name:
        found.status = ktap.TIMEOUT if guest_result.timed_out else ktap.FAIL
        found.reason = guest_result.reason
        found.log = found.log + list(tail)
    else:
        found.status = ktap.MISS
        found.reason = (
            f"no result line: {guest_result.reason}" if guest_result.reason else ""
        )
        found.reason = found.reason or "no result line: its program was not built"
    return found


def _missing_cases(expected: ExpectedTest, result: Result) -> None:
    given = {test.name for test in result.subtests}
    for case in expected.cases:
        if case not in given:
            reason = "in the manifest, but without a result line"
            result.subtests.append(Result(case, ktap.MISS, reason))
            if result.status in (ktap.PASS, ktap.XFAIL):
                result.status, result.reason = (
                    ktap.MISS,
                    f"case {case} has no result line",
                )


def _fail(result: Result, reason: str) -> None:
    """Make a good or late result FAIL; one that is wrong already keeps its reason."""
    if result.status == ktap.TIMEOUT:
        result.status, result.reason = ktap.FAIL, f"{reason}; {result.reason}"
    elif not result.bad:
        result.status, result.reason = ktap.FAIL, reason


def _fault(result: Result) -> str:
    """What is wrong with a test that was late; empty if it was only late.

    Missing cases are a consequence of lateness only if the output was cut off.
    """
    errors = [error for error in result.errors if not error.startswith(CUT_OFF)]
    given = [test for test in result.subtests if test.status != ktap.MISS]
    wrong = [test for test in given if test.bad and test.status != ktap.TIMEOUT]
    missing = [test for test in result.subtests if test.status == ktap.MISS]
    if errors or wrong:
        return errors[0] if errors else f"{wrong[0].name} failed"
    if missing and given and not result.errors:
        return f"case {missing[0].name} has no result line"
    return ""


def _fail_by_splats(results: Sequence[Result], splats: Sequence[Splat]) -> None:
    """A complaint of the kernel fails the test that ran, or the boot if none ran."""
    by_name = {result.name: result for result in results}
    for splat in splats:
        result = by_name.get(splat.test, by_name[BOOT])
        result.log = result.log + list(splat.text)
        _fail(result, f"kernel splat: {splat.title}")


def counts(results: Iterable[Result]) -> dict[str, int]:
    """Number of results by status; cases do not count."""
    total: dict[str, int] = {}
    for result in results:
        total[result.status] = total.get(result.status, 0) + 1
    return total
