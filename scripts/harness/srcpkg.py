# SPDX-License-Identifier: GPL-2.0
"""Download a source package through apt, without a configured deb-src line.

A private apt state is filled with the sources of the system's own suites, or of
another suite on the same mirrors. The system's apt state does not change.
"""

from __future__ import annotations

import functools
from pathlib import Path

from harness import apt, procs
from harness.errors import Fault


@apt.exclusive
def fetch(cache: Path, package: str, log: Path, suite: str = "") -> Path:
    """The .dsc of a source package in the cache, with the files that it lists.

    If the cache has one, that one, so that tests do not need a network. Otherwise the
    newest version of the suite, by default of the system's suites, whose files the
    mirror has: its index may list files that have not arrived there yet. Fault if there
    is none.
    """
    folder = cache / "sources" / (suite or "own")
    kept = sorted(folder.glob(f"{package}_*.dsc"))
    if kept:
        return kept[-1]
    state = cache / f"apt-src-{suite or 'own'}"
    options = apt.private_options(state)
    rows = apt.other_suites([suite]) if suite else apt.targets()
    sources = apt.write_sources(state / "src.list", "deb-src", rows)
    options = apt.private_options(state, sources)
    apt.update(options, log)
    found = _newest_first(apt.versions(package, options))
    if not found:
        raise Fault(
            f"no source package {package} in {suite or 'the system suites'},"
            " or the mirror cannot be reached: retry later",
            log,
        )
    for number in found:
        dsc = _download(folder, package, number, options, log)
        if dsc:
            return dsc
    raise apt.explain_failure(f"download of the source of {package}", log)


def _newest_first(versions: list[str]) -> list[str]:
    def compare(left: str, right: str) -> int:
        older = ["dpkg", "--compare-versions", left, "lt", right]
        return -1 if procs.communicate(older).returncode == 0 else 1

    return sorted(versions, key=functools.cmp_to_key(compare), reverse=True)


def _download(
    folder: Path, package: str, number: str, options: list[str], log: Path
) -> Path | None:
    """The .dsc; None if the mirror lacks a file. Fault if apt-get fails otherwise."""
    what = f"download of the source of {package} {number}"
    part = folder / "partial" / package
    part.mkdir(parents=True, exist_ok=True)
    for path in part.iterdir():
        path.unlink()
    command = ["apt-get", *options, "-q", "source", "--download-only"]
    command.append(f"{package}={number}")
    before = log.stat().st_size if log.is_file() else 0
    status = procs.status_logged(
        command, log, what, cwd=part, env=apt.ENV, timeout=apt.TIMEOUT
    )
    found = sorted(part.glob(f"{package}_*.dsc"))
    if status != 0 or len(found) != 1:
        with open(log, errors="replace") as stream:
            stream.seek(before)
            if "404  Not Found" in stream.read():
                return None
        raise apt.explain_failure(what, log)
    for path in sorted(part.iterdir(), key=lambda path: path.suffix == ".dsc"):
        path.rename(folder / path.name)
    return folder / found[0].name


def version(dsc: Path) -> str:
    """The upstream version: without epoch and Debian revision."""
    return dsc.stem.partition("_")[2].rpartition("-")[0].rpartition(":")[2]


def unpack(dsc: Path, tree: Path, log: Path) -> None:
    """Unpack the source with the distribution's patches applied."""
    # apt has verified hashes and signature; dpkg-source may lack the keys.
    command = ["dpkg-source", "--no-check", "--no-copy", "-x", dsc, tree]
    procs.run_logged(command, log, f"unpack {dsc.name}")
