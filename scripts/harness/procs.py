# SPDX-License-Identifier: GPL-2.0
"""Run other programs: logged, without standard input, and ended as a group."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Mapping, Optional, Sequence

from harness.errors import Fault

NO_SPACE = ("No space left on device", "Disk quota exceeded", "enough free space")


def quote(command: Sequence[object]) -> str:
    return " ".join(shlex.quote(str(part)) for part in command)


def tail(log: Path, lines: int = 20) -> list[str]:
    """The last lines of a log, readable whatever bytes it holds."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 64 * 1024))
            data = stream.read()
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-lines:]


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process that was started in its own session, and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run_logged(
    command: Sequence[object],
    log: Path,
    what: str,
    *,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
) -> None:
    """Run a command with its output appended to a log; Fault when it fails."""
    status = status_logged(command, log, what, cwd=cwd, env=env, timeout=timeout)
    if status == 0:
        return
    last = tail(log, 200)
    if any(word in line for line in last for word in NO_SPACE):
        raise Fault(f"{what}: the disk is full; free some space or use --out DIR", log)
    reason = next((ln for ln in last if "error:" in ln or "Error " in ln), "")
    detail = f": {reason.strip()}" if reason else f" with status {status}"
    raise Fault(f"{what} failed{detail}", log)


def status_logged(
    command: Sequence[object],
    log: Path,
    what: str,
    *,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
) -> int:
    """As run_logged(), but the caller judges the exit status."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as stream:
        stream.write(f"$ {quote(command)}\n".encode())
        stream.flush()
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        except FileNotFoundError:
            raise Fault(f"{what}: {command[0]} is not installed") from None
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Fault(f"{what} gave no answer in {timeout:.0f} s", log) from None
        finally:
            end_group(process)


def capture(
    command: Sequence[object],
    what: str,
    *,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
) -> str:
    """A command's standard output; Fault with its first error line when it fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
        )
    except FileNotFoundError:
        raise Fault(f"{what}: {command[0]} is not installed") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [
            f"status {done.returncode}"
        ]
        raise Fault(f"{what}: {lines[-1]}")
    return done.stdout
