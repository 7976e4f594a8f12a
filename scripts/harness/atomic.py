# SPDX-License-Identifier: GPL-2.0
"""Replace a file as a whole: a reader sees the old content or the new."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside the file, which becomes the file if the block succeeds."""
    part = path.with_name(f"{path.name}.new")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text)
