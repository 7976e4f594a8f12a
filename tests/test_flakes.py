# SPDX-License-Identifier: GPL-2.0
"""The last test of ./vdsox test --thorough: no test had to run twice."""

from __future__ import annotations

import pytest


@pytest.mark.thorough
@pytest.mark.last
def test_nothing_was_late(ctx) -> None:
    assert ctx.flakes == []
