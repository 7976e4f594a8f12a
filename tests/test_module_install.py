# SPDX-License-Identifier: GPL-2.0
"""The examples of modules, built from an installation with make and with CMake."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

from harness import procs
from library import FOLDER, NATIVE, Library, build_library, output, require, run
from modules import EXAMPLES
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

    def run(self, name: str, *words: object) -> str:
        return output(self.out / name, *words, env=self.env)

    def greet(self) -> str:
        client = "hello" if self.kind == "make" else "client"
        return self.run(client, self.image, "ann", "bob")

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


@pytest.fixture(name="copy", params=KINDS)
def fixture_copy(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path
) -> Callable[[str], Project]:
    """Copies an example and configures it for one of the build systems."""

    def copy(example: str) -> Project:
        folder = tmp_path / example
        shutil.copytree(EXAMPLES / example, folder)
        project = Project(request.param, folder, root)
        if project.kind == "Ninja":
            require("ninja")
        project.configure()
        return project

    return copy


@pytest.fixture(name="project")
def fixture_project(copy: Callable[[str], Project]) -> Project:
    return copy("hello")


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


def test_another_name_than_the_module_has(project: Project) -> None:
    project.change("hello.tbl", "module hello", "module hullo")
    done = project.build()
    assert done.returncode != 0
    wanted = "hello.tbl: the module's name is hullo, not hello"
    assert wanted in done.stdout + done.stderr


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


class Daemon:
    """flagsd, whose standard input takes changes."""

    def __init__(self, project: Project, image: Path, place: Path) -> None:
        self.place = place
        self._process = subprocess.Popen(
            [project.out / "flagsd", image, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=project.env,
            text=True,
        )

    def __enter__(self) -> "Daemon":
        assert self.say("off 0") == "ok"  # it listens
        return self

    def say(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip()

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0 and not self.place.exists()


@pytest.fixture(name="flags")
def fixture_flags(
    copy: Callable[[str], Project], tmp_path: Path
) -> Iterator[tuple[Project, Daemon]]:
    project = copy("flags")
    project.must_build()
    image = project.out / "flags.module" / "flags.vdso"
    with Daemon(project, image, tmp_path / "socket") as daemon:
        yield project, daemon


def test_clients_see_flags(flags: tuple[Project, Daemon]) -> None:
    project, daemon = flags
    seen = project.run("flagsc", daemon.place, "7")
    assert re.fullmatch(r"flag 7: off\n0 requests: .* s\na read: [0-9.]+ ns\n", seen)
    assert daemon.say("on 7") == "ok"
    assert project.run("flagsc", daemon.place, "7").startswith("flag 7: on\n")
    assert project.run("flagsc", daemon.place, "8").startswith("flag 8: off\n")


def seconds_of_requests(project: Project, daemon: Daemon, count: int) -> float:
    found = re.search(
        rf"^{count} requests: ([0-9.]+) s$",
        project.run("flagsc", daemon.place, "0", count),
        re.M,
    )
    assert found
    return float(found[1])


def test_clients_keep_to_the_limit(flags: tuple[Project, Daemon]) -> None:
    """No faster than the rate; and at once as many as may be, which would take 1000
    seconds by the rate alone."""
    project, daemon = flags
    assert daemon.say("limit 1000 10") == "ok"
    assert seconds_of_requests(project, daemon, 510) >= 0.5
    assert daemon.say("limit 1 1000") == "ok"
    assert seconds_of_requests(project, daemon, 1000) < 990


def test_client_that_waits_sees_a_change(flags: tuple[Project, Daemon]) -> None:
    project, daemon = flags
    words = [project.out / "flagsc", daemon.place, "0", "5"]
    with procs.running(words, stdout=subprocess.PIPE, env=project.env) as client:
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(0.5)
        assert daemon.say("limit 1000 5") == "ok"
        assert client.wait(60) == 0


def test_daemon_explains_what_it_refuses(flags: tuple[Project, Daemon]) -> None:
    _, daemon = flags
    assert daemon.say("on 256") == "Invalid argument"
    assert daemon.say("limit 5") == daemon.say("on") == "not understood"


def test_messages_go_back_and_forth(copy: Callable[[str], Project]) -> None:
    """With the queue that comes with vdsox."""
    project = copy("pingpong")
    project.must_build()
    image = project.out / "vqueue.module" / "vqueue.vdso"
    text = project.run("pingpong", image, "1000")
    pattern = r"1000 rounds, [0-9.]+ us each\nkilled: no answer\n"
    assert re.fullmatch(pattern, text), text


def test_unknown_module_without_a_table(project: Project) -> None:
    if project.kind == "make":
        project.change("Makefile", "hello,hello.tbl,greet.cc", "hello")
        assert "hello does not come with vdsox" in project.build().stderr
        return
    project.change("CMakeLists.txt", "TABLE hello.tbl SOURCES greet.cc", "")
    done = project.build()
    assert done.returncode != 0
    assert "TABLE and SOURCES are needed" in done.stdout + done.stderr
