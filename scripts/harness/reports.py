# SPDX-License-Identifier: GPL-2.0
"""Convert results.json to junit.xml, kcidb.json and index.html."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Iterator

from harness import atomic, html, ktap

TEMPLATE = Path(__file__).with_name("report.html.j2")
ORIGIN = "vdsox"
KCIDB_STATUS = {
    ktap.PASS: "PASS",
    ktap.FAIL: "FAIL",
    ktap.SKIP: "SKIP",
    ktap.XFAIL: "PASS",
    ktap.ERROR: "ERROR",
    ktap.TIMEOUT: "FAIL",
    ktap.MISS: "MISS",
}
CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_all(value: dict[str, Any], folder: Path) -> None:
    """Write the three files; `value` is results.json, see results.schema.json."""
    write_junit(value, folder / "junit.xml")
    path = folder / "kcidb.json"
    atomic.write_text(path, json.dumps(kcidb(value), indent=1) + "\n")
    write_html(value, folder / "index.html")


def text_of(test: dict[str, Any]) -> str:
    """A test's format errors, then its output; characters invalid in XML become `?`."""
    lines = [*test.get("errors", []), *test.get("log", [])]
    return CONTROL.sub("?", "\n".join(lines))


# --- JUnit ---


def _flaky_failure(test: dict[str, Any]) -> Any:
    """Maven Surefire's element for the first result of a testcase that then passed."""
    import junitparser

    class FlakyFailure(junitparser.junitparser.Element):
        _tag = "flakyFailure"
        message = junitparser.Attr()
        type = junitparser.Attr()

    flake = test["flake"]
    failure, output = FlakyFailure(), junitparser.junitparser.SystemOut()
    failure.message = CONTROL.sub("?", flake["reason"])
    failure.type = ktap.TIMEOUT
    output.text = text_of(flake)
    failure.append(output)
    return failure


def _case(name: str, group: str, test: dict[str, Any]) -> Any:
    import junitparser

    case = junitparser.TestCase(CONTROL.sub("?", name), group, test.get("seconds"))
    reason = CONTROL.sub("?", test.get("reason", "")) or test["status"]
    if test["status"] in (ktap.SKIP, ktap.XFAIL):
        case.result = [junitparser.Skipped(reason, test["status"])]
    elif test["status"] in (ktap.ERROR, ktap.MISS):
        case.result = [junitparser.Error(reason, test["status"])]
    elif test["status"] in ktap.BAD:
        case.result = [junitparser.Failure(reason, test["status"])]
    if text_of(test):
        case.system_out = text_of(test)
    if "flake" in test:
        case.append(_flaky_failure(test))
    return case


def write_junit(value: dict[str, Any], path: Path) -> None:
    """A testsuite for each cell; a testcase for each test and for each case in it."""
    import junitparser

    document = junitparser.JUnitXml("vdsox")
    for cell in value["cells"]:
        suite = junitparser.TestSuite(cell["name"])
        for test in cell["tests"]:
            suite.add_testcase(_case(test["name"], cell["name"], test))
            for inner in test.get("subtests", []):
                group = f"{cell['name']}.{test['name']}"
                suite.add_testcase(_case(inner["name"], group, inner))
        document.add_testsuite(suite)
    with atomic.replacing(path) as part:
        document.write(str(part), pretty=True)


# --- KCIDB v5.3 ---


def _id(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return f"{ORIGIN}:{digest}"


def _path(*names: str) -> str:
    """KCIDB's test path: dotted slugs."""
    return ".".join(re.sub(r"[^a-z0-9_.-]+", "_", name.lower()) for name in names)


def _flat(
    tests: list[dict[str, Any]], prefix: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for test in tests:
        yield _path(*prefix, test["name"]), test
        yield from _flat(test.get("subtests", []), (*prefix, test["name"]))


def _kcidb_test(build: str, path: str, test: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": _id(build, path),
        "build_id": build,
        "origin": ORIGIN,
        "path": path,
        "status": KCIDB_STATUS[test["status"]],
        "misc": {"status": test["status"]},
    }
    if test.get("seconds") is not None:
        value["duration"] = test["seconds"]
    if test.get("reason"):
        value["misc"]["reason"] = test["reason"]
    if "flake" in test:
        value["misc"]["flake"] = test["flake"]["reason"]
    if text_of(test):
        value["log_excerpt"] = text_of(test)[-16384:]
    return value


def kcidb(value: dict[str, Any]) -> dict[str, Any]:
    """KCIDB's checkouts, builds and tests, without nulls; the rest is in `misc`."""
    document: dict[str, Any] = {"version": {"major": 5, "minor": 3}}
    checkouts: dict[str, dict[str, Any]] = {}
    builds, tests = [], []
    for cell in value["cells"]:
        source = str(cell.get("source", cell["name"]))
        checkout, build = _id(source), _id(source, cell["name"])
        checkouts[checkout] = {
            "id": checkout,
            "origin": ORIGIN,
            "misc": {"source": source},
        }
        entry = {"id": build, "checkout_id": checkout, "origin": ORIGIN}
        entry["status"] = "PASS"
        for key, name in (
            ("architecture", "arch"),
            ("compiler", "compiler"),
            ("command", "command"),
            ("start_time", "started"),
        ):
            if cell.get(name):
                entry[key] = cell[name]
        counted = {key: cell[key] for key in ("splats", "flakes")}
        mode = {"mode": cell["mode"]} if "mode" in cell else {}
        entry["misc"] = {"cell": cell["name"], **mode, **counted}
        builds.append(entry)
        for path, test in _flat(cell["tests"], ()):
            tests.append(_kcidb_test(build, path, test))
    document["checkouts"] = list(checkouts.values())
    document["builds"], document["tests"] = builds, _unique(tests)
    return document


def _unique(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make IDs unique: the second of two tests with one name gets a suffix."""
    seen: dict[str, int] = {}
    for test in tests:
        count = seen[test["id"]] = seen.get(test["id"], 0) + 1
        if count > 1:
            test["id"] = f"{test['id']}-{count}"
    return tests


# --- HTML ---


def write_html(value: dict[str, Any], path: Path) -> None:
    """Write the page for people."""
    text = html.render(TEMPLATE, {"text_of": text_of}, report=value, bad=ktap.BAD)
    atomic.write_text(path, text)
