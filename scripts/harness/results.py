# SPDX-License-Identifier: GPL-2.0
"""results.json, from which all reports are made, and the exit status."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence

from harness import atomic, ktap
from harness.errors import EXIT_FAILED, EXIT_FAULT, EXIT_OK
from harness.ktap import Result
from harness.verdict import counts

VERSION = 1


@dataclass
class CellResult:
    """The verdict on one cell, with the metadata that reproduces it.

    splats: number of kernel complaints that count
    seconds: of its guests
    errors: not of a single test; notes: do not affect the verdict
    """

    name: str
    results: list[Result]
    metadata: dict[str, Any] = field(default_factory=dict)
    splats: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def flakes(self) -> list[str]:
        """`TEST [CASE]: REASON` of each test or case that was late in the first run."""
        found = []
        for result in self.results:
            for test in [result, *result.subtests]:
                if test.flake:
                    inner = f" {test.name}" if test is not result else ""
                    found.append(f"{result.name}{inner}: {test.flake.reason}")
        return found

    def as_json(self) -> dict[str, Any]:
        """The `cell` object of results.schema.json."""
        keys = (
            "base",
            "arch",
            "variant",
            "mode",
            "source",
            "release",
            "patched",
            "compiler",
        )
        keys += ("command", "accel", "cpus", "started", "folder")
        value = {k: self.metadata[k] for k in keys if k in self.metadata}
        return {
            "name": self.name,
            **value,
            "seconds": round(self.seconds, 1),
            "splats": self.splats,
            "flakes": len(self.flakes),
            "counts": counts(self.results),
            "errors": self.errors,
            "notes": self.notes,
            "tests": [result.as_json() for result in self.results],
        }


def flake_lines(flakes: Sequence[str]) -> list[str]:
    """The summary's lines: their number, and each."""
    if len(flakes) == 1:
        return [f"flakes: 1: {flakes[0]}"]
    return [f"flakes: {len(flakes)}", *(f"  {flake}" for flake in flakes)]


def exit_status(cells: Sequence[CellResult]) -> int:
    """EXIT_FAULT for a MISS, an ERROR or no cell; EXIT_FAILED for a failed test."""
    found = {result.status for cell in cells for result in cell.results}
    missed = any(
        test.status == ktap.MISS
        for cell in cells
        for result in cell.results
        for test in result.subtests
    )
    if not cells or missed or found & {ktap.MISS, ktap.ERROR}:
        return EXIT_FAULT
    errors = any(cell.errors for cell in cells)
    return EXIT_FAILED if errors or found & set(ktap.BAD) else EXIT_OK


def as_json(cells: Sequence[CellResult]) -> dict[str, Any]:
    """The whole document of results.schema.json."""
    status = exit_status(cells)
    word = {EXIT_OK: "PASS", EXIT_FAILED: "FAIL"}.get(status, "ERROR")
    return {
        "version": VERSION,
        "verdict": word,
        "cells": [cell.as_json() for cell in cells],
    }


def write(cells: Sequence[CellResult], folder: Path) -> Path:
    """Write results.json; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    atomic.write_text(path, json.dumps(as_json(cells), indent=1) + "\n")
    return path
