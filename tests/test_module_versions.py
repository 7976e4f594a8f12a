# SPDX-License-Identifier: GPL-2.0
"""Programs and images of different versions of a module."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest

from library import NATIVE, Library, build_library, output, run
from modules import MODULE, WARNINGS, build

# An entry or a callback of each version: minor versions add below.
ROWS = """
shared calls u64 "Calls of all processes."
private own u64 "Calls of this process."
entry first "Counts." proto="int (void)"
"""
ENTRY = 'entry second "Counts twice." proto="int (void)" since=1\n'
CALLBACKS = [
    'callback before "Is called before." proto="void (void)"\n',
    'callback after "Is called after." proto="void (void)" since=1\n',
]
SOURCE = """
#include "v_module.h"
static int count(int times)
{
	v_private()->own += times;
	return (int)(v_shared()->calls += times);
}
int v_first(void)
{
	int result;

	if (v_has_before())
		v_call_before();
	result = count(1);
#ifdef HAS_AFTER
	if (v_has_after())
		v_call_after();
#endif
	return result;
}
#ifdef HAS_SECOND
int v_second(void) { return count(2); }
#endif
"""
# Prints what its header's entries and callbacks do, or why it cannot attach.
CLIENT = """
#include <stdio.h>
#include "v.h"
static void before(void) { printf("before "); }
#ifdef HAS_AFTER
static void after(void) { printf("after "); }
#endif
int main(int argc, char **argv)
{
	struct vdsox_module_fds fds;
	struct v_callbacks callbacks;
	struct v v;

	callbacks.before = before;
#ifdef HAS_AFTER
	callbacks.after = after;
#endif
	if (argc != 2 || vdsox_module_publish(argv[1], 0, &fds))
		return 2;
	if (v_attach(&v, fds, 0)) {
		printf("%s", vdsox_module_error());
		return 1;
	}
	v_set_callbacks(&v, &callbacks);
	printf("%d", v_first(&v));
#ifdef HAS_SECOND
	printf(" %d", v_second(&v));
#endif
	v_detach(&v);
	vdsox_module_close(&fds);
	return 0;
}
"""


@dataclass(frozen=True)
class Version:
    """A version of the module, and what it has beyond the first."""

    number: str
    has: tuple[str, ...] = field(default=())

    def table(self) -> str:
        text = f'module v "A module." version={self.number}\n{ROWS}'
        text += ENTRY if "SECOND" in self.has else ""
        return text + "".join(CALLBACKS[: 2 if "AFTER" in self.has else 1])

    def macros(self) -> list[str]:
        return [f"-DHAS_{name}" for name in self.has]


FIRST = Version("1.0")
ENTRIES = Version("1.1", ("SECOND",))
BOTH = Version("1.2", ("SECOND", "AFTER"))
CALLED = Version("1.1", ("AFTER",))
MAJOR = Version("2.1", ("SECOND", "AFTER"))

# Program, image, exit status, output.
CASES = [
    (FIRST, FIRST, 0, "before 1"),
    (ENTRIES, ENTRIES, 0, "before 1 3"),
    (BOTH, BOTH, 0, "before after 1 3"),
    (FIRST, ENTRIES, 0, "before 1"),
    (FIRST, BOTH, 0, "before 1"),
    (ENTRIES, BOTH, 0, "before 1 3"),
    (ENTRIES, FIRST, 1, "image: is v 1.0, and v_second is there since 1.1"),
    (BOTH, ENTRIES, 1, "image: is v 1.1, which lacks callbacks of v 1.2"),
    (CALLED, FIRST, 1, "image: is v 1.0, which lacks callbacks of v 1.1"),
    (FIRST, MAJOR, 1, "image: is v 2.1, not v 1.0"),
    (MAJOR, BOTH, 1, "image: is v 1.2, not v 2.1"),
]


@pytest.fixture(scope="module", name="native")
def fixture_native(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build_library(tmp_path_factory.getbasetemp(), NATIVE)


@pytest.fixture(scope="module", name="made")
def fixture_made(native: Library, tmp_path_factory: pytest.TempPathFactory):
    """Makes a version's image and program; returns the folder."""

    @lru_cache
    def make(version: Version) -> Path:
        folder = tmp_path_factory.mktemp("version")
        texts = {"v.tbl": version.table(), "v.c": SOURCE, "client.c": CLIENT}
        for name, text in texts.items():
            (folder / name).write_text(text)
        flags = ["--", *version.macros()]
        build(native, NATIVE, folder, folder / "v.tbl", folder / "v.c", *flags)
        words = ["gcc", *WARNINGS, *version.macros(), f"-I{folder}"]
        words += [f"-I{MODULE}/include", folder / "client.c", "-o", folder / "client"]
        library = f"{native.out}/libvdsox-module.so"
        output(*words, library, f"-Wl,-rpath,{native.out}")
        return folder

    return make


def named(value: object) -> str:
    return value.number if isinstance(value, Version) else ""


@pytest.mark.parametrize("program, image, status, text", CASES, ids=named)
def test_versions(
    made, program: Version, image: Version, status: int, text: str
) -> None:
    done = run(made(program) / "client", made(image) / "v.vdso")
    assert (done.returncode, done.stdout) == (status, text), done.stderr
