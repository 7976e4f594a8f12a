# SPDX-License-Identifier: GPL-2.0
"""The reports: valid, complete, and safe for any output of a test."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import junitparser
import pytest

from harness import ktap, reports, results
from harness.context import REPO
from harness.ktap import Flake, Result
from harness.results import CellResult

SCHEMA = json.loads((REPO / "scripts/harness/results.schema.json").read_text())
GOLDEN = Path(__file__).parent / "ktap"
NASTY = (
    "KTAP version 1\n1..1\n  <script>alert(1)</script> \x00\x1b[31m & ]]>\nok 1 <b>\n"
)


def cells() -> list[CellResult]:
    found = []
    for path in sorted(GOLDEN.glob("*/input.log")):
        document = ktap.parse(path.read_bytes().decode("utf-8", "replace"))
        metadata = {"base": "6.12", "arch": "arm64", "source": "sample", "accel": "tcg"}
        found.append(CellResult(path.parent.name, document.results, metadata))
    found.append(CellResult("nasty", ktap.parse(NASTY).results, {}, 1))
    found.append(CellResult("flaky", flaky(), {}))
    return found


def flaky() -> list[Result]:
    """A case that was late in the first run, and a program that hung in it."""
    case = Result("a", ktap.PASS, flake=Flake("never <answered>", ["first\x1b words"]))
    program = Result("hung", ktap.PASS, flake=Flake("after 60 s"))
    return [Result("t.one", ktap.PASS, subtests=[case]), program]


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    found = cells()
    results.write(found, tmp_path)
    reports.write_all(results.as_json(found), tmp_path)
    return tmp_path


def test_results_follow_their_schema(folder: Path) -> None:
    value = json.loads((folder / "results.json").read_text())
    jsonschema.validate(value, SCHEMA)
    assert len(value["cells"]) == len(cells())


def test_schema_refuses_a_strange_status(folder: Path) -> None:
    value = json.loads((folder / "results.json").read_text())
    value["cells"][1]["tests"][0]["status"] = "GOOD"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, SCHEMA)


def test_junit_has_every_test(folder: Path) -> None:
    suites = list(junitparser.JUnitXml.fromfile(str(folder / "junit.xml")))
    assert [suite.name for suite in suites] == [cell.name for cell in cells()]
    by_name = {suite.name: suite for suite in suites}
    flat = by_name["flat"]
    assert (flat.tests, flat.failures, flat.errors) == (3, 1, 0)
    directives = by_name["directives"]
    assert (directives.failures, directives.errors, directives.skipped) == (3, 1, 5)


def test_junit_has_what_was_late_the_first_time(folder: Path) -> None:
    """As Maven Surefire writes it: a flakyFailure, not counted as a failure."""
    suites = list(junitparser.JUnitXml.fromfile(str(folder / "junit.xml")))
    (suite,) = [suite for suite in suites if suite.name == "flaky"]
    assert (suite.tests, suite.failures, suite.errors) == (3, 0, 0)
    found = {case.name: case._elem.find("flakyFailure") for case in suite}
    assert found["t.one"] is None
    assert found["a"].attrib == {"message": "never <answered>", "type": "TIMEOUT"}
    assert found["a"].findtext("system-out") == "first? words"
    assert found["hung"].get("message") == "after 60 s"


def test_every_report_has_what_was_late_the_first_time(folder: Path) -> None:
    value = json.loads((folder / "results.json").read_text())
    counts = {cell["name"]: cell["flakes"] for cell in value["cells"]}
    assert counts["flaky"] == 2 and sum(counts.values()) == 2
    tests = json.loads((folder / "kcidb.json").read_text())["tests"]
    noted = {t["path"]: t["misc"]["flake"] for t in tests if "flake" in t["misc"]}
    assert noted == {"t.one.a": "never <answered>", "hung": "after 60 s"}
    page = (folder / "index.html").read_text()
    assert "timed out in the first run: never &lt;answered&gt;" in page
    assert "first? words" in page


def test_kcidb_keeps_its_rules(folder: Path) -> None:
    text = (folder / "kcidb.json").read_text()
    value = json.loads(text)
    assert value["version"] == {"major": 5, "minor": 3}
    assert "null" not in re.sub(r'"[^"]*"', "", text)
    builds = {build["id"] for build in value["builds"]}
    checkouts = {checkout["id"] for checkout in value["checkouts"]}
    assert {build["checkout_id"] for build in value["builds"]} == checkouts
    assert {test["build_id"] for test in value["tests"]} <= builds
    ids = [test["id"] for test in value["tests"]]
    assert len(ids) == len(set(ids))
    for entry in value["checkouts"] + value["builds"] + value["tests"]:
        assert re.match(r"^[a-z0-9_]+:.+$", entry["id"])
        assert entry["origin"] == "vdsox"
    for test in value["tests"]:
        assert test["status"] in ("PASS", "FAIL", "SKIP", "ERROR", "MISS", "DONE")
        assert re.match(r"^[.a-zA-Z0-9_-]*$", test["path"])


class Names(HTMLParser):
    """Every tag and every address of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("href", "src") and v]


def test_page_stands_alone(folder: Path) -> None:
    text = (folder / "index.html").read_text()
    names = Names()
    names.feed(text)
    assert all(link.startswith("#") for link in names.links)
    assert not {"script", "link", "img", "iframe"} & set(names.tags)
    assert "<script>alert" not in text and "&lt;script&gt;" in text
    assert "prefers-color-scheme: dark" in text
    assert text.count("<h2 ") == len(cells())


def test_report_of_a_recorded_log(vdsox, tmp_path: Path) -> None:
    log = GOLDEN / "kselftest-runner" / "input.log"
    done = vdsox("report", log, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "vdso_test_clock_getres" in done.stdout
    value = json.loads((tmp_path / "out/report/results.json").read_text())
    jsonschema.validate(value, SCHEMA)
    good = GOLDEN / "nested" / "input.log"
    assert vdsox("report", good, "--out", tmp_path / "out").returncode == 0


@pytest.mark.parametrize("case", ["plan-short", "wrong-numbers", "bail-out"])
def test_report_of_a_faulty_log_fails(vdsox, tmp_path: Path, case: str) -> None:
    log = GOLDEN / case / "input.log"
    assert vdsox("report", log, "--out", tmp_path / "out").returncode == 1


def test_report_refuses_what_is_no_ktap(vdsox, tmp_path: Path) -> None:
    for path in (GOLDEN / "empty" / "input.log", tmp_path / "none.log"):
        done = vdsox("report", path, "--out", tmp_path / "out")
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert str(path) in line
