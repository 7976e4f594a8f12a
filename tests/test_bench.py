# SPDX-License-Identifier: GPL-2.0
"""The benchmarks: their arithmetic, their documents, and the counts themselves."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import offbuild
from cells import HOSTS
from harness import bases, guest, machine
from harness.bench import compare, costs, document, exact, figures, native, page
from harness.bench import processor, queues
from harness.bench import run as benchmarks
from harness.bench.costs import Cost
from harness.bench.native import Native
from harness.cell import Cell
from harness.context import REPO, Context
from harness.errors import Fault
from harness.initramfs import GuestJob
from harness.qemu import GuestConfig

PATCHED = """\
entry.getpid.syscall instructions 142 142 900 200
entry.getpid.answered instructions 21 21 21 200
entry.getpid.unpromoted instructions 170 170 700 240
entry.getpid.denied instructions 175 175 175 200
switch.processes.enabled instructions 4006 4000 5000 400
switch.processes.promoted instructions 4090 4000 5000 400
life.thread.enabled instructions 10040 10000 20000 160
life.fork_call_exit.enabled instructions 50500 50000 60000 160
scale.threads.1.answered instructions 21 21 21 64
scale.threads.4.answered instructions 21 21 40 256
scale.areas.10.unpromoted_pages pages 0.000 0.000 0.000 1
scale.areas.10.promoted_bytes bytes 4200.000 4200.000 4200.000 1
scale.areas.1.promoted_bytes bytes 9000.000 9000.000 9000.000 1
end - 0 0 0 0
"""
UNPATCHED = """\
entry.getpid.syscall instructions 140 140 900 200
switch.processes.enabled instructions 4000 4000 5000 400
life.thread.enabled instructions 10000 10000 20000 160
life.fork_call_exit.enabled instructions 50000 50000 60000 160
end - 0 0 0 0
"""
TIMES = {
    "image/getpid": [10.0, 12.0, 11.0],
    "host/getcpu": [10.0, 10.0, 10.0],
    "syscall/getpid": [500.0, 400.0, 500.0],
    "image/clock_monotonic": [20.0, 20.0, 20.0],
    "image/clock_thread_cputime": [400.0, 400.0, 400.0],
    "syscall/clock_thread_cputime": [400.0, 400.0, 400.0],
}
ABOUT = {
    "name": "6.12-x86_64",
    "base": "6.12",
    "arch": "x86_64",
    "compiler": "gcc <12>",
    "release": "6.12.1",
}


def both(times: int = 2) -> tuple[figures.Figures, figures.Figures]:
    ours, theirs = figures.parse(PATCHED), figures.parse(UNPATCHED)
    return figures.join([ours] * times), figures.join([theirs] * times)


MITIGATIONS = {"meltdown": "Mitigation: PTI", "l1tf": "Not affected"}


def sample(by: str = "RDPID") -> dict:
    found = Native("", {"cpu_number_by": by, "perf_lacking": "", "host_name": "me"})
    found.context |= {"cpu_model": "Sample <1>, family 3", "mitigations": MITIGATIONS}
    found.steps, found.times = {"getpid": 21, "clock_monotonic": 50}, TIMES
    pages = {"x86_64": (2, 2), "ia32": (3, 2)}
    cell = document.cell(dict(ABOUT), *both(), found, pages)
    return document.document([cell])


def targets_of(value: dict) -> dict[str, dict]:
    return {target["name"]: target for target in value["cells"][0]["targets"]}


# --- figures ---


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "end too early"),
        (UNPATCHED.replace("end - 0 0 0 0\n", ""), "end too early"),
        (UNPATCHED.replace(" 140 140", " nan 140"), "no figure"),
        (UNPATCHED.replace(" 140 140", " 140"), "no figure"),
        (UNPATCHED.replace(" 140 140", " much 140"), "no figure"),
        (UNPATCHED + "late instructions 1 1 1 1\n", "no figure"),
        (UNPATCHED.split("\n", 1)[0] + "\n" + UNPATCHED, "twice"),
    ],
)
def test_malformed_figures_are_refused(text: str, message: str) -> None:
    with pytest.raises(Fault, match=message):
        figures.parse(text)


def test_only_figures_equal_in_two_guests_repeat() -> None:
    first = figures.parse(UNPATCHED)
    second = figures.parse(UNPATCHED.replace("instructions 4000", "instructions 4001"))
    joined = figures.join([first, second])
    lone = [name for name, figure in joined.items() if not figure.repeats]
    assert lone == ["switch.processes.enabled"]
    assert not any(figure.repeats for figure in figures.join([first]).values())


# --- costs and targets ---


def test_costs_are_differences_of_the_two_kernels() -> None:
    found = costs.derive(*both())
    assert found["entry.getpid.answered"] == Cost(21, "instructions")
    assert found["entry.getpid.unpromoted.more"] == Cost(30, "instructions", 140)
    assert found["switch.processes.enabled.more"].value == 3
    assert found["switch.processes.promoted.more"] == Cost(45, "instructions", 2000)
    assert found["life.thread.enabled.more"].percent == pytest.approx(0.4)


def test_costs_within_one_kernel() -> None:
    text = PATCHED.replace("life.thread.enabled", "life.thread.promoted")
    text = "life.thread.off instructions 9999 1 99999 160\n" + text
    found = costs.within_kernel(figures.parse(text))
    assert found["life.thread.promoted.more"].value == 41
    assert found["entry.getpid.unpromoted.more"].value == 28
    assert "switch.processes.promoted.more" not in found


def test_targets_name_the_worst_figure() -> None:
    found = targets_of(sample())
    assert (found["ids"]["measured"], found["ids"]["met"]) == (21, True)
    assert (found["unpromoted call"]["measured"], found["unpromoted call"]["met"]) == (
        30,
        False,
    )
    assert found["switch, no records"]["met"] is True
    assert found["switch, both with records"]["met"] is False
    assert found["thread made and joined"]["note"] == "life.thread.enabled.more"
    assert found["thread made and joined"]["met"] is False
    assert found["fork, one getpid, exit"]["met"] is True
    assert found["memory, few threads and CPUs"]["measured"] == 4200
    assert found["ids against the host vDSO's getcpu"]["measured"] == 1.1
    assert found["thread CPU clock against CLOCK_MONOTONIC"]["met"] is False
    assert found["pages of the x86_64 image"]["met"] is True
    assert found["pages of the ia32 image"]["met"] is False


def test_unmeasured_target_is_neither_met_nor_missed() -> None:
    target = targets_of(sample())["page fault"]
    assert (target["met"], target["measured"]) == (None, None)
    assert target["note"] == "not measured"


def test_a_target_for_another_machine_is_not_decided() -> None:
    target = targets_of(sample("LSL"))["ids against the host vDSO's getcpu"]
    assert (target["met"], target["measured"]) == (None, 1.1)
    assert "LSL" in target["note"]


# --- documents ---


def test_documents_hold_figures_and_no_host_name(tmp_path: Path) -> None:
    value = sample()
    document.write(value, tmp_path)
    assert compare.load(tmp_path / "bench.json") == json.loads(json.dumps(value))
    text = (tmp_path / "bench.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == document.COLUMNS
    assert {len(row) for row in rows} == {len(document.COLUMNS)}
    assert ["6.12-x86_64", "patched", "entry.getpid.answered"] in [r[:3] for r in rows]
    assert "host_name" not in (tmp_path / "bench.json").read_text() + text


def test_native_figures_are_ratios_only() -> None:
    native_part = sample()["cells"][0]["native"]
    assert native_part["ratios"]["image/getpid : host/getcpu"] == {
        "median": 1.1,
        "min": 1.0,
        "max": 1.2,
    }
    assert "times" not in native_part


def test_ratios_are_listed_with_their_cpu(tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    wanted = {
        "RDPID": ["CPU: Sample <1>, family 3", "CPU number: by RDPID"],
        "LSL": ["CPU: Sample <1>, family 3", "CPU number: by LSL; it has no RDPID"],
    }
    for by, lines in wanted.items():
        value = sample(by)
        document.write(value, tmp_path)
        with open(tmp_path / "bench.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        about = [row["name"] for row in rows if row["source"] == "native-cpu"]
        assert about == [*lines, "meltdown: Mitigation: PTI"]
        context = json.loads((tmp_path / "bench.json").read_text())["cells"][0]
        assert context["native"]["context"]["mitigations"] == MITIGATIONS
        benchmarks.report_targets(value)
        assert "\n".join(["6.12-x86_64", *about]) in capsys.readouterr().out
        text = page.write(value, tmp_path).read_text()
        assert "<li>CPU: Sample &lt;1&gt;, family 3</li>" in text
        assert "<li>meltdown: Mitigation: PTI</li>" in text
        assert "Not affected" not in text


X86_CPU = "processor\t: {}\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Lake\n\n"
ARM_CPU = "processor\t: {}\nCPU implementer\t: 0x41\nCPU part\t: {}\n\n"


@pytest.mark.parametrize(
    "cpuinfo, model",
    [
        (X86_CPU.format(0) + X86_CPU.format(1), "Lake, family 6, model 85"),
        (
            ARM_CPU.format(0, "0xd03") + ARM_CPU.format(1, "0xd08"),
            "implementer 0x41, part 0xd03 and implementer 0x41, part 0xd08",
        ),
        ("", "model unknown"),
    ],
)
def test_machine_is_described(tmp_path: Path, cpuinfo: str, model: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(cpuinfo)
    found = processor.describe(tmp_path)
    assert found == {"cpu_model": model, "mitigations": {}}
    lines = processor.lines(found | {"cpu_number_by": "RDPID"})
    assert lines[2:] == ["mitigations: unknown, the kernel does not report them"]
    folder = tmp_path / processor.VULNERABILITIES
    folder.mkdir(parents=True)
    (folder / "mds").write_text("Not affected\n")
    lines = processor.lines(processor.describe(tmp_path) | {"cpu_number_by": "RDPID"})
    assert lines[2].startswith("mitigations: none")
    (folder / "mds").write_text("Vulnerable\n")
    lines = processor.lines(processor.describe(tmp_path) | {"cpu_number_by": "RDPID"})
    assert lines[2:] == ["mds: Vulnerable"]


def test_page_shows_targets_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    value = sample()
    text = page.write(value, tmp_path).read_text()
    assert "gcc &lt;12&gt;" in text
    assert text.count("<svg") == 3
    drawn = sorted(path.name for path in tmp_path.glob("*.png"))
    assert drawn == [
        f"bench-6.12-x86_64-{name}.png" for name in ("entries", "switches", "threads")
    ]
    assert re.search(r'class="missed">missed</td><td>the unpatched one has 2', text)
    again = page.write(copy.deepcopy(value), tmp_path).read_text()
    assert again == text


def test_page_of_a_refusal_holds_no_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    cell = document.cell(dict(ABOUT), {}, {}, Native("no such machine"), {})
    text = page.write(document.document([cell]), tmp_path).read_text()
    assert "no such machine" in text
    assert "Ratio of times" not in text
    assert all(t["measured"] is None for t in cell["targets"])


# --- comparison ---


def changed(name: str, value: float) -> dict:
    other = sample()
    other["cells"][0]["costs"][name]["value"] = value
    return other


@pytest.mark.parametrize(
    "name, value, status, words",
    [
        ("entry.getpid.answered", 21, 0, ["0 costs changed, 0 of them"]),
        (
            "entry.getpid.answered",
            22,
            0,
            ["changed", "21 -> 22", "1 costs changed, 0 of"],
        ),
        ("entry.getpid.answered", 23, 1, ["REGRESSION", "+2", "1 of them too much"]),
        ("entry.getpid.answered", 12, 0, ["changed", "-9"]),
        ("switch.processes.promoted.more", 50, 1, ["REGRESSION"]),
        ("life.thread.enabled.more", 55, 0, ["changed"]),
        ("life.thread.enabled.more", 65, 1, ["REGRESSION"]),
    ],
)
def test_comparison(name: str, value: float, status: int, words, capsys) -> None:
    assert benchmarks.report_moves(sample(), changed(name, value)) == status
    printed = capsys.readouterr().out
    assert all(word in printed for word in words), printed


def test_another_compiler_may_choose_other_instructions(capsys) -> None:
    other = changed("entry.getpid.answered", 25)
    assert benchmarks.report_moves(sample(), other) == 1
    other["cells"][0]["compiler"] = "gcc 13"
    assert benchmarks.report_moves(sample(), other) == 0
    other["cells"][0]["costs"]["entry.getpid.answered"]["value"] = 26
    assert benchmarks.report_moves(sample(), other) == 1
    capsys.readouterr()


def test_lost_figure_fails_and_unrepeatable_one_does_not(capsys) -> None:
    other = sample()
    other["cells"][0]["costs"].pop("entry.getpid.answered")
    assert benchmarks.report_moves(sample(), other) == 1
    assert "MISSING" in capsys.readouterr().out
    other = changed("entry.getpid.answered", 1000)
    other["cells"][0]["costs"]["entry.getpid.answered"]["repeats"] = False
    assert benchmarks.report_moves(sample(), other) == 0


def test_every_cost_has_a_bound() -> None:
    for name in costs.derive(*both()):
        compare.bound_of(name, True)
    with pytest.raises(Fault):
        compare.bound_of("nonsense", True)


def test_compare_from_files_needs_no_kernel(vdsox, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(sample()))
    new.write_text(json.dumps(changed("entry.getpid.answered", 99)))
    assert vdsox("bench", "--compare", old, old).returncode == 0
    done = vdsox("bench", "--compare", old, new)
    assert done.returncode == 1
    assert "REGRESSION" in done.stdout
    done = vdsox("bench", "--only", "native", "--compare", old)
    assert (done.returncode, "compares counts" in done.stderr) == (2, True)
    old.write_text("{}")
    done = vdsox("bench", "--compare", old, new)
    assert done.returncode == 2
    assert "not a bench.json" in done.stderr


# --- queues ---


def row_of_queue(name: str, ns: list[float], sides: tuple[int, int] = (1, 1)) -> dict:
    producers, consumers = sides
    shape = {"bytes": 64, "producers": producers, "consumers": consumers}
    return {"name": name, **shape, "ns": ns}


def sample_queues() -> dict:
    rows = [
        row_of_queue("vqueue", [100, 200, 100]),
        row_of_queue("pipe", [400, 1200, 700]),
        row_of_queue("vqueue", [50, 50, 50], (4, 1)),
        row_of_queue("pipe", [100, 100, 100], (4, 1)),
    ]
    found = queues.ratios(rows)
    ends = [row_of_queue("vqueue", [10, 20, 40]), row_of_queue("pipe", [20, 20, 20])]
    return {
        "context": {"cpu_model": "Sample <1>", "mitigations": MITIGATIONS},
        "ratios": found,
        "late": queues.late(ends),
        "targets": [target.as_json() for target in queues.targets(found)],
    }


def test_queues_are_compared_within_a_repetition() -> None:
    """The median of 4, 6 and 7, not of the times."""
    found = sample_queues()
    one, many = found["ratios"]
    assert (one["name"], one["median"], one["min"], one["max"]) == ("pipe", 6, 4, 7)
    assert (many["producers"], many["median"]) == (4, 2)
    assert found["late"][1] == {"name": "pipe", "ratios": [2, 1, 0.5]}
    by_name = {target["name"]: target for target in found["targets"]}
    assert by_name["pipe against vqueue, 64 bytes"]["met"] is True
    assert by_name["posix-mq against vqueue, 64 bytes"]["met"] is None
    assert queues.targets([one | {"median": 4.9}])[0].met is False


def test_queues_are_in_documents_and_page(tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    value = sample() | {"queues": sample_queues()}
    document.write(value, tmp_path)
    rows = list(csv.reader(io.StringIO((tmp_path / "bench.csv").read_text())))
    assert {len(row) for row in rows} == {len(document.COLUMNS)}
    assert ["queues", "native", "pipe.64.4.1"] in [row[:3] for row in rows]
    benchmarks.report_targets(value)
    text = capsys.readouterr().out
    assert "CPU: Sample <1>\nmeltdown" in text
    assert re.search("met +pipe against vqueue, 64 bytes +>= 5 +6 ", text)
    assert "Messages between processes" in page.write(value, tmp_path).read_text()


def test_queues_run_in_all_shapes(tmp_path: Path) -> None:
    """The times of one repetition mean nothing; that each was taken does."""
    program = queues.build(Context(cache=tmp_path, jobs=2), tmp_path)
    rows = queues.execute(program, 1, 400)
    shapes = {(r["name"], r["producers"], r["consumers"]) for r in rows["throughput"]}
    assert {r["bytes"] for r in rows["throughput"]} == set(queues.SIZES)
    assert ("vqueue", 4, 4) in shapes and ("zeromq", 4, 1) in shapes
    assert {name for name, *_ in shapes} >= set(queues.LIMITS)
    for row in rows["throughput"] + rows["latency"]:
        assert len(row["ns"]) in (1, 3) and all(0 < ns < 1e10 for ns in row["ns"]), row
    assert len(rows["latency"]) == len({name for name, *_ in shapes})


# --- refusal ---


class Foreign:
    """A cell of another architecture than this machine's."""

    machine = machine.load(
        next(arch for arch in machine.names() if arch != machine.host_arch())
    )


