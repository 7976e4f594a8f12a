# SPDX-License-Identifier: GPL-2.0
"""The releases of a base's kernel that the suites of the mirrors have."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from harness import apt, bases
from harness.bases import Base
from harness.context import REPO, Context
from harness.errors import Absent


@contextmanager
def skips_if_absent(base: str) -> Iterator[None]:
    """Skips the test if the block finds that no suite carries the source of a base any
    more; the default base has to be there."""
    try:
        yield
    except Absent as fault:
        if base == bases.default_name(REPO):
            raise
        pytest.skip(fault.message)


def offered(ctx: Context, base: Base, log: Path) -> list[str]:
    """The versions of the source package, newest first; there is one, or the test is
    skipped as in skips_if_absent()."""
    _, versions = apt.candidates(ctx.cache, base.package, log)
    with skips_if_absent(base.name):
        if not versions:
            raise Absent(f"no suite of the mirrors has {base.package}", log)
    return versions
