# SPDX-License-Identifier: GPL-2.0
"""Download a package's .deb through apt, which checks hashes and signatures.

The system's own package lists are searched first. If they lack the package, a private
apt state is filled: with the system's suites, then with newer suites of the
mirrors in the system's own configuration. The system's apt state does not change.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Callable, Optional, Sequence, TypeVar, cast

from harness import parallel, procs
from harness.errors import Absent, Fault

Function = TypeVar("Function", bound=Callable[..., Any])

NEWER_SUITES = ("trixie", "trixie-backports", "forky", "sid", "experimental")
PARTIAL = "partial"
TIMEOUT = 1500.0  # seconds, for one run of apt-get
ENV = {"LC_ALL": "C"}


def _apt(tool: str, options: list[str], *args: str) -> str:
    """Standard output of an apt tool; empty if it fails."""
    done = procs.communicate([tool, *options, *args])
    return done.stdout if done.returncode == 0 else ""


def versions(package: str, options: list[str]) -> list[str]:
    """The versions that `apt-cache madison` lists, newest first; none is no error."""
    text = _apt("apt-cache", options, "madison", package)
    found = [line.split("|")[1].strip() for line in text.splitlines() if "|" in line]
    return list(dict.fromkeys(found))


def private_options(state: Path, sources: Optional[Path] = None) -> list[str]:
    """Options of apt tools for lists and a cache in `state`, with the system's sources
    or those of the file `sources`. Creates the directories."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    options = [
        "-o",
        f"Dir::State::Lists={state / 'lists'}",
        "-o",
        f"Dir::Cache={state / 'cache'}",
        "-o",
        "Acquire::Languages=none",
        "-o",
        "APT::Sandbox::User=",
    ]
    if sources:
        options += ["-o", f"Dir::Etc::SourceList={sources}"]
        options += ["-o", "Dir::Etc::SourceParts=/nonexistent"]
    return options


def targets() -> list[tuple[str, str, str]]:
    """(`[signed-by=...] ` or nothing, URI, suite) of each configured apt source."""
    form = "$(REPO_URI) $(RELEASE) $(SIGNED_BY)"
    found = []
    for line in _apt("apt-get", [], "indextargets", "--format", form).splitlines():
        parts = line.split()
        if len(parts) > 1:
            signed = next((p for p in parts[2:] if p.startswith("/")), "")
            option = f"[signed-by={signed}] " if signed else ""
            found.append((option, parts[0], parts[1]))
    return list(dict.fromkeys(found))


def other_suites(suites: Sequence[str]) -> list[tuple[str, str, str]]:
    """The same of other suites on the configured mirrors, without security mirrors."""
    mirrors = {
        uri: option
        for option, uri, _ in reversed(targets())
        if not uri.rstrip("/").endswith("security")
    }
    return [(option, uri, s) for uri, option in mirrors.items() for s in suites]


def write_sources(path: Path, kind: str, rows: list[tuple[str, str, str]]) -> Path:
    """Write a sources.list of `kind` (deb or deb-src) from rows of targets()."""
    text = "".join(
        f"{kind} {option}{uri} {suite} main\n" for option, uri, suite in rows
    )
    path.write_text(text)
    return path


def update(options: list[str], log: Path) -> bool:
    """`apt-get update`; False if any list failed. Fault after TIMEOUT seconds."""
    command = ["apt-get", *options, "update", "-q"]
    status = procs.status_logged(command, log, "apt-get update", timeout=TIMEOUT)
    return status == 0


def candidates(cache: Path, package: str, log: Path) -> tuple[list[str], list[str]]:
    """(options, versions) of the first apt state that has the package: the system's,
    a private one of the same suites, a private one of NEWER_SUITES."""
    found = versions(package, [])
    if found:
        return [], found
    state = cache / "apt"
    options = private_options(state)
    update(options, log)
    found = versions(package, options)
    if found:
        return options, found
    newer = cache / "apt-newer"
    options = private_options(newer)
    rows = other_suites(NEWER_SUITES)
    options = private_options(newer, write_sources(newer / "newer.list", "deb", rows))
    update(options, log)  # a suite that does not exist makes it fail in part
    return options, versions(package, options)