def test_another_architecture_is_not_timed() -> None:
    assert "mean nothing" in native.refusal(Foreign())  # type: ignore[arg-type]


# --- the counts themselves ---

TOPICS = "entries denied switch bystanders threads".split()


def baseline(arch: str) -> Path:
    return REPO / "tests" / "bench" / f"baseline-{bases.default_name(REPO)}-{arch}.json"


def counted(cell) -> dict:
    """The costs of a test kernel, as a document that can be compared."""
    cell_figures = exact.run(cell, TOPICS, 1, 1)
    known = cell.read_metadata()
    about = {key: known[key] for key in ("base", "arch", "compiler", "release")}
    found = {
        name: cost.as_json() | {"repeats": True}
        for name, cost in costs.within_kernel(cell_figures).items()
        if not re.search("_fair|first|scale.threads.*_", name)
    }
    name = f"{cell.name}-test"
    return document.document([{"name": name, **about, "costs": found}])


# Instructions: branches that jump labels would patch out, and a load; none per thread.
BYSTANDER, MORE_THREADS = 32, 4


def burdens(document_: dict) -> dict[str, float]:
    """Costs above the bounds, of processes that do not expose their CPU time."""
    rows = document_["cells"][0]["costs"]
    pattern = r"kernel\.(?:process_clock|rusage|rusage_thread|times)_(\d+)\..*\.more"
    paid = {n: row["value"] for n, row in rows.items() if re.fullmatch(pattern, n)}
    assert len(paid) == 3 * (3 * 3 + 2)

    def allowed(name: str) -> float:
        alone = paid[re.sub(r"_\d+\.", "_1.", name)]
        return min(BYSTANDER, alone + MORE_THREADS)

    return {name: value for name, value in paid.items() if value > allowed(name)}


