# SPDX-License-Identifier: GPL-2.0
"""Unmodified programs, and this project's libraries and tools, on the patched kernel.

programs/scenarios.sh has the scenarios. One guest of each architecture runs them one
after another; each is a test.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import libcs
import library
from cells import HOSTS, Cells
from harness import deps, kconfig, machine
from harness.cell import Cell
from harness.context import REPO, Context

HERE = Path(__file__).parent / "programs"
PLACE = "/opt/vdsox"
SCRIPTS = ("scenarios.sh", "stats.py", "step.py", "allow.py")
EVERYWHERE = """
python python_strace perl perl_strace node go thousand_forks
library library_static musl musl_static lookup browser status gdb valgrind qemu_user
bubblewrap allow_list deny_list stress_ng bracketing cyclictest proot
""".split()
# Debian 12's PRoot crashes on arm64, on a kernel without the patches as well.
BROKEN = {("arm64", "proot")}
LIMIT = 900


def scenarios(arch: str) -> list[str]:
    compat = machine.load(arch).compat
    names = EVERYWHERE + (["aarch32"] if compat and compat.abi == "arm" else [])
    return [name for name in names if (arch, name) not in BROKEN]


@dataclass
class Scenario:
    """What one scenario printed, and how it ended."""

    status: int
    text: str


def clock_program(out: Path) -> Path:
    """With glibc, as Debian 12's musl calls no 32-bit arm vDSO, see its WHATSNEW."""
    compiler = f"{libcs.TARGETS['arm'].triplet}-gcc"
    words = [compiler, "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out]
    library.output(*words, HERE / "clock.c")
    return out


def lookup_program(built: library.Library) -> Path:
    """The example that finds the vDSO's getpid() by itself."""
    out = built.out / "lookup"
    source = library.FOLDER / "examples" / "lookup.c"
    library.output(f"{built.prefix}gcc", "-O2", source, "-o", out)
    return out


def product(ctx: Context, arch: str, tools: Path) -> dict[str, Path]:
    """Files that the project built for the architecture, by name in the guest."""
    built = library.build_library(tools, arch)
    records = built.out / "records"
    entries = library.table_manifest(tools)["entries"]
    answers = [e for e in entries if e["kind"] == "record" and e["abi"] == arch]
    records.write_text("\n".join(entry["symbol"] for entry in answers))
    found = {
        "records": records,
        "libvdsox-preload.so": built.out / "libvdsox-preload.so",
        "musl-static": libcs.verifier(ctx, arch, "-static"),
        "musl": libcs.verifier(ctx, arch),
        "musl-loader": libcs.musl(ctx, arch).prefix / "lib/libc.so",
        "vdsox": built.out / "vdsox",
        "lookup": lookup_program(built),
        "vdsogen": library.build_generator(tools, arch),
        "vdso.tbl": library.TABLE,
        "base.tbl": library.BASE_TABLE,
    }
    for name, link in (("verify", "a"), ("verify-static", "static")):
        program = built.out / f"guest-{name}"
        found[name] = built.compile("vdsox_verify.c", program, link=link)
    if "aarch32" in scenarios(arch):
        found["musl-arm"] = libcs.verifier(ctx, "arm", "-static")
        found["clock-arm"] = clock_program(built.out / "clock-arm")
    return found


def lead_of(cell: Cell) -> str:
    """What leads the threads of a built kernel to their records."""
    config = kconfig.parse((cell.folder / ".config").read_text())
    return "slots" if config.get("CONFIG_VDSO_TASK_SLOTS") == "y" else "register"


def run_scenarios(cells: Cells, arch: str, tools: Path) -> dict[str, Scenario]:
    """Run all scenarios of an architecture in one guest."""
    cells.build(HOSTS[arch])
    files = product(cells.ctx, arch, tools)
    files.update({name: HERE / name for name in SCRIPTS})
    command = [REPO / "vdsox", "boot", "--host-root", "--no-install-deps"]
    command += ["--out", cells.ctx.out, "--arch", arch, "--mem", "1024"]
    command += ["--timeout", LIMIT]
    for name in deps.PROGRAMS:
        command += ["--package", name]
    for name, path in files.items():
        command += ["--file", f"{path}:{PLACE}/{name}"]
    command += ["--", "/bin/sh", f"{PLACE}/scenarios.sh", PLACE, arch]
    command += [lead_of(cells.cell(HOSTS[arch])), *scenarios(arch)]
    options = {"stdin": subprocess.DEVNULL, "errors": "replace"}
    done = library.run(*command, timeout=LIMIT + 300, **options)
    found = re.findall(r"^begin (\w+)\n(.*?)^end \1 (\d+)$", done.stdout, re.M | re.S)
    results = {name: Scenario(int(status), text) for name, text, status in found}
    results[""] = Scenario(done.returncode, done.stderr)
    return results


CASES = [(arch, name) for arch in machine.names() for name in scenarios(arch)]


def test_every_scenario_runs_somewhere() -> None:
    text = (HERE / "scenarios.sh").read_text()
    assert set(re.findall(r"^scenario_(\w+)\(", text, re.M)) == {n for _, n in CASES}


COUNTED = [
    ("slots", "switches 2\nfallback_unpromoted 0\nfallback_direct 2", True),
    ("slots", "getuid switches=1 fallback_unpromoted=0 fallback_direct=2", False),
    ("slots", "getuid switches=1 fallback_unpromoted=1 fallback_direct=0", False),
    ("slots", "getuid switches=1", False),
    ("slots", "fallback_unpromoted 0\nfallback_direct 0", False),
    ("register", "switches 2\nfallback_unpromoted 0\nfallback_direct 0", True),
    ("register", "switches 2\nfallback_unpromoted 0\nfallback_direct 1", False),
]


@pytest.mark.parametrize("lead, counted, good", COUNTED)
def test_fallback_counters(lead: str, counted: str, good: bool) -> None:
    words = f'set -- {HERE} - {lead}; . "$0"; answered echo "$counted"'
    done = subprocess.run(
        ["sh", "-c", words, HERE / "scenarios.sh"],
        env={**os.environ, "counted": counted},
        check=False,
    )
    assert (done.returncode == 0) == good


@pytest.mark.guest
@pytest.mark.kernel("host")
@pytest.mark.parametrize("arch, name", CASES, ids=[f"{a}-{n}" for a, n in CASES])
def test_program(cells, tmp_path_factory, arch: str, name: str) -> None:
    tools = tmp_path_factory.getbasetemp()
    results = cells.once(f"programs-{arch}", lambda: run_scenarios(cells, arch, tools))
    assert name in results, f"the guest did not run it: {results['']}"
    assert results[name].status == 0, results[name].text
