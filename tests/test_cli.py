# SPDX-License-Identifier: GPL-2.0
"""The command line: the contract's commands and options, and its exit statuses."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from harness import cli, initramfs, variant
from harness.errors import Fault
from harness.ui import Ui, duration

COMMON = {"--out", "-j", "--install-deps", "--no-install-deps", "-v", "-h", "--help"}
CELL = {"--base", "--arch", "--tree"}
VARIANT = {f"--{kind.name}" for kind in variant.OTHERS} | {f"--{variant.HOST}"}
CONTRACT = {
    "run": CELL | VARIANT | {"--one-insn", "--config", "--times"},
    "test": {"-k", "--list", "--quick", "--thorough", "--times"},
    "apply": {"--base", "--dry-run"},
    "unapply": set(),
    "series": {"--base", "-o"},
    "build": CELL | VARIANT | {"--config"},
    "boot": CELL
    | VARIANT
    | {"--cpus", "--mem", "--cpu", "--icount", "--append", "--file", "--timeout"}
    | {"--host-root", "--package", "--one-insn"},
    "bench": CELL | {"--only", "--compare"},
    "report": set(),
    "clean": set(),
}


def test_every_command_is_there() -> None:
    assert set(cli.VERBS) == set(CONTRACT)


@pytest.mark.parametrize("verb", CONTRACT)
def test_options_of_a_command(verb: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([verb, "--help"])
    assert ended.value.code == 0
    options = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out))
    assert options == COMMON | CONTRACT[verb]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["apply"],
        ["run", "--arch", "pdp11"],
        ["run", "--debug", "--kcsan"],
        ["test", "--quick", "--thorough"],
        ["boot", "--cpus", "x"],
    ],
)
def test_usage_errors_exit_2(words: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_command_keeps_its_dashes() -> None:
    words, command = cli._split(["boot", "--cpus", "4", "--", "ls", "-l", "--", "x"])
    assert words == ["boot", "--cpus", "4"]
    assert command == ["ls", "-l", "--", "x"]


@pytest.mark.parametrize("text", ["x", "/etc/passwd:", "/etc/passwd:rel", "none:/a"])
def test_file_option_faults(text: str) -> None:
    with pytest.raises(Fault, match="--file"):
        initramfs.parse_file_option(text)


def test_clean_leaves_other_folders_alone(vdsox, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("src/6.12", "6.12-arm64/build", "report", "mine"):
        (out / name).mkdir(parents=True)
    assert vdsox("clean", "--out", out).returncode == 0
    assert [path.name for path in out.iterdir()] == ["mine"]
    assert vdsox("clean", "--out", tmp_path / "none").returncode == 0


def test_verbose_prints_each_command(vdsox, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("KTAP version 1\n1..1\nok 1 one\n")
    words = ["report", log, "--out", tmp_path / "out"]
    quiet, verbose = vdsox(*words), vdsox(*words, "-v")
    assert quiet.returncode == verbose.returncode == 0
    assert "$ dpkg-query -W " not in quiet.stderr
    assert "$ dpkg-query -W " in verbose.stderr


def test_python_is_missing(vdsox, tmp_path: Path) -> None:
    done = vdsox("apply", tmp_path, VDSOX_PYTHON=str(tmp_path / "python3"))
    assert done.returncode == 2
    assert "apt-get install python3" in done.stderr


def test_progress_line_without_a_terminal() -> None:
    stream = io.StringIO()
    ui = Ui(stream=stream, clock=lambda: 1.0)
    with ui.step("6.12", "arm64", "build") as outcome:
        outcome.note = "a word"
    with pytest.raises(ValueError):
        with ui.step("6.12", "arm64", "guest"):
            raise ValueError
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(r"6\.12 +arm64 +build +ok +0\.0s  a word", first)
    assert re.fullmatch(r"6\.12 +arm64 +guest +FAIL +0\.0s", second)


def test_durations() -> None:
    assert [duration(s) for s in (0.04, 59.9, 61, 3600)] == [
        "0.0s",
        "59.9s",
        "1m01s",
        "60m00s",
    ]
