# SPDX-License-Identifier: GPL-2.0
"""The releases of a base's kernel that the suites of the mirrors have."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import apt, bases
from harness.bases import Base
from harness.context import REPO, Context


def offered(ctx: Context, base: Base, log: Path) -> list[str]:
    """The versions of the source package, newest first. Skips the test if no suite
    carries them any more, unless the base is the default one."""
    _, versions = apt.candidates(ctx.cache, base.package, log)
    if not versions and base.name != bases.default_name(REPO):
        pytest.skip(f"no suite of the mirrors has {base.package}")
    assert versions, f"no suite of the mirrors has {base.package}: {log}"
    return versions
