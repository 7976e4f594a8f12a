# SPDX-License-Identifier: GPL-2.0
"""A sample kernel tree and a sample repository, small enough to read."""

from __future__ import annotations

from pathlib import Path

from harness.machine import Machine, load_all

CORE = "".join(f"line {n}\n" for n in range(1, 21))
ENTRY = "one\ntwo\nthree\nfour\nfive\nsix\n"

KERNEL_FILES = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 120\nEXTRAVERSION =\n",
    "Kbuild": "obj-y += kernel/\n",
    "Kconfig": "source arch\n",
    "MAINTAINERS": "nobody\n",
    "kernel/core.c": CORE,
    "arch/x86/entry.c": ENTRY,
}

HOOK_CORE = """\
--- a/kernel/core.c
+++ b/kernel/core.c
@@ -7,7 +7,8 @@
 line 7
 line 8
 line 9
-line 10
+line ten
+line ten and a half
 line 11
 line 12
 line 13
"""

HOOK_ENTRY = """\
--- a/arch/x86/entry.c
+++ b/arch/x86/entry.c
@@ -1,6 +1,7 @@
 one
 two
 three
+three and a half
 four
 five
 six
"""


def vdso(here: Machine) -> str:
    """The path of an architecture's only image."""
    return f"arch/{here.srcarch}/vdso/sample"


BASE_TABLE = "".join(
    f"image {here.arch} path={vdso(here)} make=arch/{here.srcarch}/vdso/\n"
    for here in load_all()
)

SERIES = """\
# sample
0001-core
  include/
  kernel/
  scripts/
  patches/6.12/compat.h
  patches/6.12/base.tbl
0002-entry
  arch/x86/vdso/
0003-tests
  selftests/
"""

FILES = """\
# sample
selftests/            tools/testing/selftests/vdso_task/
patches/6.12/compat.h include/linux/vdso_task_compat.h
arch/x86/vdso/        arch/x86/include/asm/vdso/
arch/x86/vdso/task.c  arch/x86/kernel/task.c
"""

REPO_FILES = {
    "arch/x86/vdso/task.c": "int x86;\n",
    "arch/x86/vdso/task.h": "/* task */\n",
    "include/linux/task.h": "/* header */\n",
    "kernel/vdso/task.c": "int task;\n",
    "selftests/ids.c": "int main(void) { return 0; }\n",
    "scripts/vdso.tbl": "# table\n",
    "scripts/vdsogen/main.cc": "int main() {}\n",
    "patches/DEFAULT_BASE": "6.12\n",
    "patches/6.12/compat.h": "/* compat */\n",
    "patches/6.12/base.tbl": BASE_TABLE,
    "patches/6.12/BASE": "name=6.12\nmin=6.12.107\nmax=6.12.999\npackage=linux-sample\n",
    "patches/6.12/files": FILES,
    "patches/6.12/series": SERIES,
    "patches/6.12/0001-core.patch": HOOK_CORE,
    "patches/6.12/0002-entry.patch": HOOK_ENTRY,
    "patches/6.12/messages/0000-cover.txt": "sample: the whole\n\nWhy it is done.\n",
    "patches/6.12/messages/0001-core.txt": "core: count to ten\n\nIt must.\n",
    "patches/6.12/messages/0002-entry.txt": "entry: one more\n\nIt must.\n",
    "patches/6.12/messages/0003-tests.txt": "tests: add them\n\nThey must.\n",
}


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and mode of every file below a folder, except in .git."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(".git/"):
            found[name] = (path.read_bytes(), path.stat().st_mode)
    return found
