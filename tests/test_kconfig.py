# SPDX-License-Identifier: GPL-2.0
"""Configuration fragments: parsing, merging, and the check of the result."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import kconfig
from harness.context import REPO
from harness.errors import Fault

FRAGMENTS = sorted((REPO / "scripts" / "configs").glob("*.config"))


def test_later_fragment_wins(tmp_path: Path) -> None:
    one, two = tmp_path / "one.config", tmp_path / "two.config"
    one.write_text("# words\nCONFIG_A=y\nCONFIG_B=8\n")
    two.write_text('# CONFIG_A is not set\nCONFIG_C="x"\n')
    wanted = kconfig.request([one, two])
    assert wanted == {"CONFIG_A": "n", "CONFIG_B": "8", "CONFIG_C": '"x"'}
    assert kconfig.parse(kconfig.render(wanted)) == wanted


def test_refused_symbols_are_all_named(tmp_path: Path) -> None:
    config = tmp_path / ".config"
    config.write_text("CONFIG_A=y\nCONFIG_D=y\n")
    wanted = {"CONFIG_A": "y", "CONFIG_B": "y", "CONFIG_C": "n", "CONFIG_D": "n"}
    with pytest.raises(Fault) as fault:
        kconfig.verify(wanted, config)
    line = fault.value.line()
    assert "CONFIG_B=y (got n)" in line and "CONFIG_D=n (got y)" in line
    assert "CONFIG_A" not in line and "CONFIG_C" not in line
    assert str(config) in line


def test_faulty_fragment(tmp_path: Path) -> None:
    path = tmp_path / "bad.config"
    path.write_text("CONFIG_A=y\nCONFIG_B y\n")
    with pytest.raises(Fault, match="bad.config:2: 'CONFIG_B y'"):
        kconfig.request([path])
    with pytest.raises(Fault, match="none.config"):
        kconfig.request([tmp_path / "none.config"])


@pytest.mark.parametrize("path", FRAGMENTS, ids=lambda path: path.stem)
def test_our_fragments_set_each_symbol_once(path: Path) -> None:
    lines = path.read_text().splitlines()
    names = [next(iter(kconfig.parse(line))) for line in lines if kconfig.parse(line)]
    assert len(names) == len(set(names))
    kconfig.request([path])
