# SPDX-License-Identifier: GPL-2.0
"""vqueue: queues whose peers die, misbehave and sleep."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from harness import guest, machine, rerun
from harness.initramfs import GuestJob, Planned
from harness.manifest import ExpectedTest
from harness.qemu import GuestConfig
from library import NATIVE, Library, build_library, output, run
from modules import CASES, FLAGS, MODULE, QUEUE, build, includes

# Few slots, two queues, and sleeps of an hour: a lost wakeup is a test that hangs.
SMALL = "-D SLOTS=8 -D PEERS=16 -D QUEUES=2 -D CALLS=8 -D SLICE=3600000".split()
# Sleeps of at most a millisecond: what dead peers have left is found soon.
QUICK = "-D SLOTS=8 -D PEERS=16 -D CALLS=4 -D SLICE=1".split()
# For 16 workers and for 1,000 clients: with less room than items, and with enough.
CROWD = "-D PEERS=1100 -D QUEUES=17 -D CALLS=1024 -D SLICE=3600000".split()
ROOM = {"little": 8, "enough": 2048}
# The cases of tests/module/queue.cc.
NAMES = (
    "order lengths faults timeouts wakes processes threads many epoll forked"
    " forked-bare forked-threads orphans closed-descriptors calls calls-without-server"
    " calls-cancelled call-sizes server-replaced clients-die scribbled"
).split()
SECONDS = 120
OTHERS = [arch for arch in machine.names() if arch != NATIVE]


@pytest.fixture(scope="session", name="base")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


def built(base: Path, arch: str, name: str, *words: object) -> Path:
    """An image, of a name of its own among those of the session."""
    folder = base / f"vqueue-{name}-{arch}"
    native = build_library(base, NATIVE)
    sources = sorted(QUEUE.glob("*.cc"))
    return build(
        native,
        arch,
        folder,
        QUEUE / "vqueue.tbl",
        *sources,
        *words,
        *compiler_options(),
    )


def compiler_options() -> list[str]:
    return ["--", f"-I{MODULE}/include"]


@lru_cache
def small_image(base: Path, arch: str) -> Path:
    return built(base, arch, "small", *SMALL)


@lru_cache
def image(base: Path) -> Path:
    """With the constants that the table has."""
    return built(base, NATIVE, "plain")


def program(library: Library, name: str, made: Path) -> Path:
    """A program of tests/module for an image. A stepped one must not begin with the
    dynamic linker's search for each function."""
    out = made.parent / name
    words = [f"{library.prefix}g++", *FLAGS, "-static", *includes(made.parent)]
    output(*words, CASES / f"{name}.cc", library.out / "libvdsox-module.a", "-o", out)
    return out


@lru_cache
def cases_program(base: Path, arch: str) -> Path:
    return program(build_library(base, arch), "queue", small_image(base, arch))


@pytest.mark.parametrize("name", NAMES)
def test_case(base: Path, name: str) -> None:
    done = run(cases_program(base, NATIVE), name, small_image(base, NATIVE))
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_death_of_a_server_is_found(base: Path) -> None:
    made = built(base, NATIVE, "quick", *QUICK)
    queue = program(build_library(base, NATIVE), "queue", made)
    assert output(queue, "server-dies", made) == ""


@pytest.mark.parametrize("case", ["queues", "clients"])
@pytest.mark.parametrize(
    "room", ["little", pytest.param("enough", marks=pytest.mark.thorough)]
)
def test_many_processes(base: Path, room: str, case: str) -> None:
    words = [*CROWD, "-D", f"SLOTS={ROOM[room]}"]
    made = built(base, NATIVE, f"crowd-{room}", *words)
    crowd = program(build_library(base, NATIVE), "crowd", made)
    assert output(crowd, case, made, timeout=600) == ""


@pytest.mark.parametrize(
    "rounds", [300, pytest.param(20000, marks=pytest.mark.thorough)]
)
def test_kills_at_any_time(base: Path, rounds: int) -> None:
    made = image(base)
    kill = program(build_library(base, NATIVE), "kill", made)
    text = output(kill, made, rounds, 1, timeout=3600)
    assert text.startswith(f"{2 * rounds} kills, ")


@pytest.mark.parametrize("what", ["wakes", "kills"])
def test_each_instruction(base: Path, what: str) -> None:
    """The numbers of instructions, by operation, are those of a call, not of none."""
    made = small_image(base, NATIVE)
    steps = program(build_library(base, NATIVE), "steps", made)
    lines = output(steps, what, made, timeout=900).splitlines()
    counts = {name: int(count) for name, count in (s.split(": ") for s in lines)}
    assert len(counts) == {"wakes": 2, "kills": 10}[what]
    assert all(count > 50 for count in counts.values()), counts


def test_each_instruction_of_a_call(base: Path) -> None:
    """Of a client and of a server."""
    made = built(base, NATIVE, "quick", *QUICK)
    steps = program(build_library(base, NATIVE), "call_steps", made)
    lines = output(steps, made, timeout=900).splitlines()
    counts = {name: int(count) for name, count in (s.split(": ") for s in lines)}
    assert set(counts) == {"client", "server"}
    assert all(count > 100 for count in counts.values()), counts


@pytest.mark.guest
@pytest.mark.parametrize("arch", OTHERS)
def test_case_in_guest(cells, base: Path, arch: str) -> None:
    """Where the machine's own kernel cannot run them."""
    cells.build(arch)
    cell = cells.cell(arch)
    files = [(cases_program(base, arch), "/t/queue")]
    files.append((small_image(base, arch), "/t/vqueue.vdso"))
    planned = [
        Planned(f"vqueue.{name}", SECONDS, "/t", ("./queue", name, "vqueue.vdso"))
        for name in NAMES
    ]
    expected = [ExpectedTest(f"vqueue.{n}", "vqueue", n, SECONDS) for n in NAMES]
    job = GuestJob("test", tests=planned, files=files)
    ended = guest.run(cell, job, GuestConfig(), "tcg", prefix="vqueue-")
    found = rerun.read_logs(cell, expected, ended)
    got = {result.name: (result.status, result.reason) for result in found.results}
    assert got == {name: ("PASS", "") for name in ["boot", *(p.name for p in planned)]}
