# SPDX-License-Identifier: GPL-2.0
"""Change several files of a tree: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional

from harness import interrupt


@dataclass(frozen=True)
class Content:
    """A file's data, and whether it is executable."""

    data: bytes
    executable: bool = False


Changes = Mapping[str, Optional[Content]]


def read(tree: Path, name: str) -> Optional[Content]:
    """A file of the tree; None if there is none."""
    path = tree / name
    if not path.is_file():
        return None
    return Content(path.read_bytes(), os.access(path, os.X_OK))


def put(path: Path, content: Content) -> None:
    """Write a file and create its directories. OSError if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.data)
    path.chmod(0o755 if content.executable else 0o644)


def commit(tree: Path, changes: Changes) -> list[str]:
    """Make the changes (None removes a file) and return the files that differed.

    All new files are written to a directory within the tree first: a full disk raises
    OSError before any file of the tree has changed. A later failure is undone. Signals
    are deferred to the end.
    """
    with interrupt.hold():
        return _commit(tree, changes)


def _commit(tree: Path, changes: Changes) -> list[str]:
    wanted = {n: c for n, c in changes.items() if read(tree, n) != c}
    if not wanted:
        return []
    stage = Path(tempfile.mkdtemp(prefix=".vdsox-stage-", dir=tree))
    done: list[str] = []
    try:
        for name, content in wanted.items():
            if content is not None:
                put(stage / "new" / name, content)
        for name, content in wanted.items():
            done.append(name)
            _swap(tree, stage, name, content is not None)
    except BaseException:
        for name in reversed(done):
            _restore(tree, stage, name)
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    _prune(tree, [name for name, content in wanted.items() if content is None])
    return sorted(wanted)


def _swap(tree: Path, stage: Path, name: str, has_new: bool) -> None:
    target, old = tree / name, stage / "old" / name
    if target.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        os.rename(target, old)
    if has_new:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(stage / "new" / name, target)


def _restore(tree: Path, stage: Path, name: str) -> None:
    target, old = tree / name, stage / "old" / name
    if old.exists():
        os.replace(old, target)
    elif not (stage / "new" / name).exists():
        target.unlink(missing_ok=True)
        _prune(tree, [name])


def _prune(tree: Path, names: list[str]) -> None:
    """Remove the directories that removed files leave empty."""
    for name in names:
        folder = (tree / name).parent
        while folder != tree:
            try:
                folder.rmdir()
            except OSError:
                break
            folder = folder.parent
