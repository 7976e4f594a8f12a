# SPDX-License-Identifier: GPL-2.0
"""gdb: stop in every new entry, step out of it, and unwind to main() at each step."""

import os

import gdb

LIMIT = 300
RANGE = "info proc mappings"


def image() -> range:
    for line in gdb.execute(RANGE, to_string=True).splitlines():
        if line.endswith("[vdso]"):
            begin, end = line.split()[:2]
            return range(int(begin, 16), int(end, 16))
    raise SystemExit("no [vdso]")


def callers() -> list:
    frame, names = gdb.newest_frame(), []
    while frame is not None:
        names.append(frame.name())
        frame = frame.older()
    return names


def step_out(entry: str, inside: range) -> int:
    """The number of instructions up to the caller; each must unwind to main()."""
    for count in range(1, LIMIT):
        assert "main" in callers(), f"{entry}+{count}: no main in {callers()}"
        gdb.execute("stepi", to_string=True)
        if gdb.newest_frame().pc() not in inside:
            return count
    raise AssertionError(f"{entry}: no end after {LIMIT} instructions")


def main() -> None:
    with open(os.path.join(os.environ["PYTHONPATH"], "records")) as names:
        entries = names.read().split()
    gdb.execute("break main", to_string=True)
    gdb.execute("run", to_string=True)
    inside = image()
    for entry in entries:
        stop = gdb.Breakpoint(entry)
        gdb.execute("continue", to_string=True)
        frame = gdb.newest_frame()
        assert frame.name() == entry and frame.pc() in inside, frame.name()
        stop.delete()
        print(f"{entry}: {step_out(entry, inside)} instructions")
    gdb.execute("continue", to_string=True)
    status = gdb.parse_and_eval("$_exitcode")
    assert int(status) == 0, f"it exits with {status}"


try:
    main()
except BaseException as error:
    print(f"{type(error).__name__}: {error}")
    gdb.execute("kill", to_string=True)
    gdb.execute("quit 1")
