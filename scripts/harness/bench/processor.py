# SPDX-License-Identifier: GPL-2.0
"""The CPU that ratios of times hold for: another has other ones.

What a system call costs is decided by the mitigations, what an entry costs by how the
CPU gives its number and reads its counter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

VULNERABILITIES = "sys/devices/system/cpu/vulnerabilities"
UNAFFECTED = "Not affected"
# How /proc/cpuinfo names a model, by what an architecture has in it.
PARTS = {
    "model name": "{}",
    "cpu family": "family {}",
    "model": "model {}",
    "CPU implementer": "implementer {}",
    "CPU part": "part {}",
}


def _models(text: str) -> list[str]:
    """One for each kind of CPU: some arm64 machines have two."""
    found = []
    for block in text.strip().split("\n\n"):
        pairs = (line.partition(":")[::2] for line in block.splitlines())
        values = {key.strip(): value.strip() for key, value in pairs}
        words = [PARTS[key].format(values[key]) for key in PARTS if key in values]
        found.append(", ".join(words))
    return [model for model in dict.fromkeys(found) if model]


def describe(root: Path = Path("/")) -> dict[str, Any]:
    """This machine's model and what it does against the flaws that its kernel knows."""
    models = _models((root / "proc/cpuinfo").read_text(errors="replace"))
    files = sorted((root / VULNERABILITIES).glob("*"))
    return {
        "cpu_model": " and ".join(models) or "of a model that the kernel does not name",
        "mitigations": {path.name: path.read_text().strip() for path in files},
    }


def lines(context: dict[str, Any]) -> list[str]:
    """What is quoted with a ratio of times, for people."""
    by = context["cpu_number_by"]
    without = "; it has no RDPID" if by == "LSL" else ""
    flaws = context["mitigations"]
    told = [
        f"CPU: {context['cpu_model']}",
        f"CPU number: by {by}{without}",
        *(f"{name}: {state}" for name, state in flaws.items() if state != UNAFFECTED),
    ]
    if not flaws:
        told.append("mitigations: the kernel does not tell of any")
    elif len(told) == 2:
        told.append("mitigations: none, as the CPU needs none that the kernel knows")
    return told