@pytest.mark.guest
@pytest.mark.parametrize("arch", machine.names())
def test_counts_are_those_of_the_baseline(arch: str, cells, capsys) -> None:
    """VDSOX_NEW_BASELINE=1 rewrites the baseline; see Documentation/bench.rst."""
    path = baseline(arch)
    cells.build(arch)
    new = counted(cells.cell(arch))
    if "VDSOX_NEW_BASELINE" in os.environ:
        path.write_text(json.dumps(new, indent=1) + "\n")
    assert burdens(new) == {}
    old = compare.load(path)
    assert len(old["cells"][0]["costs"]) > 30
    status = benchmarks.report_moves(old, new)
    assert status == 0, capsys.readouterr().out


# --- the native programs ---


@pytest.fixture(name="native_program", scope="module")
def fixture_native_program(cells, tmp_path_factory) -> tuple[Path, list[Path]]:
    arch = machine.host_arch()
    cells.build(arch)
    cell = cells.cell(arch)
    program = native.build(cell, tmp_path_factory.mktemp("native"))
    return program, native.images(cell)


def call(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False
    )


@pytest.mark.guest
def test_image_answers_in_this_process(native_program) -> None:
    program, images = native_program
    done = call(program, "check", *images)
    assert (done.returncode, done.stderr) == (0, "")


