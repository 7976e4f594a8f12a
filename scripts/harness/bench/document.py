# SPDX-License-Identifier: GPL-2.0
"""bench.json and bench.csv: all measured figures and what is derived from them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Iterator

from harness import atomic
from harness.bench import costs as costing
from harness.bench import processor
from harness.bench import targets as limits
from harness.bench.figures import Figures
from harness.bench.native import Native, ratio
from harness.bench.targets import Target

VERSION = 1
CONTEXT = ("cpu_model", "cpu_number_by", "mitigations", "rseq", "perf_lacking")
CONTEXT += ("library_build_type",)
COLUMNS = "cell source name unit value low high samples repeats".split()


def ratios(found: Native) -> dict[str, dict[str, Any]]:
    """Ratios of the time of each function of the image to that of the equivalent system
    call, of the host's vDSO and libc, and of other references. Dimensionless."""
    found_ratios: dict[str, dict[str, Any]] = {}
    for of in sorted(found.times):
        if not of.startswith("image/"):
            continue
        name = of.partition("/")[2]
        others = [f"{where}/{name}" for where in ("syscall", "host", "glibc")]
        others += ["host/getcpu", "host/clock_monotonic", "image/clock_monotonic"]
        others += ["tls/load", "rseq/cpu_id", "glibc/sched_getcpu", "perf/clock"]
        for to in dict.fromkeys(others):
            value = ratio(found.times, of, to) if to != of else None
            if value:
                key = f"{of} : {to}"
                found_ratios[key] = dict(zip(("median", "min", "max"), value))
    return found_ratios


def native_part(found: Native) -> dict[str, Any]:
    """The cell's `native` object."""
    if found.refusal:
        return {"refusal": found.refusal}
    context = {k: v for k, v in found.context.items() if k in CONTEXT}
    return {"context": context, "steps": found.steps, "ratios": ratios(found)}


def cell(
    about: dict[str, Any],
    patched: Figures,
    unpatched: Figures,
    found: Native | None,
    pages: dict[str, tuple[int, int]],
) -> dict[str, Any]:
    """The document's object for one cell.

    about: name, base, arch, compiler and release
    found: None if times were not to be measured
    pages: image -> (patched, unpatched) pages
    """
    costs = costing.derive(patched, unpatched)
    targets: list[Target] = limits.image(pages)
    if patched:
        targets += limits.exact(about["arch"], costs) + limits.memory(costs)
    value = {
        **about,
        "kernels": {
            "patched": {name: f.as_json() for name, f in patched.items()},
            "unpatched": {name: f.as_json() for name, f in unpatched.items()},
        },
        "costs": {name: cost.as_json() for name, cost in costs.items()},
        "image_pages": {name: list(pair) for name, pair in pages.items()},
    }
    if found is not None:
        ids = [n for n in found.steps if not n.startswith("clock_")]
        targets += limits.native(found, ids)
        value["native"] = native_part(found)
    value["targets"] = [target.as_json() for target in targets]
    return value


def document(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """The content of bench.json."""
    return {"version": VERSION, "cells": cells}


def _rows(cell_value: dict[str, Any]) -> Iterator[list[Any]]:
    name = cell_value["name"]
    for kernel, found in cell_value["kernels"].items():
        for key, f in found.items():
            row = [f["unit"], f["value"], f["low"], f["high"], f["samples"]]
            yield [name, kernel, key, *row, f["repeats"]]
    for key, cost in cell_value["costs"].items():
        row = [cost["unit"], cost["value"], "", "", ""]
        yield [name, "cost", key, *row, cost["repeats"]]
    native = cell_value.get("native", {})
    for line in processor.lines(native["context"]) if "context" in native else []:
        yield [name, "native-cpu", line, *[""] * (len(COLUMNS) - 3)]
    for key, count in native.get("steps", {}).items():
        yield [name, "native-steps", key, "instructions", count, "", "", 1, True]
    for key, value in native.get("ratios", {}).items():
        spread = [value["median"], value["min"], value["max"]]
        yield [name, "native", key, "ratio of times", *spread, "", False]


def _queue_rows(found: dict[str, Any]) -> Iterator[list[Any]]:
    for line in processor.lines(found["context"]):
        yield ["queues", "cpu", line, *[""] * (len(COLUMNS) - 3)]
    for row in found["ratios"]:
        name = "{name}.{bytes}.{producers}.{consumers}".format(**row)
        spread = [row["median"], row["min"], row["max"]]
        yield ["queues", "native", name, "ratio of times", *spread, "", False]
    for row in found["late"]:
        for part, ratio_ in zip(("p50", "p99", "p99.9"), row["ratios"]):
            name = f"{row['name']}.late.{part}"
            yield ["queues", "native", name, "ratio of times", ratio_, *[""] * 3, False]


def as_csv(value: dict[str, Any]) -> str:
    """The content of bench.csv: a row for each figure, cost and ratio."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cell_value in value["cells"]:
        writer.writerows(_rows(cell_value))
    if "queues" in value:
        writer.writerows(_queue_rows(value["queues"]))
    return stream.getvalue()


def write(value: dict[str, Any], folder: Path) -> Path:
    """Write bench.json and bench.csv; returns the former's path. ValueError for NaN."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.json"
    text = json.dumps(value, indent=1, allow_nan=False) + "\n"
    atomic.write_text(path, text)
    atomic.write_text(folder / "bench.csv", as_csv(value))
    return path
