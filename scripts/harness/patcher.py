# SPDX-License-Identifier: GPL-2.0
"""Apply the series to a kernel tree, its new files and hunks, and undo it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

from harness import ktree, procs, stage
from harness.bases import Base, Patch
from harness.errors import Fault
from harness.stage import Content

STATE = ".vdsox-applied.json"
Reader = Callable[[str], Optional[Content]]


@dataclass
class Step:
    """The files as they are after one patch of the series."""

    patch: Patch
    after: dict[str, Content] = field(default_factory=dict)


@dataclass
class Plan:
    """The files in which a patched tree differs, before and after.

    before: None for a file that the series creates
    """

    base: Base
    steps: list[Step]
    before: dict[str, Optional[Content]]

    @property
    def after(self) -> dict[str, Content]:
        """The files as they are after the whole series."""
        merged: dict[str, Content] = {}
        for step in self.steps:
            merged.update(step.after)
        return merged

    @property
    def hunk_texts(self) -> list[str]:
        """The patch files in the order of the series."""
        return [s.patch.hunks.read_text() for s in self.steps if s.patch.hunks]

    def state(self) -> Content:
        """Content of STATE, from which unapply restores the tree exactly."""
        files = {
            name: {"before": digest(self.before[name]), "after": digest(content)}
            for name, content in sorted(self.after.items())
        }
        value = {"base": self.base.name, "files": files, "hunks": self.hunk_texts}
        return Content((json.dumps(value, indent=1) + "\n").encode())


def digest(content: Optional[Content]) -> Optional[str]:
    """SHA-256 of a file's data; None for no file."""
    return hashlib.sha256(content.data).hexdigest() if content else None


def touched(text: str, name: str) -> list[str]:
    """The files that a patch changes. Fault, with the patch's `name`, if it creates or
    removes a file or has no hunk."""
    files = []
    pairs = re.findall(r"^--- (\S+).*\n\+\+\+ (\S+)", text, re.MULTILINE)
    for old, new in pairs:
        if new == "/dev/null":
            raise Fault(f"{name}: removes {old}: a hook patch only changes files")
        if old == "/dev/null":
            raise Fault(f"{name}: creates {new}: a hook patch only changes files")
        files.append(new.split("/", 1)[1])
    if not files:
        raise Fault(f"{name}: has no hunk")
    return files


def run_patch(folder: Path, text: str, reverse: bool = False) -> str:
    """Apply without fuzz; returns patch(1)'s output if it failed, else nothing."""
    command = ["patch", "-p1", "-F0", "-f", "--no-backup-if-mismatch", "-r", "-"]
    command += ["-R"] if reverse else []
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = procs.communicate(command, text=text, cwd=folder, env=env)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@dataclass(frozen=True)
class FailedHunk:
    """A hunk of a file that did not apply; its number counts from 1."""

    file: str
    number: int
    line: int


def failed_hunks(output: str) -> list[FailedHunk]:
    """Those that patch(1) names in its output."""
    found, current = [], ""
    for line in output.splitlines():
        match = re.match(r"(?:patching|checking) file '?([^']+)'?", line)
        current = match[1] if match else current
        match = re.match(r"Hunk #(\d+) (?:FAILED|ignored) at (\d+)", line)
        if match:
            found.append(FailedHunk(current, int(match[1]), int(match[2])))
    return found


def _explain(output: str, tree: object, name: str) -> Fault:
    """The Fault that names the first hunk that did not apply."""
    for bad in failed_hunks(output):
        return Fault(
            f"{tree}/{bad.file}: hunk {bad.number} of {name} does not apply near line"
            f" {bad.line}: restore the base release's version of the file; `vdsox apply"
            " --dry-run` lists all hunks"
        )
    reason = next((ln for ln in output.splitlines() if "can't find" in ln), "")
    return Fault(f"{tree}: {name} does not apply: {reason or output.strip()[-200:]}")


def plan(base: Base, tree: object, reader: Reader) -> Plan:
    """Apply the whole series in a temporary directory; the tree is only read. Fault if
    a hunk does not apply or a new file exists.

    tree: named in the Fault
    reader: returns a file of the tree by its name, None if it does not exist
    """
    before: dict[str, Optional[Content]] = {}
    steps = []
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        folder = Path(temporary)
        for patch in base.patches():
            step = Step(patch)
            _add_files(base, tree, reader, patch, before, step)
            _apply_hunks(folder, tree, reader, patch, before, step)
            steps.append(step)
    return Plan(base, steps, before)


