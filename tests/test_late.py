# SPDX-License-Identifier: GPL-2.0
"""Failed or late: which tests run once more, and the result of that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Sequence

import pytest

from harness import guest, ktap, late, rerun, runner, verdict
from harness.context import Context
from harness.guest import GuestResult
from harness.ktap import Result
from harness.manifest import ExpectedTest
from harness.qemu import Channels, GuestConfig
from harness.results import CellResult, flake_lines
from harness.splat import Splat

NAMES = ("one", "two", "three")
EXPECTED = [ExpectedTest(f"t.{name}", "t", name, 60, ("a", "b")) for name in NAMES]
DONE = GuestResult(ready=True)
GOOD = "  1..2\n  ok 1 a\n  ok 2 b\nok {number} t.{name}\n"
LATE_CASE = """\
  1..2
  not ok 1 a # TIMEOUT never answered
  ok 2 b
not ok {number} t.{name} # TIMEOUT in its cases
"""
WRONG_CASE = LATE_CASE.replace("ok 2 b", "not ok 2 b")
HUNG = "  1..2\n  ok 1 a\nnot ok {number} t.{name} # TIMEOUT after 60 s\n"
HUNG_SILENT = "not ok {number} t.{name} # TIMEOUT after 60 s\n"
HUNG_WRONG = HUNG.replace("  ok 1 a", "  not ok 1 a")
INCOMPLETE = LATE_CASE.replace("1..2", "1..1").replace("  ok 2 b\n", "")
SIGNAL = "  1..2\n  ok 1 a\nnot ok {number} t.{name} # signal 11\n"
BEGUN = "# vdsox: begin t.{name}\n  1..2\n  ok 1 a\n"


def log_of(wanted: Sequence[ExpectedTest], texts: dict[str, str]) -> str:
    """PID 1's log: the text of each program, by default a good one."""
    lines = ["# vdsox: ready\nKTAP version 1\n"]
    for number, expected in enumerate(wanted, 1):
        text = texts.get(expected.program, GOOD)
        lines.append(text.format(number=number, name=expected.program))
    return "".join(lines)


def result_of(
    text: str, guest_result: GuestResult = DONE, splats: Sequence[Splat] = ()
) -> Result:
    document = ktap.parse(log_of(EXPECTED[:1], {"one": text}))
    return verdict.join(EXPECTED[:1], document, splats, guest_result)[1]


@pytest.mark.parametrize("text", [LATE_CASE, HUNG, HUNG_SILENT])
def test_late(text: str) -> None:
    assert result_of(text).status == ktap.TIMEOUT


@pytest.mark.parametrize(
    "text", [GOOD, WRONG_CASE, HUNG_WRONG, INCOMPLETE, SIGNAL, "", "Bail out! x\n"]
)
def test_not_late(text: str) -> None:
    assert result_of(text).status != ktap.TIMEOUT


def test_splat_beside_it_is_wrong() -> None:
    result = result_of(LATE_CASE, splats=[Splat("BUG: x", "t.one", ("BUG: x",))])
    assert (result.status, result.reason) == (
        "FAIL",
        "kernel splat: BUG: x; in its cases",
    )


def test_panic_is_wrong() -> None:
    guest_result = GuestResult(
        "the guest's kernel panicked: x", ready=True, running="t.one"
    )
    assert result_of(BEGUN, guest_result).status == ktap.FAIL


