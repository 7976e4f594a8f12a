# SPDX-License-Identifier: GPL-2.0
"""Source packages through apt: private lists, cached files, faults of one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import srcpkg
from harness.errors import Fault

# Two suites of one mirror, and the source that its lists have.
APT_CACHE = 'case "$*" in *madison*) echo "sample | 1.2-3 | Sources";; esac\n'
APT_GET = """case "$*" in
*indextargets*)
	echo "http://mirror/debian/ bookworm /k.gpg"
	echo "http://mirror/debian/ bookworm-updates /k.gpg"
	echo "http://mirror/debian-security/ bookworm-security (none)";;
*" source "*) echo x > sample_1.2-3.dsc; echo y > sample_1.2.orig.tar.gz;;
esac
"""


def test_own_suites_become_sources(fake_tools, tmp_path: Path) -> None:
    fake_tools.add("apt-cache", APT_CACHE)
    fake_tools.add("apt-get", APT_GET)
    dsc = srcpkg.fetch(tmp_path, "sample", tmp_path / "log")
    assert dsc.read_text() == "x\n"
    assert (dsc.parent / "sample_1.2.orig.tar.gz").is_file()
    assert (tmp_path / "apt-src-own" / "src.list").read_text().splitlines() == [
        "deb-src [signed-by=/k.gpg] http://mirror/debian/ bookworm main",
        "deb-src [signed-by=/k.gpg] http://mirror/debian/ bookworm-updates main",
        "deb-src http://mirror/debian-security/ bookworm-security main",
    ]
    log = (tmp_path / "log").read_text()
    assert f"Dir::State::Lists={tmp_path}" in log, "must not use the system's lists"


def test_another_suite_of_the_same_mirror(fake_tools, tmp_path: Path) -> None:
    fake_tools.add("apt-cache", APT_CACHE)
    fake_tools.add("apt-get", APT_GET)
    dsc = srcpkg.fetch(tmp_path, "sample", tmp_path / "log", "trixie")
    assert dsc.parent.name == "trixie"
    text = (tmp_path / "apt-src-trixie" / "src.list").read_text()
    assert text == "deb-src [signed-by=/k.gpg] http://mirror/debian/ trixie main\n"


def test_what_is_kept_needs_no_network(fake_tools, tmp_path: Path) -> None:
    fake_tools.add("apt-cache", APT_CACHE)
    fake_tools.add("apt-get", APT_GET)
    first = srcpkg.fetch(tmp_path, "sample", tmp_path / "log")
    fake_tools.add("apt-get", "exit 100\n")
    assert srcpkg.fetch(tmp_path, "sample", tmp_path / "log") == first


SEVERAL = """case "$*" in *madison*)
	for v in 1.2-9 1.2-10+deb13u2 1.2-10 1.2-10+deb13u1~1; do
		echo "sample | $v | Sources"
	done;;
esac
"""
# The mirror lacks the two newest versions of the list.
GONE = """v=${*##*=}
case "$*" in
*" source "*)
	case $v in
	1.2-10+*) echo x > sample_1.2.orig.tar.gz
		echo "E: Failed to fetch sample_$v.dsc  404  Not Found [IP: ::1 80]"; exit 100;;
	*) echo "$v" > "sample_$v.dsc";;
	esac;;
esac
"""


def test_newest_that_the_mirror_has(fake_tools, tmp_path: Path) -> None:
    """A list may name a version that the mirror does not have yet."""
    fake_tools.add("apt-cache", SEVERAL)
    fake_tools.add("apt-get", GONE)
    dsc = srcpkg.fetch(tmp_path, "sample", tmp_path / "log", "trixie")
    assert dsc.read_text() == "1.2-10\n"
    assert not (
        dsc.parent / "sample_1.2.orig.tar.gz"
    ).exists(), "left by another version"


def test_nothing_that_the_list_names(fake_tools, tmp_path: Path) -> None:
    fake_tools.add("apt-cache", APT_CACHE)
    fake_tools.add(
        "apt-get", 'echo "E: Failed to fetch sample  404  Not Found"; exit 100\n'
    )
    with pytest.raises(Fault, match="404  Not Found"):
        srcpkg.fetch(tmp_path, "sample", tmp_path / "log")


FAULTS = [
    (
        APT_CACHE,
        "Could not connect to mirror",
        "the source of sample 1.2-3: no network",
    ),
    (APT_CACHE, "E: Hash Sum mismatch", "file is damaged"),
    (
        "exit 0\n",
        "Could not resolve 'mirror'",
        "no source package sample in the system suites",
    ),
]


@pytest.mark.parametrize("cache, output, words", FAULTS)
def test_faults(fake_tools, tmp_path: Path, cache, output, words) -> None:
    fake_tools.add("apt-cache", cache)
    fake_tools.add("apt-get", f'echo "{output}"; exit 100\n')
    with pytest.raises(Fault) as fault:
        srcpkg.fetch(tmp_path, "sample", tmp_path / "log")
    assert words in fault.value.line() and str(tmp_path / "log") in fault.value.line()
    assert "--tree" not in fault.value.line(), "an option for kernels"
    assert not list(tmp_path.rglob("*.dsc"))


@pytest.mark.parametrize(
    "name, version",
    [
        ("musl_1.2.3-1.dsc", "1.2.3"),
        ("glibc_2.41-12+deb13u4.dsc", "2.41"),
        ("musl_1.2.5-3.1~deb13u1.dsc", "1.2.5"),
    ],
)
def test_upstream_version(name: str, version: str) -> None:
    assert srcpkg.version(Path(name)) == version
