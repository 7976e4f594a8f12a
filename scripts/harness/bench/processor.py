# SPDX-License-Identifier: GPL-2.0
"""Describe this machine's CPU: ratios of times hold for it only.

The cost of a system call depends on the mitigations, the cost of an entry on the
instructions that read the CPU number and the counter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

VULNERABILITIES = "sys/devices/system/cpu/vulnerabilities"
UNAFFECTED = "Not affected"
# Keys of /proc/cpuinfo that identify a model, of all architectures.
PARTS = {
    "model name": "{}",
    "cpu family": "family {}",
    "model": "model {}",
    "CPU implementer": "implementer {}",
    "CPU part": "part {}",
}


def _models(text: str) -> list[str]:
    """The different models: some arm64 machines have two."""
    found = []
    for block in text.strip().split("\n\n"):
        pairs = (line.partition(":")[::2] for line in block.splitlines())
        values = {key.strip(): value.strip() for key, value in pairs}
        words = [PARTS[key].format(values[key]) for key in PARTS if key in values]
        found.append(", ".join(words))
    return [model for model in dict.fromkeys(found) if model]


def describe(root: Path = Path("/")) -> dict[str, Any]:
    """The CPU model and mitigations, from /proc/cpuinfo and sysfs below `root`."""
    models = _models((root / "proc/cpuinfo").read_text(errors="replace"))
    files = sorted((root / VULNERABILITIES).glob("*"))
    return {
        "cpu_model": " and ".join(models) or "model unknown",
        "mitigations": {path.name: path.read_text().strip() for path in files},
    }


def lines(context: dict[str, Any]) -> list[str]:
    """The description to print with ratios of times."""
    flaws = context["mitigations"]
    text = [f"CPU: {context['cpu_model']}"]
    if "cpu_number_by" in context:
        by = context["cpu_number_by"]
        without = "; it has no RDPID" if by == "LSL" else ""
        text.append(f"CPU number: by {by}{without}")
    if not flaws:
        return [*text, "mitigations: unknown, the kernel does not report them"]
    found = [f"{n}: {state}" for n, state in flaws.items() if state != UNAFFECTED]
    none = "mitigations: none, the CPU is not affected by any known vulnerability"
    return [*text, *(found or [none])]
