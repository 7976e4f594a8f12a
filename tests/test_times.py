# SPDX-License-Identifier: GPL-2.0
"""--times: the sums over sample events and logs, and the files written from them."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from harness import events, times, timing
from harness.context import Context
from harness.ui import Ui

IDLE = dict.fromkeys(times.COLUMNS, 0)


def event(kind: str, name: str, begin: float, end: float, **more: object) -> dict:
    return {"kind": kind, "name": name, "begin": begin, "end": end, **more}


def sample(when: float, **ticks: int) -> times.Sample:
    return when, {**IDLE, **ticks}


EVENTS = [
    event("phase", "a", 100, 130, process=1, phase="setup", outcome="passed"),
    event("phase", "a", 130, 140, process=1, phase="call", outcome="failed"),
    event("phase", "a", 140, 141, process=1, phase="teardown", outcome="passed"),
    event("wait", "build-arm64", 100, 110, process=1),
    event("step", "6.12 arm64 guest", 105, 128, process=1, outcome="ok"),
    event("step", "6.12 x86_64 build", 90, 300, process=2, outcome="ok", folder="x"),
    event("phase", "b", 141, 144, process=1, phase="call", outcome="passed"),
]


def test_covered_counts_overlaps_once() -> None:
    parts = [(0, 3), (2, 5), (2, 4), (7, 8), (9, 20)]
    assert times.covered((1, 10), parts) == 6
    assert times.covered((1, 10), []) == 0


def test_items_without_the_steps_in_them() -> None:
    first, second = times.tests(EVENTS)
    assert first == {"name": "a", "outcome": "failed", "seconds": 41.0, "own": 13.0}
    assert second == {"name": "b", "outcome": "passed", "seconds": 3.0, "own": 3.0}


def test_skip_in_set_up_is_an_outcome() -> None:
    skip = event("phase", "a", 0, 1, phase="setup", outcome="skipped")
    rest = event("phase", "a", 1, 2, phase="teardown", outcome="passed")
    assert times.tests([skip, rest])[0]["outcome"] == "skipped"


def test_steps_are_relative_to_the_run() -> None:
    found = times.steps(EVENTS, 90)
    assert [step["name"] for step in found] == [
        "build-arm64",
        "6.12 arm64 guest",
        "6.12 x86_64 build",
    ]
    assert (found[1]["begin"], found[1]["seconds"]) == (15, 23)


def test_kselftests_of_a_log() -> None:
    log = "# vdsox: took 0.129 t.symbols\r\nok 1 x\n# vdsox: took 7.5 t.threads\n"
    log += "  # vdsox: took 9 not.ours\n# vdsox: took nothing\n"
    assert times.kselftests(log) == [
        {"name": "t.threads", "seconds": 7.5},
        {"name": "t.symbols", "seconds": 0.129},
    ]


def test_folders_share_the_wall_time() -> None:
    endings = [
        (5, "old.o"),
        (14, "mm/b.o"),
        (12, "mm/a.o"),
        (15, "fs/a.o"),
        (31, "fs/b.o"),
        (50, "late.o"),
    ]
    windows = [(10.0, 20.0), (30.0, 40.0)]
    found = {part["folder"]: part for part in times.folders(endings, windows)}
    assert found["mm"] == {"folder": "mm", "objects": 2, "seconds": 4}
    assert found["fs"] == {"folder": "fs", "objects": 2, "seconds": 2}
    assert found[times.REST]["seconds"] == 5 + 9
    assert sum(part["seconds"] for part in found.values()) == 20
    built = times.build("x", endings, windows)
    assert (built["objects"], built["seconds"]) == (4, 20)


def test_ticks_of_proc_stat() -> None:
    found = times.ticks("cpu  10 1 2 300 4 5 6 7 8 9\ncpu0 1 2 3\n")
    assert found["user"] == 10 and found["idle"] == 300 and found["steal"] == 7
    assert set(found) == set(times.COLUMNS)


def test_shares_of_the_cores() -> None:
    last = sample(60, user=20, nice=20, system=5, irq=5, iowait=10, steal=15, idle=25)
    found = times.shares_between(sample(0), last)
    assert found == {
        "user": 0.4,
        "system": 0.1,
        "iowait": 0.1,
        "steal": 0.15,
        "idle": 0.25,
    }
    assert times.shares_between(last, last) == {}


def test_minutes_name_what_ran() -> None:
    samples = [sample(90 + 5 * n, user=5 * n, idle=5 * n) for n in range(16)]
    first, second = times.minutes(samples, EVENTS)
    assert (first["minute"], first["seconds"], first["idle"]) == (0, 60, 0.5)
    assert (second["minute"], second["seconds"]) == (1, 15)
    assert first["steps"] == ["6.12 x86_64 build", "6.12 arm64 guest", "build-arm64"]
    assert first["tests"] == ["a", "b"]
    assert second["steps"] == ["6.12 x86_64 build"] and second["tests"] == []


@pytest.fixture(name="ctx")
def fixture_ctx(tmp_path: Path) -> Context:
    ui = Ui(stream=io.StringIO(), period=0)
    return Context(out=tmp_path / "out", ui=ui)


def test_builds_are_read_from_their_objects(ctx: Context) -> None:
    for name, when in (("init/main.o", 15), ("mm/a.o", 18), ("mm/left.o", 5)):
        path = ctx.out / "6.12-arm64" / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (when, when))
    cached = event("step", "6.12 x86_64 build", 10, 11, folder="")
    made = event("step", "6.12 arm64 build", 10, 20, folder="6.12-arm64")
    (found,) = timing.builds(ctx.out, [cached, made])
    assert (found["name"], found["objects"], found["seconds"]) == ("6.12-arm64", 2, 10)
    assert found["folders"][0] == {"folder": "init", "objects": 1, "seconds": 5}


def test_recording_writes_and_prints(ctx: Context, capsys) -> None:
    for name, when in (("old", 1), ("6.12-arm64", 2**31)):
        log = ctx.out / name / "ktap.log"
        log.parent.mkdir(parents=True)
        log.write_text("# vdsox: took 3.5 t.ids\n")
        os.utime(log, (when, when))
    with timing.recording(ctx, True):
        with ctx.ui.step("6.12", "arm64", "build") as outcome:
            outcome.folder = "6.12-arm64"
    value = json.loads((ctx.report / "times.json").read_text())
    assert [guest["name"] for guest in value["guests"]] == ["6.12-arm64/ktap.log"]
    assert [step["name"] for step in value["steps"]] == ["6.12 arm64 build"]
    assert [build["name"] for build in value["builds"]] == ["6.12-arm64"]
    printed = capsys.readouterr().out
    assert "t.ids" in printed and str(ctx.report / "times.html") in printed
    page = (ctx.report / "times.html").read_text()
    assert "t.ids" in page and "6.12-arm64" in page


def test_recording_begins_anew_and_survives_a_fault(ctx: Context) -> None:
    ctx.report.mkdir(parents=True)
    (ctx.report / "events.jsonl").write_text("old\n")
    with pytest.raises(ValueError):
        with timing.recording(ctx, True):
            raise ValueError
    assert (ctx.report / "events.jsonl").read_text() == ""
    assert json.loads((ctx.report / "times.json").read_text())["steps"] == []


def test_nothing_is_recorded_unless_asked(ctx: Context) -> None:
    with timing.recording(ctx, False):
        with ctx.ui.step("6.12", "arm64", "build"):
            pass
    assert not ctx.report.exists()


def test_page_escapes_names(ctx: Context, tmp_path: Path) -> None:
    found = [event("phase", "<script>", 1, 2, phase="call", outcome="passed")]
    value = timing.collect(ctx.out, found, [sample(0), sample(5, idle=5)])
    timing.write(value, tmp_path)
    page = (tmp_path / "times.html").read_text()
    assert "&lt;script&gt;" in page and "<script>" not in page


def test_events_come_sorted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    events.append(log, "step", "second", 2, 3)
    events.append(log, "step", "first", 1, 4)
    events.append(None, "step", "nowhere", 1, 2)
    assert [found["name"] for found in events.read(log)] == ["first", "second"]