KERNEL_CLOCKS = "monotonic realtime monotonic_raw realtime_coarse monotonic_coarse"
KERNEL_CLOCKS += " boottime tai"


def in_guest(cell: Cell, program: Path, images: list[Path]) -> str:
    """Run a program with these files in the cell's guest; return its output."""
    names = ["count", "image", "image.dbg"]
    files = [(path, f"/{name}") for path, name in zip([program, *images], names)]
    job = GuestJob("exec", (), ["/count", "/image", "/image.dbg"], files)
    output: dict[str, bytes] = {}

    def sink(name: str, data: bytes) -> None:
        output[name] = output.get(name, b"") + data

    guest_result = guest.run(
        cell, job, GuestConfig(), "tcg", prefix="count-", sink=sink
    )
    assert (guest_result.reason, guest_result.exit_status) == ("", 0), output
    return output["stdout"].decode()


@pytest.mark.guest
@pytest.mark.kernel("off")
@pytest.mark.parametrize("arch", machine.names())
def test_clocks_cost_what_they_do_without_the_patches(
    cells, arch: str, tmp_path: Path
) -> None:
    """The image built with the option off has the same bytes as an unpatched one.

    Both are counted under the patched kernel; of another architecture, in its guest.
    On arm64 the compiler ends the coarse clocks' loop with a branch to the common
    return, and saves the jump to it that the unpatched function has.
    """
    cells.off()
    cell = cells.cell(HOSTS[arch])
    counter = native.build_counter(cell, tmp_path)
    image = offbuild.unpatched(cells.ctx, cells.source(), arch).built_images()[arch]

    def steps(images: list[Path]) -> dict[str, int]:
        if cell.machine.native:
            return native.read_steps(native.execute(counter, *images))
        return native.read_steps(in_guest(cell, counter, images))

    with_records = steps(native.images(cell))
    without = steps([image, image.with_name(f"{image.name}.dbg")])
    assert set(without) == {f"clock_{clock}" for clock in KERNEL_CLOCKS.split()}
    saved = {clock: without[clock] - with_records[clock] for clock in without}
    allowed = {0, 1} if arch == "arm64" else {0}
    assert {n for clock, n in saved.items() if "coarse" in clock} <= allowed
    assert {n for clock, n in saved.items() if "coarse" not in clock} == {0}
    assert len(with_records) > 14
    assert all(5 < count < 500 for count in with_records.values())


@pytest.mark.guest
def test_emulated_machine_prints_no_time(native_program) -> None:
    """Under qemu-user the program sees that QEMU emulates the CPU."""
    program, images = native_program
    emulator = machine.load(machine.host_arch()).user.emulator
    done = call(emulator, "-cpu", "max", program, "time", *images)
    assert done.returncode == native.EXIT_MEANINGLESS
    assert done.stdout == ""
    assert "mean nothing" in done.stderr


@pytest.mark.guest
def test_spoiled_image_is_a_fault(native_program, tmp_path: Path) -> None:
    """Files that are no image, and a truncated image."""
    program, (image, debug) = native_program
    bad = tmp_path / "bad.so"
    for data in (b"", b"\x7fELF", image.read_bytes()[:3000]):
        bad.write_bytes(data)
        done = call(program, "check", bad, debug)
        assert done.returncode == 2, done
        assert done.stderr.startswith("native: ") or "bad.so" in done.stderr
