# SPDX-License-Identifier: GPL-2.0
"""Exit statuses, and the exception that ends a command with one line of text."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Optional

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_FAULT = 2


class Fault(Exception):
    """A usage error, a missing tool or a fault of the harness: exit status 2."""

    def __init__(self, message: str, log: Optional[Path] = None) -> None:
        super().__init__(message)
        self.message = message
        self.log = log

    def line(self) -> str:
        """The message on one line, with the path of the log if there is one."""
        text = " ".join(self.message.split())
        return f"{text}; log: {self.log}" if self.log else text


class Absent(Fault):
    """No suite of the mirrors, and no cache, has what is needed."""


def from_oserror(error: OSError) -> Fault:
    """The Fault for an OSError; a full disk or quota gets advice."""
    name = error.filename or ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({name})" if name else ""
        return Fault(f"the disk is full{where}: free some space or choose --out DIR")
    return Fault(f"{name}: {error.strerror}" if name else str(error))