def exclusive(function: Function) -> Function:
    """Decorate a function of (cache, ...): it waits for all others of the same cache,
    also those of other checkouts."""

    @functools.wraps(function)
    def locked(cache: Path, *args: Any, **more: Any) -> Any:
        with parallel.locked_file(cache / "lock"):
            return function(cache, *args, **more)

    return cast(Function, locked)


@exclusive
def download(cache: Path, package: str, log: Path, version: str = "") -> Path:
    """The .deb of a package in the cache, by default of its newest version.

    Without a network, a .deb that the cache has already. Absent if there is none,
    Fault if the download fails.
    """
    folder = cache / "debs"
    folder.mkdir(parents=True, exist_ok=True)
    options, found = candidates(cache, package, log)
    if version and version not in found:
        found = []
    if not found:
        kept = sorted(folder.glob(f"{package}_{version}*.deb"))
        if kept:
            return kept[-1]
        raise Absent(
            f"no {package} {version} in apt's suites, and no other suite can be"
            " reached: see `apt-cache policy`, or give --tree DIR",
            log,
        )
    chosen = version or found[0]
    name = f"{package}_{chosen.replace(':', '%3a')}_"
    kept = sorted(folder.glob(name + "*.deb"))
    if kept:
        return kept[0]
    return _fetch(folder, package, chosen, name, options, log)


def progress(cache: Path) -> str:
    """The size of download()'s partial file in MB; empty before its first byte."""
    part = cache / "debs" / PARTIAL
    size = sum(path.stat().st_size for path in part.glob("*.deb"))
    return f"{size / 1e6:.0f} MB" if size else ""


def _fetch(
    folder: Path, package: str, version: str, name: str, options: list[str], log: Path
) -> Path:
    command = ["apt-get", *options, "-q", "-o", "APT::Sandbox::User=", "download"]
    part = folder / PARTIAL
    part.mkdir(exist_ok=True)
    for path in part.glob("*.deb"):
        path.unlink()
    status = procs.status_logged(
        [*command, f"{package}={version}"],
        log,
        f"download of {package}",
        cwd=part,
        env=ENV,
        timeout=TIMEOUT,
    )
    got = sorted(part.glob(name + "*.deb"))
    if status != 0 or not got:
        raise explain_failure(
            f"download of {package} {version}", log, " or give --tree DIR"
        )
    final = folder / got[0].name
    got[0].rename(final)
    return final


@exclusive
def download_all(
    cache: Path, arch: str, packages: list[str], log: Path, suite: str = ""
) -> list[Path]:
    """Download packages of a Debian architecture with all their dependencies, from the
    system's suites or from another suite on the same mirrors. Returns the .debs; Fault
    if apt-get fails."""
    state = cache / f"apt-{arch}{suite and '-'}{suite}"
    options = private_options(state)
    if suite:
        sources = write_sources(state / "deb.list", "deb", other_suites([suite]))
        options = private_options(state, sources)
    (state / "status").touch()
    options += ["-o", f"Dir::State::status={state / 'status'}"]
    options += ["-o", f"APT::Architecture={arch}", "-o", "APT::Architectures::="]
    options += ["-o", "Debug::NoLocking=true"]
    folder = state / "cache" / "archives"
    for path in folder.glob("*.deb"):
        path.unlink()
    if not update(options, log):
        raise explain_failure(f"download for {arch}", log)
    command = ["apt-get", *options, "-q", "-y", "--no-install-recommends"]
    command += ["--download-only", "install", *packages]
    status = procs.status_logged(
        command, log, f"download for {arch}", env=ENV, timeout=TIMEOUT
    )
    found = sorted(folder.glob("*.deb"))
    if status != 0 or not found:
        raise explain_failure(f"download for {arch}", log)
    return found


def explain_failure(what: str, log: Path, hint: str = "") -> Fault:
    """The Fault for apt-get's failure: its reason, from the last lines of the log."""
    lines = procs.tail(log, 60)
    text = "\n".join(lines)
    if any(word in text for word in procs.NO_SPACE):
        return Fault(f"{what}: the disk is full", log)
    if "Hash Sum mismatch" in text or "unexpected size" in text:
        return Fault(
            f"{what}: the downloaded file is damaged; run `apt-get update` and retry",
            log,
        )
    if "Could not resolve" in text or "Could not connect" in text:
        return Fault(f"{what}: no network; retry later{hint}", log)
    error = next((ln for ln in lines if ln.startswith("E:")), "apt-get failed")
    return Fault(f"{what}: {error}", log)
