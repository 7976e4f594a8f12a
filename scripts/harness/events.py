# SPDX-License-Identifier: GPL-2.0
"""A log of steps and tests with their times: a JSON object a line, for --times.

Several processes append to it. An event has a kind (step, phase of a test, or wait), a
name, and its begin and end in seconds since the epoch; `process` is the writer's PID.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Optional

Event = dict[str, Any]
VARIABLE = "VDSOX_EVENTS"


def from_environment() -> Optional[Path]:
    """The log that a parent process has set by $VDSOX_EVENTS; None if it has not."""
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None


def append(
    log: Optional[Path], kind: str, name: str, begin: float, end: float, **more: object
) -> None:
    """Write one event by one write(2), so that lines of two processes do not mix.

    begin, end: seconds since the epoch
    """
    if log is None:
        return
    times = {"begin": round(begin, 3), "end": round(end, 3)}
    event = {"kind": kind, "name": name, **times, "process": os.getpid(), **more}
    with open(log, "ab", buffering=0) as stream:
        stream.write(json.dumps(event).encode() + b"\n")


def read(log: Path) -> list[Event]:
    """All events in order of their begin, without lines that are no complete event."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and {"kind", "name", "begin", "end"} <= set(value):
            found.append(value)
    return sorted(found, key=lambda event: float(event["begin"]))
