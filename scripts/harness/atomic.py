# SPDX-License-Identifier: GPL-2.0
"""Replace a file atomically: a reader sees the old content or the new."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside the file; renamed to it if the block raises nothing."""
    part = path.with_name(f"{path.name}.new")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Replace the file's content. OSError if it cannot be written."""
    with replacing(path) as part:
        part.write_text(text)
