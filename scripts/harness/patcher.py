# SPDX-License-Identifier: GPL-2.0
"""Lay the new files and the hook patches over a kernel tree, and take them off."""

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
from harness.bases import Base, Patch, tree_path
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
    """What a patched tree holds where it differs from the tree it came from."""

    base: Base
    steps: list[Step]
    before: dict[str, Optional[Content]]

    @property
    def after(self) -> dict[str, Content]:
        merged: dict[str, Content] = {}
        for step in self.steps:
            merged.update(step.after)
        return merged

    @property
    def hunk_texts(self) -> list[str]:
        return [s.patch.hunks.read_text() for s in self.steps if s.patch.hunks]

    def state(self) -> Content:
        """The manifest that lets unapply restore the tree exactly."""
        files = {
            name: {"before": digest(self.before[name]), "after": digest(content)}
            for name, content in sorted(self.after.items())
        }
        value = {"base": self.base.name, "files": files, "hunks": self.hunk_texts}
        return Content((json.dumps(value, indent=1) + "\n").encode())


def digest(content: Optional[Content]) -> Optional[str]:
    return hashlib.sha256(content.data).hexdigest() if content else None


def touched(text: str, name: str) -> dict[str, bool]:
    """The files that a patch's hunks go into; true for those that it creates."""
    files = {}
    pairs = re.findall(r"^--- (\S+).*\n\+\+\+ (\S+)", text, re.MULTILINE)
    for old, new in pairs:
        if new == "/dev/null":
            raise Fault(f"{name}: removes {old}, which a hook patch must not do")
        files[new.split("/", 1)[1]] = old == "/dev/null"
    if not files:
        raise Fault(f"{name}: holds no hunk")
    return files


def _run_patch(folder: Path, text: str, reverse: bool = False) -> str:
    """Apply with no fuzz; returns the complaint, empty when all went in."""
    command = ["patch", "-p1", "-F0", "-f", "--no-backup-if-mismatch", "-r", "-"]
    command += ["-R"] if reverse else []
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    done = procs.communicate(command, text=text, cwd=folder, env=env)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _explain(output: str, tree: object, name: str) -> Fault:
    """Name the file and the hunk that did not go in."""
    current = ""
    for line in output.splitlines():
        match = re.match(r"(?:patching|checking) file '?([^']+)'?", line)
        current = match[1] if match else current
        match = re.match(r"Hunk #(\d+) (?:FAILED|ignored) at (\d+)", line)
        if match:
            return Fault(
                f"{tree}/{current}: hunk {match[1]} of {name} does not apply near line"
                f" {match[2]}: restore the file as the base release has it"
            )
    reason = next((ln for ln in output.splitlines() if "can't find" in ln), "")
    return Fault(f"{tree}: {name} does not apply: {reason or output.strip()[-200:]}")


def plan(base: Base, tree: object, reader: Reader) -> Plan:
    """Apply the whole series in a folder of its own; the tree is only read."""
    before: dict[str, Optional[Content]] = {}
    steps = []
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        folder = Path(temporary)
        for patch in base.patches():
            step = Step(patch)
            _lay_files(base, tree, reader, patch, before, step)
            _lay_hunks(folder, tree, reader, patch, before, step)
            steps.append(step)
    return Plan(base, steps, before)


def _lay_files(
    base: Base,
    tree: object,
    reader: Reader,
    patch: Patch,
    before: dict[str, Optional[Content]],
    step: Step,
) -> None:
    for name in patch.files:
        path = tree_path(name, base.name)
        if reader(path) is not None:
            raise Fault(
                f"{tree}/{path}: is already there: the tree is patched already or has"
                " a file of that name; use a clean tree"
            )
        content = stage.read(base.repo, name)
        assert content is not None
        before[path] = None
        step.after[path] = content


def _lay_hunks(
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
    for name, created in files.items():
        if name not in before:
            content = before[name] = reader(name)
            if created and content is not None:
                raise Fault(f"{tree}/{name}: is already there; use a clean tree")
            if not created and content is None:
                raise Fault(f"{tree}/{name}: missing; use a whole kernel tree")
            if content is not None:
                stage.put(folder / name, content)
    complaint = _run_patch(folder, text)
    if complaint:
        raise _explain(complaint, tree, patch.hunks.name)
    for name in files:
        content = stage.read(folder, name)
        assert content is not None
        step.after[name] = content


def load_state(tree: Path) -> Optional[dict]:
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


def originals(tree: Path) -> dict[str, Optional[Content]]:
    """What the files of a patched tree were before, by reverse patching."""
    state = load_state(tree)
    if state is None:
        raise Fault(f"{tree / STATE}: missing: this tree was not patched by vdsox")
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        folder = Path(temporary)
        for name, digests in state["files"].items():
            content = stage.read(tree, name)
            if digest(content) != digests["after"]:
                raise Fault(
                    f"{tree / name}: was changed since the tree was patched: restore"
                    " or move your change away, then try again"
                )
            assert content is not None
            stage.put(folder / name, content)
        for text in reversed(state["hunks"]):
            complaint = _run_patch(folder, text, reverse=True)
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


def apply(repo: Path, tree: Path) -> list[str]:
    """Patch a clean tree; every refusal leaves it untouched."""
    base = ktree.base_of(repo, tree)
    if load_state(tree) is not None:
        raise Fault(
            f"{tree / STATE}: the tree is already patched; run `vdsox unapply` first"
        )
    names = {tree_path(f, base.name) for p in base.patches() for f in p.files}
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
    """Restore a patched tree exactly as it was."""
    ktree.version_of(tree)
    return stage.commit(tree, {**originals(tree), STATE: None})


def sync(base: Base, tree: Path, reader: Optional[Reader] = None) -> list[str]:
    """Bring one of our own trees to the current series, writing only what differs."""
    old = originals(tree) if load_state(tree) is not None else {}

    def origin(name: str) -> Optional[Content]:
        return old[name] if name in old else stage.read(tree, name)

    made = plan(base, tree, reader or origin)
    return stage.commit(tree, {**old, **made.after, STATE: made.state()})
