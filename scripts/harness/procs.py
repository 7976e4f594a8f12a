# SPDX-License-Identifier: GPL-2.0
"""Run other programs: logged, without standard input, ended by process group.

Each program leads a session, and so a process group, of its own. When the block that
runs it ends, even by an exception, the group gets SIGTERM, on which make removes an
incomplete target and a compiler its output, and SIGKILL after the grace period.

There are two fallbacks. end_all() ends every group that is still registered. And if
this process gets SIGKILL, the kernel sends the program its parent death signal, which
setpriv(1) sets, since a preexec_fn is unsafe in a process with threads. The kernel
sends it when the *thread* that started the program exits, so the same thread must wait
for the program.
"""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from harness import interrupt
from harness.errors import Fault

NO_SPACE = ("No space left on device", "Disk quota exceeded", "enough free space")
# Seconds from SIGTERM to SIGKILL, by default and for a program that ends others itself.
GRACE = 5.0
NESTED_GRACE = 20.0
KILL_LIMIT = 10.0
POLL = 0.02
# Nice value of builds: guests, which have time limits, have priority.
BUILD_NICE = 10

_running: dict[int, "subprocess.Popen[Any]"] = {}
# Takes each command line that is started; set by the option -v.
show: Optional[Callable[[str], None]] = None


class Killed(Fault):
    """A signal terminated the program: the failure is not due to its input."""


def quote(command: Sequence[object]) -> str:
    """The command as a shell would parse it."""
    return " ".join(shlex.quote(str(part)) for part in command)


def tail(log: Path, lines: int = 20) -> list[str]:
    """The last lines of a log; invalid UTF-8 is replaced. Empty if unreadable."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - 64 * 1024))
            data = stream.read()
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-lines:]


@functools.cache
def _setpriv() -> Optional[str]:
    return shutil.which("setpriv")


def _with_pdeathsig(
    words: list[str], env: Optional[Mapping[str, str]], death: signal.Signals
) -> list[str]:
    """The command under setpriv(1), if installed, with a parent death signal."""
    path = (os.environ if env is None else env).get("PATH")
    relative = "/" in words[0] and not words[0].startswith("/")
    if not relative and not shutil.which(words[0], path=path):
        raise FileNotFoundError(words[0])
    tool = _setpriv()
    if tool is None:
        return words
    return [tool, "--pdeathsig", death.name[len("SIG") :], "--", *words]


def start(
    command: Sequence[object],
    *,
    env: Optional[Mapping[str, str]] = None,
    death: signal.Signals = signal.SIGTERM,
    nice: int = 0,
    registered: bool = True,
    **options: Any,
) -> "subprocess.Popen[Any]":
    """Start a program; the caller must end_group() it. FileNotFoundError if not
    installed.

    env: the whole environment; by default this process's
    death: its parent death signal
    registered: end_all() ends it
    """
    words = _with_pdeathsig([str(part) for part in command], env, death)
    if show:
        show(f"$ {quote(command)}")
    options.setdefault("stdin", subprocess.DEVNULL)
    with interrupt.hold():
        process = subprocess.Popen(words, env=env, start_new_session=True, **options)
        if registered:
            _running[process.pid] = process
    if nice:
        _renice(process.pid, nice)
    return process


def _renice(group: int, nice: int) -> None:
    """Set the nice value of a session and, if the kernel has autogroups, of its
    autogroup: within one, a task's nice value has no effect on other sessions, see
    sched(7)."""
    with suppress(OSError):
        Path(f"/proc/{group}/autogroup").write_text(f"{nice}\n")
    with suppress(OSError):
        os.setpriority(os.PRIO_PGRP, group, nice)


@contextmanager
def running(
    command: Sequence[object], *, grace: float = GRACE, **options: Any
) -> Iterator["subprocess.Popen[Any]"]:
    """Run a program for the duration of the block; then end_group() with `grace`
    seconds. The options are those of start()."""
    process = None
    try:
        with interrupt.hold():
            process = start(command, **options)
        yield process
    finally:
        if process is not None:
            end_group(process, grace)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:  # sudo has made the group root's
        subprocess.run(
            ["sudo", "-n", "sh", "-c", f"kill -{number.value} -{group}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


def _has_members(group: int) -> bool:
    """Whether processes other than zombies exist in the group: a zombie's parent may
    never wait for it."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in (b"Z", b"X"):
            return True
    return False


def _await_end(process: "subprocess.Popen[Any]", limit: float) -> bool:
    deadline = time.monotonic() + limit
    while process.poll() is None or _has_members(process.pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def end_group(process: "subprocess.Popen[Any]", grace: float = GRACE) -> None:
    """End a program of start() with its process group, and reap it.

    grace: seconds from SIGTERM to SIGKILL; 0: SIGKILL at once
    """
    with interrupt.hold():
        if process.poll() is None or _has_members(process.pid):
            if grace:
                _signal(process.pid, signal.SIGTERM)
            if not _await_end(process, grace):
                _signal(process.pid, signal.SIGKILL)
                _await_end(process, KILL_LIMIT)
        _running.pop(process.pid, None)


def end_all() -> None:
    """End every registered group."""
    with interrupt.hold():
        for process in list(_running.values()):
            _signal(process.pid, signal.SIGTERM)
        for process in list(_running.values()):
            end_group(process)


def run_logged(
    command: Sequence[object],
    log: Path,
    what: str,
    *,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
    nice: int = 0,
) -> None:
    """Run a command with its output appended to a log. Fault if it fails, with `what`
    and the first error line of the log; Killed if a signal terminated it.

    env: additions to this process's environment
    timeout: seconds
    """
    status = status_logged(
        command, log, what, cwd=cwd, env=env, timeout=timeout, nice=nice
    )
    if status == 0:
        return
    if status < 0:
        raise Killed(f"{what} was ended by {signal.Signals(-status).name}", log)
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
    nice: int = 0,
) -> int:
    """As run_logged(), but return the exit status, negative for a signal. Fault if the
    program is not installed or exceeds the timeout."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as stream:
        stream.write(f"$ {quote(command)}\n".encode())
        stream.flush()
        try:
            with running(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                nice=nice,
            ) as process:
                return int(process.wait(timeout))
        except FileNotFoundError:
            raise Fault(f"{what}: {command[0]} is not installed") from None
        except subprocess.TimeoutExpired:
            raise Fault(f"{what} timed out after {timeout:.0f} s", log) from None


def communicate(
    command: Sequence[object],
    *,
    text: Optional[str] = None,
    timeout: Optional[float] = None,
    **options: Any,
) -> "subprocess.CompletedProcess[str]":
    """As subprocess.run() with captured output; `text` is the standard input, `timeout`
    in seconds. The exit status is not checked."""
    with running(
        command,
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        **options,
    ) as process:
        out, err = process.communicate(text, timeout)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def capture(
    command: Sequence[object],
    what: str,
    *,
    cwd: Optional[Path] = None,
    env: Optional[Mapping[str, str]] = None,
) -> str:
    """A command's standard output. Fault, with the last line of its standard error, if
    it fails."""
    try:
        done = communicate(command, cwd=cwd, env={**os.environ, **(env or {})})
    except FileNotFoundError:
        raise Fault(f"{what}: {command[0]} is not installed") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [
            f"status {done.returncode}"
        ]
        raise Fault(f"{what}: {lines[-1]}")
    return done.stdout
