# SPDX-License-Identifier: GPL-2.0
"""Expected tests, KTAP and console are joined into one verdict for each test."""

from __future__ import annotations

import pytest

from harness import ktap, results, verdict
from harness.guest import GuestResult
from harness.manifest import ExpectedTest, from_manifest
from harness.splat import Splat

ONE = ExpectedTest("vdso_task.one", "vdso_task", "one", 60)
TWO = ExpectedTest("vdso_task.two", "vdso_task", "two", 60, ("getpid", "gettid"))
HEAD = "# vdsox: ready\nKTAP version 1\n1..2\n"
GOOD_TWO = "  1..2\n  ok 1 getpid\n  ok 2 gettid\nok 2 vdso_task.two\n"
GOOD = HEAD + "ok 1 vdso_task.one\n" + GOOD_TWO
DONE = GuestResult(ready=True)


def judge(text, guest_result=DONE, splats=(), tail=()):
    document = ktap.parse(text)
    found = verdict.join([ONE, TWO], document, splats, guest_result, tail)
    return {result.name: result for result in found}


def status(found) -> int:
    return results.exit_status([results.CellResult("c", list(found.values()))])


def test_all_good() -> None:
    found = judge(GOOD)
    assert {r.status for r in found.values()} == {"PASS"}
    assert list(found) == ["boot", "vdso_task.one", "vdso_task.two"]
    assert status(found) == 0


def test_failure() -> None:
    found = judge(GOOD.replace("ok 1 vdso_task.one", "not ok 1 vdso_task.one # exit 1"))
    assert (found["vdso_task.one"].status, status(found)) == ("FAIL", 1)


def test_no_line_is_a_miss() -> None:
    found = judge(HEAD + "ok 1 vdso_task.one\n")
    assert (found["vdso_task.two"].status, status(found)) == ("MISS", 2)


def test_expected_case_without_a_line_is_a_miss() -> None:
    found = judge(GOOD.replace("  1..2", "  1..1").replace("  ok 2 gettid\n", ""))
    two = found["vdso_task.two"]
    assert (two.status, status(found)) == ("MISS", 2)
    assert [(t.name, t.status) for t in two.subtests] == [
        ("getpid", "PASS"),
        ("gettid", "MISS"),
    ]


def test_missing_case_of_a_failed_test_still_counts() -> None:
    text = HEAD + "ok 1 vdso_task.one\nnot ok 2 vdso_task.two # signal 11\n"
    found = judge(text)
    assert found["vdso_task.two"].status == "FAIL"
    assert status(found) == 2


def test_skip_needs_a_reason() -> None:
    found = judge(GOOD.replace("vdso_task.one", "vdso_task.one # SKIP"))
    assert found["vdso_task.one"].status == "FAIL"
    found = judge(GOOD.replace("vdso_task.one", "vdso_task.one # SKIP no rdpid"))
    assert (found["vdso_task.one"].status, status(found)) == ("SKIP", 0)


def test_case_skipped_without_a_reason() -> None:
    found = judge(GOOD.replace("gettid", "gettid # SKIP"))
    assert found["vdso_task.two"].status == "FAIL"


def test_splat_fails_the_test_it_came_in() -> None:
    splat = Splat("BUG: KASAN: x", "vdso_task.one", ("BUG: KASAN: x", "trace"))
    found = judge(GOOD, splats=[splat])
    one = found["vdso_task.one"]
    assert (one.status, one.reason) == ("FAIL", "kernel splat: BUG: KASAN: x")
    assert one.log[-1] == "trace"
    assert (found["vdso_task.two"].status, status(found)) == ("PASS", 1)


def test_splat_between_tests_fails_the_boot() -> None:
    found = judge(GOOD, splats=[Splat("WARNING: x", "", ("WARNING: x",))])
    assert (found["boot"].status, status(found)) == ("FAIL", 1)


BEGUN = HEAD + "ok 1 vdso_task.one\n# vdsox: begin vdso_task.two\n  ok 1 getpid\n"


def test_hung_guest_is_a_timeout() -> None:
    guest_result = GuestResult(
        "no answer", ready=True, running="vdso_task.two", timed_out=True
    )
    found = judge(BEGUN, guest_result, tail=["last words"])
    two = found["vdso_task.two"]
    assert (two.status, two.log[-1]) == ("TIMEOUT", "last words")
    assert [test.name for test in two.subtests] == ["getpid"]
    assert (found["boot"].status, status(found)) == ("PASS", 1)


def test_panic_in_a_test_is_its_failure_and_the_rest_is_missed() -> None:
    text = HEAD + "# vdsox: begin vdso_task.one\n"
    guest_result = GuestResult(
        "the guest's kernel panicked: x", ready=True, running=ONE.name
    )
    found = judge(text, guest_result)
    assert found["vdso_task.one"].status == "FAIL"
    two = found["vdso_task.two"]
    assert (two.status, status(found)) == ("MISS", 2)
    assert "panicked" in two.reason


def test_timeout_line_of_init() -> None:
    line = "not ok 1 vdso_task.one # TIMEOUT after 60 s"
    found = judge(GOOD.replace("ok 1 vdso_task.one", line), tail=["console"])
    one = found["vdso_task.one"]
    assert (one.status, one.reason, one.log) == ("TIMEOUT", "after 60 s", ["console"])


def test_guest_that_never_was_ready() -> None:
    found = judge("", GuestResult("the guest ended before init"))
    assert (found["boot"].status, status(found)) == ("ERROR", 2)
    assert found["vdso_task.one"].status == "MISS"


def test_unexpected_results_are_shown() -> None:
    found = judge(GOOD + "not ok 3 stranger\n")
    assert (found["stranger"].status, status(found)) == ("FAIL", 1)


def test_nothing_run_is_no_success() -> None:
    assert results.exit_status([]) == 2


@pytest.mark.parametrize(
    "abis, names", [(("x86_64", "x32"), ["a", "c"]), (("arm64",), ["a", "b"])]
)
def test_expected_tests_of_an_architecture(abis, names) -> None:
    value = {
        "tests": [
            {
                "name": "a",
                "abis": ["x86_64", "x32", "arm64"],
                "timeout": 5,
                "cases": {"x86_64": ["p"], "x32": ["p", "q"], "arm64": None},
            },
            {"name": "b", "abis": ["arm64"], "timeout": 5, "cases": None},
            {"name": "c", "abis": ["x32"], "timeout": 5, "cases": {"x32": ["r"]}},
        ]
    }
    expected_tests = from_manifest(value, abis)
    assert [p.program for p in expected_tests] == names
    assert expected_tests[0].cases == (("p", "q") if "x32" in abis else ())
