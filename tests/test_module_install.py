# SPDX-License-Identifier: GPL-2.0
"""The example of a module, built from an installation with make and with CMake."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from library import FOLDER, NATIVE, Library, build_library, output, require, run
from modules import HELLO
from toolkit import build_tools

LIBDIR = "usr/lib/multi"
# What two greetings by each of two processes print.
GREETED = """log: the first greeting of this process
log: another greeting
ann: own 6, total 6
log: the first greeting of this process
log: another greeting
bob: own 6, total 12
"""


@dataclass(frozen=True)
class Project:
    """A copy of the example, and how it is built from an installation."""

    kind: str
    folder: Path
    root: Path

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {
            "PATH": f"{self.root}/usr/bin:{os.environ['PATH']}",
            "PKG_CONFIG_SYSROOT_DIR": str(self.root),
            "PKG_CONFIG_PATH": f"{self.root}/{LIBDIR}/pkgconfig",
            "LD_LIBRARY_PATH": f"{self.root}/{LIBDIR}",
        }

    @property
    def out(self) -> Path:
        return self.folder if self.kind == "make" else self.folder / "b"

    @property
    def image(self) -> Path:
        return self.out / "hello.module" / "hello.vdso"

    def configure(self) -> None:
        if self.kind == "make":
            return
        package = f"-Dvdsox_DIR={self.root}/{LIBDIR}/cmake/vdsox"
        words = [require("cmake"), "-G", self.kind, "-S", self.folder, "-B", self.out]
        output(*words, package, env=self.env)

    def build(self) -> subprocess.CompletedProcess[str]:
        require("pkg-config")
        tool = ["make", "-C"] if self.kind == "make" else ["cmake", "--build"]
        return run(*tool, self.out, env=self.env, timeout=300)

    def must_build(self) -> None:
        done = self.build()
        assert done.returncode == 0, done.stdout + done.stderr

    def greet(self) -> str:
        client = "hello" if self.kind == "make" else "client"
        return output(self.out / client, self.image, "ann", "bob", env=self.env)

    def change(self, name: str, before: str, after: str) -> None:
        file = self.folder / name
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))


@pytest.fixture(scope="module", name="native")
def fixture_native(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build_library(tmp_path_factory.getbasetemp(), NATIVE)


@pytest.fixture(scope="module", name="root")
def fixture_root(native: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    tools = build_tools(tmp_path_factory.getbasetemp())
    words = [f"O={native.out}", f"VDSOGEN={tools}/vdsogen", "PREFIX=/usr"]
    words += [f"LIBDIR=/{LIBDIR}", "CXXFLAGS=-O1 -g0", f"DESTDIR={root}"]
    output("make", "-s", "-C", FOLDER, *words, "install", timeout=600)
    return root


KINDS = ["make", "Unix Makefiles", "Ninja"]


@pytest.fixture(name="project", params=KINDS)
def fixture_project(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path
) -> Project:
    folder = tmp_path / "hello"
    shutil.copytree(HELLO, folder)
    project = Project(request.param, folder, root)
    if project.kind == "Ninja":
        require("ninja")
    project.configure()
    return project


def test_client_runs(project: Project) -> None:
    project.must_build()
    assert project.greet() == GREETED


def test_nothing_is_built_twice(project: Project) -> None:
    project.must_build()
    time_of_image = project.image.stat().st_mtime_ns
    project.must_build()
    assert project.image.stat().st_mtime_ns == time_of_image


def test_changes_of_the_image_are_built(project: Project) -> None:
    """Of its source, and of a header of that."""
    (project.folder / "extra.h").write_text("#define EXTRA 0\n")
    project.change("greet.cc", '_module.h"', '_module.h"\n#include "extra.h"')
    project.must_build()
    project.change("greet.cc", "own->sum += HELLO_STEP;", "own->sum += 10 + EXTRA;")
    project.must_build()
    assert "ann: own 20, total 6" in project.greet()
    project.change("extra.h", "EXTRA 0", "EXTRA 5")
    project.must_build()
    assert "ann: own 30, total 6" in project.greet()


def test_changes_of_the_table_are_built(project: Project) -> None:
    """In the image, and in the client, which includes the header of the table."""
    total = 'printf("total %lu\\n", (unsigned long)hello_total(&hello));'
    project.change("client.c", total, 'printf("step %d\\n", (int)HELLO_STEP);')
    project.must_build()
    assert "ann: own 6, step 3" in project.greet()
    project.change("hello.tbl", "STEP u32 3", "STEP u32 4")
    project.must_build()
    assert "ann: own 8, step 4" in project.greet()


def test_a_header_may_go(project: Project) -> None:
    """No rule of an earlier build misses it."""
    (project.folder / "extra.h").write_text("")
    include = '_module.h"\n#include "extra.h"'
    project.change("greet.cc", '_module.h"', include)
    project.must_build()
    (project.folder / "extra.h").unlink()
    project.change("greet.cc", include, '_module.h"')
    project.must_build()
    assert project.greet() == GREETED


FAULTS = {
    "source": ("greet.cc", "own->sum +=", "own->nothing +="),
    "table": ("hello.tbl", "shared total u64", "shared total u65"),
    "module": ("hello.tbl", "module hello", "module 7hello"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_old_image_stays_after_a_failure(project: Project, fault: str) -> None:
    name, before, after = FAULTS[fault]
    project.must_build()
    project.change(name, before, after)
    assert project.build().returncode != 0
    assert not project.image.exists()
    project.change(name, after, before)
    project.must_build()
    assert project.greet() == GREETED


def test_make_and_cmake_pass_options(project: Project) -> None:
    """Constants, and options for the compiler; vdsox_module_call.h is found."""
    project.change(
        "greet.cc", '_module.h"', '_module.h"\n#include <vdsox_module_call.h>'
    )
    if project.kind == "make":
        flags = "hello-module-flags := -D STEP=5\nhello-module-cflags := -DMORE=2\n"
        project.change("Makefile", "\nall:", f"\n{flags}all:")
    else:
        flags = "SOURCES greet.cc DEFINITIONS STEP=5 OPTIONS -DMORE=2"
        project.change("CMakeLists.txt", "SOURCES greet.cc", flags)
    project.change("greet.cc", "own->sum += HELLO_STEP;", "own->sum += MORE;")
    project.must_build()
    assert "ann: own 4, total 10" in project.greet()
