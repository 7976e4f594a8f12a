# SPDX-License-Identifier: GPL-2.0
"""Kernel configuration fragments: parse, merge, and verify the result.

Not by the kernel's merge_config.sh: it accepts malformed lines, returns no values for
verify(), and takes 5 s of CPU time for 180 options instead of 10 ms.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable

from harness.errors import Fault

UNSET = re.compile(r"^# (CONFIG_\w+) is not set$")
SET = re.compile(r"^(CONFIG_\w+)=(.*)$")


def parse(text: str) -> dict[str, str]:
    """Symbol -> value; `n` for `# CONFIG_X is not set`."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        match = SET.match(line)
        if match:
            values[match[1]] = match[2]
            continue
        match = UNSET.match(line)
        if match:
            values[match[1]] = "n"
    return values


def request(fragments: Iterable[Path]) -> dict[str, str]:
    """Merge fragments, later ones win. Fault if one is unreadable or malformed."""
    wanted: dict[str, str] = {}
    for path in fragments:
        try:
            text = path.read_text()
        except OSError as error:
            raise Fault(
                f"{path}: {error.strerror}: expected a configuration fragment"
            ) from None
        for number, line in enumerate(text.splitlines(), 1):
            known = SET.match(line) or UNSET.match(line)
            if line.startswith("CONFIG_") and not known:
                raise Fault(
                    f"{path}:{number}: '{line}' is not of the form CONFIG_NAME=value"
                )
        wanted.update(parse(text))
    return wanted


def render(wanted: dict[str, str]) -> str:
    """The text of a .config: parse() is its inverse."""
    lines = [
        f"# {name} is not set" if value == "n" else f"{name}={value}"
        for name, value in wanted.items()
    ]
    return "\n".join(lines) + "\n"


def refused(wanted: dict[str, str], got: dict[str, str]) -> list[str]:
    """`SYMBOL=VALUE (got OTHER)` for each symbol with another value than requested."""
    return [
        f"{name}={value} (got {got.get(name, 'n')})"
        for name, value in wanted.items()
        if got.get(name, "n") != value
    ]


def verify(wanted: dict[str, str], config: Path, needs: str = "") -> None:
    """Fault if a requested symbol has another value: a kernel without the requested
    checker would pass its tests unchecked. `needs` names the compiler for the hint."""
    lost = refused(wanted, parse(config.read_text()))
    if lost:
        hint = f" (this kernel needs {needs})" if needs else ""
        names = ", ".join(lost)
        raise Fault(f"Kconfig changed these options: {names}{hint}", config)