def _add_files(
    base: Base,
    tree: object,
    reader: Reader,
    patch: Patch,
    before: dict[str, Optional[Content]],
    step: Step,
) -> None:
    for name in patch.files:
        path = base.tree_path(name)
        if path in before:
            raise Fault(
                f"{base.folder}/files: {name} lands on {path} as another file does"
            )
        if reader(path) is not None:
            raise Fault(
                f"{tree}/{path}: already exists: the tree is patched already or has"
                " a file of that name; use a clean tree"
            )
        content = stage.read(base.repo, name)
        assert content is not None
        before[path] = None
        step.after[path] = content


def _apply_hunks(
    folder: Path,
    tree: object,
    reader: Reader,
    patch: Patch,
    before: dict[str, Optional[Content]],
    step: Step,
) -> None:
    if patch.hunks is None:
        return
    text = patch.hunks.read_text()
    files = touched(text, patch.hunks.name)
    for name in files:
        if name not in before:
            content = before[name] = reader(name)
            if content is None:
                raise Fault(f"{tree}/{name}: missing; use a complete kernel tree")
            stage.put(folder / name, content)
    complaint = run_patch(folder, text)
    if complaint:
        raise _explain(complaint, tree, patch.hunks.name)
    for name in files:
        content = stage.read(folder, name)
        assert content is not None
        step.after[name] = content


def load_state(tree: Path) -> Optional[dict]:
    """STATE of a patched tree; None if the tree has none. Fault if it is damaged."""
    path = tree / STATE
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text())
        if not isinstance(value["files"], dict) or not isinstance(value["hunks"], list):
            raise ValueError
        return dict(value)
    except (ValueError, KeyError, TypeError):
        raise Fault(f"{path}: is damaged: use a fresh tree") from None


def refuse_patched(tree: Path) -> None:
    """Fault if the tree is patched already."""
    if load_state(tree) is not None:
        raise Fault(
            f"{tree / STATE}: the tree is already patched; run `vdsox unapply` first"
        )


def originals(tree: Path) -> dict[str, Optional[Content]]:
    """The unpatched content of the files of a patched tree, by reverse patching. Fault
    if one of them was changed since."""
    state = load_state(tree)
    if state is None:
        raise Fault(f"{tree / STATE}: missing: this tree was not patched by vdsox")
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        folder = Path(temporary)
        for name, digests in state["files"].items():
            content = stage.read(tree, name)
            if digest(content) != digests["after"]:
                raise Fault(
                    f"{tree / name}: was changed since the tree was patched: revert"
                    " the change or save it elsewhere, then retry"
                )
            assert content is not None
            stage.put(folder / name, content)
        for text in reversed(state["hunks"]):
            complaint = run_patch(folder, text, reverse=True)
            if complaint:
                raise _explain(complaint, tree, "the reversed hook patch")
        return _checked(folder, tree, state["files"])


def _checked(folder: Path, tree: Path, files: dict) -> dict[str, Optional[Content]]:
    found: dict[str, Optional[Content]] = {}
    for name, digests in files.items():
        content = stage.read(folder, name) if digests["before"] else None
        if digest(content) != digests["before"]:
            raise Fault(f"{tree / name}: cannot be restored exactly: use a fresh tree")
        found[name] = content
    return found


def apply(repo: Path, tree: Path, base: Optional[Base] = None) -> list[str]:
    """Patch a clean tree; returns the changed files. A Fault leaves it unchanged.

    base: for a release that no base covers
    """
    base = base or ktree.base_of(repo, tree)
    refuse_patched(tree)
    names = {base.tree_path(f) for p in base.patches() for f in p.files}
    for patch in base.patches():
        if patch.hunks:
            names.update(touched(patch.hunks.read_text(), patch.hunks.name))
    for dirty in ktree.dirty_files(tree, sorted(names)):
        raise Fault(
            f"{tree / dirty}: has changes that are not committed; commit or revert them"
        )
    made = plan(base, tree, lambda name: stage.read(tree, name))
    return stage.commit(tree, {**made.after, STATE: made.state()})


def unapply(tree: Path) -> list[str]:
    """Restore a patched tree exactly; returns the changed files. A Fault leaves the
    tree unchanged."""
    ktree.version_of(tree)
    return stage.commit(tree, {**originals(tree), STATE: None})


def sync(base: Base, tree: Path, reader: Optional[Reader] = None) -> list[str]:
    """Update a tree in the output directory to the current series; writes only files
    that differ and returns them."""
    old = originals(tree) if load_state(tree) is not None else {}

    def origin(name: str) -> Optional[Content]:
        return old[name] if name in old else stage.read(tree, name)

    made = plan(base, tree, reader or origin)
    return stage.commit(tree, {**old, **made.after, STATE: made.state()})