class Guests:
    """Fake guests: each start takes the next planned log and result."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ctx = Context(out=folder)
        self.scripts: list[tuple[dict[str, str], GuestResult]] = []
        self.started: list[tuple[str, list[str]]] = []

    def plan(self, texts: dict[str, str], guest_result: GuestResult = DONE) -> None:
        self.scripts.append((texts, guest_result))

    def run(self, cell, wanted, config, accel, *, prefix: str, outcome) -> GuestResult:
        texts, guest_result = self.scripts[len(self.started)]
        self.started.append((prefix, [expected.program for expected in wanted]))
        channels = Channels(self.folder, prefix)
        channels.clear()
        if guest_result.ready:
            channels.port("verdict").write_text(log_of(wanted, texts))
        guest_result.channels = channels
        return guest_result

    def results(
        self, expected_tests: Sequence[ExpectedTest] = EXPECTED
    ) -> dict[str, Result]:
        self.found = rerun.run_expected(
            self,
            expected_tests,
            GuestConfig(),
            "tcg",
            make=lambda _cell, wanted: wanted,
        )
        assert len(self.started) == len(self.scripts), "guests that were not started"
        return {result.name: result for result in self.found.results}

    name = title = "cell"

    @staticmethod
    def read_metadata() -> dict[str, str]:
        return {}


@pytest.fixture(name="guests")
def fixture_guests(tmp_path: Path, monkeypatch) -> Guests:
    guests = Guests(tmp_path)
    monkeypatch.setattr(guest, "run", guests.run)
    monkeypatch.setattr(rerun.decode, "annotate", lambda _cell, text: text)
    return guests


def statuses(found: dict[str, Result]) -> list[str]:
    return [result.status for result in found.values()]


def test_good_tests_run_once(guests: Guests) -> None:
    guests.plan({})
    assert statuses(guests.results()) == ["PASS"] * 4
    assert guests.ctx.flakes == []


def test_wrong_tests_run_once(guests: Guests) -> None:
    guests.plan({"one": WRONG_CASE, "two": SIGNAL, "three": HUNG_WRONG})
    assert statuses(guests.results()) == ["PASS", "FAIL", "FAIL", "FAIL"]
    assert guests.ctx.flakes == []


def test_late_case_is_a_flake(guests: Guests) -> None:
    guests.plan({"two": LATE_CASE})
    guests.plan({})
    found = guests.results()
    assert statuses(found) == ["PASS"] * 4
    assert guests.started[1] == ("again-two-", ["two"])
    flaky = found["t.two"].subtests[0]
    assert flaky.flake is not None and flaky.flake.reason == "never answered"
    assert guests.ctx.flakes == ["cell t.two a: never answered"]
    assert "never answered" in (guests.folder / "ktap.log").read_text()


@pytest.mark.parametrize("text", [HUNG, HUNG_SILENT])
def test_hung_program_is_a_flake(guests: Guests, text: str) -> None:
    guests.plan({"two": text})
    guests.plan({})
    assert statuses(guests.results()) == ["PASS"] * 4
    assert guests.ctx.flakes == ["cell t.two: after 60 s"]


@pytest.mark.parametrize("text", [LATE_CASE, HUNG, HUNG_SILENT])
def test_late_twice_fails(guests: Guests, text: str) -> None:
    guests.plan({"two": text})
    guests.plan({"two": text})
    found = guests.results()
    assert statuses(found) == ["PASS", "PASS", "TIMEOUT", "PASS"]
    assert found["t.two"].log[0].startswith("second run, after TIMEOUT")
    assert guests.ctx.flakes == []


def test_late_and_then_wrong_fails(guests: Guests) -> None:
    guests.plan({"two": LATE_CASE})
    guests.plan({"two": SIGNAL})
    found = guests.results()
    assert found["t.two"].status == "FAIL"
    # The late case passed in the second run, before the signal.
    assert guests.ctx.flakes == ["cell t.two a: never answered"]


def test_another_case_late_the_second_time_fails(guests: Guests) -> None:
    guests.plan({"two": LATE_CASE})
    other = LATE_CASE.replace("ok 2 b", "not ok 2 b # TIMEOUT x")
    guests.plan({"two": other.replace("not ok 1 a # TIMEOUT never answered", "ok 1 a")})
    assert guests.results()["t.two"].status == "TIMEOUT"


def test_each_late_program_has_a_guest_of_its_own(guests: Guests) -> None:
    guests.plan({"one": LATE_CASE, "three": HUNG})
    guests.plan({})
    guests.plan({"three": HUNG})
    assert statuses(guests.results()) == ["PASS", "PASS", "PASS", "TIMEOUT"]
    assert guests.started[1:] == [("again-one-", ["one"]), ("again-three-", ["three"])]
    assert guests.ctx.flakes == ["cell t.one a: never answered"]


def test_tests_after_a_hang_run_in_another_guest(guests: Guests) -> None:
    guest_result = GuestResult("no answer", ready=True, running="t.two", timed_out=True)
    guests.plan({"two": BEGUN, "three": ""}, guest_result)
    guests.plan({})
    guests.plan({})
    assert statuses(guests.results()) == ["PASS"] * 4
    assert guests.started[1:] == [("again-two-", ["two"]), ("again-three-", ["three"])]
    assert guests.ctx.flakes == ["cell t.two: no answer"]


def test_guest_that_panicked_is_not_started_again(guests: Guests) -> None:
    guest_result = GuestResult(
        "the guest's kernel panicked: x", ready=True, running="t.two"
    )
    guests.plan({"two": BEGUN, "three": ""}, guest_result)
    assert statuses(guests.results()) == ["PASS", "PASS", "FAIL", "MISS"]


def test_guest_that_did_not_boot_in_time(guests: Guests) -> None:
    guests.plan({}, GuestResult("no answer before init", timed_out=True))
    guests.plan({})
    assert statuses(guests.results()) == ["PASS"] * 4
    assert guests.started[1] == ("again-", list(NAMES))
    assert guests.ctx.flakes == ["cell boot: no answer before init"]


def test_guest_that_does_not_boot_in_time_twice(guests: Guests) -> None:
    for _ in range(2):
        guests.plan({}, GuestResult("no answer before init", timed_out=True))
    assert statuses(guests.results()) == ["TIMEOUT", "MISS", "MISS", "MISS"]


def test_guest_that_ended_before_init_is_not_started_again(guests: Guests) -> None:
    guests.plan({}, GuestResult("the guest ended before init"))
    assert statuses(guests.results())[0] == "ERROR"


def test_guest_that_did_not_end_in_time(guests: Guests) -> None:
    guests.plan({}, GuestResult("no answer while it ran", ready=True, timed_out=True))
    guests.plan({})
    assert statuses(guests.results()) == ["PASS"] * 4
    assert guests.started[1] == ("again-", [])


def test_second_guest_must_be_good_itself(guests: Guests) -> None:
    guests.plan({"two": LATE_CASE})
    guests.plan({}, GuestResult("the guest ended too early", ready=True))
    found = guests.results()
    assert found["boot"].status == "ERROR"
    assert guests.found.seconds == 0.0


def test_flakes_are_counted_at_the_end() -> None:
    assert flake_lines([]) == ["flakes: 0"]
    assert flake_lines(["t.one a: why"]) == ["flakes: 1: t.one a: why"]
    assert flake_lines(["x", "y"]) == ["flakes: 2", "  x", "  y"]


def test_flakes_of_a_cell() -> None:
    inner = Result("a", "PASS", flake=ktap.Flake("why"))
    cell = CellResult("c", [Result("t", "PASS", subtests=[inner])])
    assert cell.flakes == ["t a: why"]
    assert cell.as_json()["flakes"] == 1


def test_table_ends_with_the_flakes(capsys) -> None:
    inner = Result("a", "PASS", flake=ktap.Flake("why"))
    cell = CellResult("c", [Result("t", "PASS", subtests=[inner])])
    runner.print_table(Context(), [cell])
    assert capsys.readouterr().out.splitlines()[-1] == "flakes: 1: c t a: why"


# --- the base's own tests, in a guest at the same time ---

BASE = [
    ExpectedTest(f"vDSO.{name}", "vDSO", name, 60, ("a", "b")) for name in ("x", "y")
]


def both(monkeypatch, tmp_path: Path, *scripts: dict) -> tuple[CellResult, list[str]]:
    """Run both guests; in those without a log in @scripts all tests pass."""
    guests, started = Guests(tmp_path), []
    known = dict(scripts)

    def run(_cell, wanted, _config, _accel, *, prefix: str, outcome) -> GuestResult:
        texts, reason = known.get(prefix, ({}, ""))
        started.append(prefix)
        guest_result = GuestResult(
            reason, ready=True, timed_out=bool(reason), seconds=len(wanted)
        )
        guest_result.channels = Channels(tmp_path, prefix)
        guest_result.channels.clear()
        text = log_of(wanted, texts)
        for expected in wanted:
            text = text.replace(f"t.{expected.program}", expected.name)
        guest_result.channels.port("verdict").write_text(text)
        return guest_result

    monkeypatch.setattr(guest, "run", run)
    monkeypatch.setattr(rerun.decode, "annotate", lambda _cell, text: text)
    found = rerun.run_expected(
        guests,
        [*EXPECTED, *BASE],
        GuestConfig(),
        "tcg",
        make=lambda _cell, wanted: wanted,
    )
    return found, started


def test_base_has_a_guest_beside_ours(monkeypatch, tmp_path: Path) -> None:
    found, started = both(monkeypatch, tmp_path)
    assert sorted(started) == ["", "base-"]
    assert [result.name for result in found.results] == [
        "boot",
        *(expected.name for expected in [*EXPECTED, *BASE]),
    ]
    assert not any(result.bad for result in found.results)
    assert found.seconds == 3


def test_late_ones_of_both_are_run_again(monkeypatch, tmp_path: Path) -> None:
    scripts = ("", ({"two": LATE_CASE}, "")), ("base-", ({"y": HUNG}, ""))
    found, started = both(monkeypatch, tmp_path, *scripts)
    assert sorted(started[:2]) == ["", "base-"]
    assert started[2:] == ["again-two-", "base-again-y-"]
    assert not any(result.bad for result in found.results)
    assert found.flakes == ["t.two a: never answered", "vDSO.y: after 60 s"]


def test_a_guest_that_is_late_does_not_hide_the_others_splat() -> None:
    late_one = CellResult("c", [Result(verdict.BOOT, ktap.TIMEOUT)])
    for bad in (ktap.FAIL, ktap.ERROR):
        wrong = CellResult("c", [Result(verdict.BOOT, bad), Result("vDSO.x", "PASS")])
        good = CellResult("c", [Result(verdict.BOOT, ktap.PASS), Result("t", "PASS")])
        for found in ([late_one, wrong], [good, wrong], [wrong, late_one]):
            copies = [replace(cell, results=list(cell.results)) for cell in found]
            assert late.join_parallel(copies).results[0].status == bad
