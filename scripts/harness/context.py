# SPDX-License-Identifier: GPL-2.0
"""What every command gets: paths, the number of build jobs, progress output."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.ui import Ui

REPO = Path(__file__).resolve().parents[2]


def default_cache() -> Path:
    """$XDG_CACHE_HOME/vdsox, else ~/.cache/vdsox: downloads are kept here."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.path.expanduser("~"), ".cache"
    )
    return Path(home) / "vdsox"


@dataclass
class Context:
    """flakes: of all guests so far, each `CELL TEST: REASON`"""

    repo: Path = REPO
    out: Path = REPO / "out"
    cache: Path = field(default_factory=default_cache)
    jobs: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    install_deps: bool = True
    ui: Ui = field(default_factory=Ui)
    flakes: list[str] = field(default_factory=list)

    @property
    def scripts(self) -> Path:
        return self.repo / "scripts"

    @property
    def report(self) -> Path:
        return self.out / "report"
