# SPDX-License-Identifier: GPL-2.0
"""A base whose source no suite carries any more is skipped, with that reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import bases
from harness.context import Context
from harness.errors import Absent
from suites import offered


@pytest.fixture(name="base")
def fixture_base(sample_repo: Path, fake_tools) -> bases.Base:
    """Its package is unknown to the suites."""
    fake_tools.add("apt-cache", "")
    fake_tools.add("apt-get", "")
    return bases.load(sample_repo, "6.12")


def test_skipped_with_its_reason(base: bases.Base, tmp_path: Path) -> None:
    other = replace(base, name="9.9")
    with pytest.raises(pytest.skip.Exception, match="no suite .* has linux-sample"):
        offered(Context(cache=tmp_path), other, tmp_path / "log")


def test_default_base_is_not_skipped(base: bases.Base, tmp_path: Path) -> None:
    with pytest.raises(Absent, match="no suite .* has linux-sample"):
        offered(Context(cache=tmp_path), base, tmp_path / "log")
