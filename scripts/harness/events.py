# SPDX-License-Identifier: GPL-2.0
"""A log of what ran when: a JSON object a line, appended to by several processes.

Each has a kind (step, test, phase or wait), a name, and its begin and end in seconds since
the epoch; `process` is the pid that wrote it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Optional

Event = dict[str, Any]
VARIABLE = "VDSOX_EVENTS"


def from_environment() -> Optional[Path]:
    name = os.environ.get(VARIABLE)
    return Path(name) if name else None


def append(
    log: Optional[Path], kind: str, name: str, begin: float, end: float, **more: object
) -> None:
    """One write of one line, so lines of two processes do not mix."""
    if log is None:
        return
    times = {"begin": round(begin, 3), "end": round(end, 3)}
    event = {"kind": kind, "name": name, **times, "process": os.getpid(), **more}
    with open(log, "ab", buffering=0) as stream:
        stream.write(json.dumps(event).encode() + b"\n")


def read(log: Path) -> list[Event]:
    """All events in order of their begin; a line cut short is left out."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and {"kind", "name", "begin", "end"} <= set(value):
            found.append(value)
    return sorted(found, key=lambda event: float(event["begin"]))
