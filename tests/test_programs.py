# SPDX-License-Identifier: GPL-2.0
"""Programs that nobody here wrote, and the user's side of ours, on the patched kernel.

programs/scenarios.sh says what each does. A guest of either architecture runs its
scenarios one after another; each is a test.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import libcs
import library
from cells import Cells
from harness import machine
from harness.context import REPO, Context

HERE = Path(__file__).parent / "programs"
PLACE = "/opt/vdsox"
SCRIPTS = ("scenarios.sh", "stats.py", "step.py", "allow.py")
EVERYWHERE = """
python perl perl_strace thousand_forks library library_static musl_static
""".split()
# On the root of this machine, with all that is installed here.
NATIVE = """
python_strace node go musl browser gdb valgrind qemu_user bubblewrap allow_list deny_list proot
stress_ng cyclictest
""".split()
ONLY = {"x86_64": [], "arm64": ["aarch32"]}
LIMIT = 900


def scenarios(arch: str) -> list[str]:
    native = NATIVE if arch == machine.host_arch() else []
    return EVERYWHERE + native + ONLY[arch]


@dataclass
class Story:
    """What one scenario printed, and how it ended."""

    status: int
    text: str


def clock_program(out: Path) -> Path:
    """With glibc: the musl of Debian 12 calls no 32-bit arm vDSO, see its WHATSNEW."""
    compiler = f"{libcs.TARGETS['arm'][0]}-gcc"
    words = [compiler, "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", out]
    library.output(*words, HERE / "clock.c")
    return out


def product(ctx: Context, arch: str, tools: Path) -> dict[str, Path]:
    """What the project built for the architecture, by its name in the guest."""
    built = library.build_library(tools, arch)
    slots = built.out / "slots"
    names = library.entry_names(library.table_manifest(tools)).slots
    slots.write_text("\n".join(names))
    found = {
        "slots": slots,
        "libvdsox-preload.so": built.out / "libvdsox-preload.so",
        "musl-static": libcs.verifier(ctx, arch, "-static"),
    }
    for name, link in (("verify", "a"), ("verify-static", "static")):
        program = built.out / f"guest-{name}"
        found[name] = built.compile("vdsox_verify.c", program, link=link)
    if arch == machine.host_arch():
        found["musl"] = libcs.verifier(ctx, arch)
        found["musl-loader"] = libcs.musl(ctx, arch).prefix / "lib/libc.so"
        found["vdsox"] = built.out / "vdsox"
        found["vdsogen"] = built.out.parent / "vdsogen"
        found["vdso.tbl"] = library.TABLE
    if arch == "arm64":
        found["musl-arm"] = libcs.verifier(ctx, "arm", "-static")
        found["clock-arm"] = clock_program(built.out / "clock-arm")
    return found


def tell(cells: Cells, arch: str, tools: Path) -> dict[str, Story]:
    """Run all scenarios of an architecture in one guest."""
    cells.build(arch)
    files = product(cells.ctx, arch, tools)
    files.update({name: HERE / name for name in SCRIPTS})
    command = [REPO / "vdsox", "boot", "--host-root", "--no-install-deps"]
    command += ["--out", cells.ctx.out, "--arch", arch, "--mem", "1024"]
    command += ["--timeout", LIMIT]
    for name, path in files.items():
        command += ["--file", f"{path}:{PLACE}/{name}"]
    command += ["--", "/bin/sh", f"{PLACE}/scenarios.sh", PLACE, *scenarios(arch)]
    options = {"stdin": subprocess.DEVNULL, "errors": "replace"}
    done = library.run(*command, timeout=LIMIT + 300, **options)
    found = re.findall(r"^begin (\w+)\n(.*?)^end \1 (\d+)$", done.stdout, re.M | re.S)
    stories = {name: Story(int(status), text) for name, text, status in found}
    stories[""] = Story(done.returncode, done.stderr)
    return stories


CASES = [(arch, name) for arch in machine.names() for name in scenarios(arch)]


def test_every_scenario_runs_somewhere() -> None:
    text = (HERE / "scenarios.sh").read_text()
    assert set(re.findall(r"^scenario_(\w+)\(", text, re.M)) == {n for _, n in CASES}


@pytest.mark.guest
@pytest.mark.parametrize("arch, name", CASES, ids=[f"{a}-{n}" for a, n in CASES])
def test_program(cells, tmp_path_factory, arch: str, name: str) -> None:
    tools = tmp_path_factory.getbasetemp()
    stories = cells.once(f"programs-{arch}", lambda: tell(cells, arch, tools))
    assert name in stories, f"the guest never came there: {stories['']}"
    assert stories[name].status == 0, stories[name].text
