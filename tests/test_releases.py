# SPDX-License-Identifier: GPL-2.0
"""The patches fit every release that the suites offer, oldest and newest, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import bases, patcher, source
from harness.context import REPO
from fixtures import snapshot
from suites import offered

pytestmark = pytest.mark.guest


@pytest.mark.parametrize("which", ["oldest", "newest"])
@pytest.mark.parametrize("base", bases.all_bases(REPO), ids=lambda base: base.name)
def test_apply_to_release(ctx, base: bases.Base, which: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    versions = offered(ctx, base, log)
    version = versions[0] if which == "newest" else versions[-1]
    tree = source.extract(ctx, base, version, tmp_path / "linux", log)
    before = snapshot(tree)
    assert patcher.apply(REPO, tree)
    assert patcher.unapply(tree)
    assert snapshot(tree) == before
