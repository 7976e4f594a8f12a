# SPDX-License-Identifier: GPL-2.0
"""Fakes of every tool that the harness runs, for complete runs on the sample tree.

Each can block at one step, like a tool that takes long: it writes its PID and that of
a child to a file, and waits. A step leaves an incomplete output file before it blocks.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from conftest import FakeTools
from harness import machine
from fixtures import KERNEL_FILES, lay, vdso

HERE = machine.load(machine.host_arch())
DEB = "linux-sample_6.12.120-1_all.deb"
TEST = {"name": "ids", "abis": [HERE.arch], "cases": {}, "timeout": 5}
MANIFEST = json.dumps({"tests": [TEST]})
KTAP = r"KTAP version 1\n1..1\n# vdsox: begin vdso_task.ids\n"
KTAP += r"# vdsox: took 0.1 vdso_task.ids\nok 1 vdso_task.ids\n# vdsox: end\n"

STOP = """
stop_at() {
	[ "$(cat @FOLDER@/stop-at 2>/dev/null)" = "$1" ] || return 0
	sleep 1000 &
	child=$!
	trap 'rm -f "$half"; kill $child; exit 1' TERM
	echo $$ $child >@FOLDER@/stopped.new
	mv @FOLDER@/stopped.new @FOLDER@/stopped
	wait
}
"""
SCRIPTS = {
    "sudo": 'shift\nexec "$@"\n',
    "dpkg-query": """
[ ! -e @FOLDER@/lacking ] || exit 1
for name; do echo "installed $name"; done
""",
    "dpkg": "rm -f @FOLDER@/dpkg-interrupted\n",
    "apt-cache": 'case "$*" in *madison*) echo "linux-sample | 6.12.120-1 | main";; esac\n',
    "apt-get": """
case "$*" in
*update*) ;;
*install*)
	if [ -e @FOLDER@/dpkg-interrupted ]; then
		echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"
		exit 100
	fi
	touch @FOLDER@/dpkg-interrupted
	stop_at install
	rm @FOLDER@/dpkg-interrupted @FOLDER@/lacking
	;;
*download*)
	echo half >@DEB@
	stop_at download
	echo whole >@DEB@
	;;
esac
""",
    "dpkg-deb": """
[ "$(cat "$2")" = whole ] || exit 1
mkdir -p "$3/usr/src"
stop_at unpack-package
echo x >"$3/usr/src/linux-sample.tar.xz"
""",
    "tar": """
cp -a @TREE@/kernel "$4"
stop_at unpack-tree
cp -a @TREE@/. "$4"
""",
    "rsync": 'stop_at copy\nexec @RSYNC@ "$@"\n',
    "patch": 'stop_at patch\nexec @PATCH@ "$@"\n',
    "make": """
for word; do
	case $word in
	O=*) out=${word#O=} ;;
	INSTALL_PATH=*) tests=${word#INSTALL_PATH=} ;;
	esac
done
case "$*" in
*Makefile.host*)
	mkdir -p "$out"
	cp @FOLDER@/fake-vdsogen "$out/vdsogen"
	;;
*tinyconfig)
	stop_at configure
	echo >"$out/.config"
	;;
*install)
	mkdir -p "$tests/vdso_task"
	stop_at kselftest
	echo test >"$tests/vdso_task/ids"
	;;
*Image)
	half=$out/half.o
	echo half >"$half"
	stop_at build
	rm -f "$half"
	for name in @IMAGE@ @VDSO@.so @VDSO@.so.dbg; do
		mkdir -p "$out/${name%/*}"
		echo built >"$out/$name"
	done
	;;
esac
""",
    "gcc": """
while [ $# -gt 0 ]; do
	case $1 in
	--version) echo "gcc 12" ;;
	-o) echo half >"$2"; stop_at init; echo init >"$2" ;;
	esac
	shift
done
""",
    "fake-vdsogen": """
stop_at generate
for out; do :; done
echo '@MANIFEST@' >"$out"
""",
    HERE.qemu: """
case $1 in
--version) echo "QEMU emulator version 9"; exit ;;
esac
for word; do
	case $word in
	file,id=verdict,path=*) verdict=${word#*path=} ;;
	esac
done
echo "# vdsox: ready" >"$verdict"
case $verdict in
*/kvm-*) stop_at probe ;;
*) stop_at guest ;;
esac
printf '@KTAP@' >>"$verdict"
""",
    # The harness finds /dev/kvm accessible on every machine.
    "python": """
shift 2
exec @PYTHON@ -c '
import os, sys
real = os.access
os.access = lambda path, *rest: path == "/dev/kvm" or real(path, *rest)
from harness.cli import main
sys.exit(main())
' "$@"
""",
}


class StoppingTools:
    """Installs the fakes and sets the step at which one blocks."""

    def __init__(self, tools: FakeTools, tree: Path) -> None:
        self.folder = tools.folder
        lay(tree, KERNEL_FILES)
        words = {
            "FOLDER": self.folder,
            "TREE": tree,
            "DEB": DEB,
            "RSYNC": shutil.which("rsync"),
            "PATCH": shutil.which("patch"),
            "IMAGE": HERE.image,
            "VDSO": vdso(HERE),
            "MANIFEST": MANIFEST,
            "KTAP": KTAP,
            "PYTHON": sys.executable,
        }
        for name, script in SCRIPTS.items():
            text = STOP + script
            for word, value in words.items():
                text = text.replace(f"@{word}@", str(value))
            tools.add(name, text)

    @property
    def python(self) -> Path:
        return self.folder / "python"

    @property
    def stopped(self) -> Path:
        return self.folder / "stopped"

    def stop_at(self, step: str) -> None:
        (self.folder / "stop-at").write_text(f"{step}\n")
        if step == "install":
            (self.folder / "lacking").touch()

    def go_on(self) -> None:
        """Let no tool block from now on."""
        (self.folder / "stop-at").unlink()
        self.stopped.unlink(missing_ok=True)

    def pids(self) -> list[int]:
        """The blocked tool and its child; empty if no tool has blocked yet."""
        if not self.stopped.is_file():
            return []
        return [int(word) for word in self.stopped.read_text().split()]
