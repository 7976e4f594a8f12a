# SPDX-License-Identifier: GPL-2.0
"""A distribution's configuration: debug information, IBT, SGX, 8192 CPUs."""

from __future__ import annotations

import pytest

import distro

pytestmark = pytest.mark.guest
DISTRIBUTIONS = {
    "CONFIG_NR_CPUS": "8192",
    "CONFIG_DEBUG_INFO": "y",
    "CONFIG_X86_KERNEL_IBT": "y",
    "CONFIG_X86_SGX": "y",
}


def test_images_are_made_and_checked(cells) -> None:
    """A fault that vdsogen finds in an image fails the build."""
    source = cells.source()
    images = cells.once("distro", lambda: distro.images(cells.ctx, source))
    assert {"vdso64.so", "vdso32.so"} <= {path.name for path in images}
    config = distro.kconfig.parse(distro.config_of(cells.ctx, source).read_text())
    assert {name: config.get(name) for name in DISTRIBUTIONS} == DISTRIBUTIONS
