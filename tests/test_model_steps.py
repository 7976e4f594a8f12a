# SPDX-License-Identifier: GPL-2.0
"""The kernel takes the steps that the models of Documentation/models/ take.

Each step is removed, moved and left without its marker, in the kernel and in the models:
the comparison must find that.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import model_steps
from harness.context import REPO
from model_steps import Kernel, Mark, differences, group, marks

KERNEL = Kernel(REPO)
MODELS = model_steps.models_of(REPO)
SOURCES = [
    path
    for folder in model_steps.KERNEL
    for path in sorted((REPO / folder).rglob("*.[ch]"))
    if marks(path.read_text(), "model")
]
PARTS = sorted((REPO / model_steps.MODELS).glob("*.pml"))


def test_the_kernel_does_what_the_model_does() -> None:
    """Fails if the kernel moves a step or loses a barrier: the model must follow."""
    assert differences(KERNEL, MODELS) == []


# Edits of a text at a marker.


def without_name(text: str, mark: Mark, name: str) -> str:
    block = text[mark.start : mark.end]
    if mark.names == [name]:
        block = re.sub(r"/\* (model|kernel): .*?\*/", "", block)
    else:
        block = re.sub(rf" {re.escape(name)}(?=[ ,])", "", block)
    return text[: mark.start] + block + text[mark.end :]


def without_step(text: str, mark: Mark, _name: str) -> str:
    return text[: mark.start] + text[mark.end :]


def without_statement(text: str, mark: Mark, _name: str) -> str:
    comment = re.search(r"/\* (model|kernel): .*?\*/", text[mark.start : mark.end])
    return text[: mark.start] + comment[0] + text[mark.end :]


def twice(text: str, mark: Mark, _name: str) -> str:
    block = text[mark.start : mark.end]
    return f"{text[: mark.end]}\n{block}{text[mark.end :]}"


def neighbour(text: str, mark: Mark, name: str) -> Mark | None:
    """The marker of another step in the group of this one."""
    word = re.match(r".*?/\* (model|kernel):", text[mark.start :], re.S)[1]
    near = [
        other
        for other in marks(text, word)
        if name not in other.names and group(name) in map(group, other.names)
    ]
    return min(near, key=lambda other: abs(other.start - mark.start), default=None)


def exchanged(text: str, mark: Mark, other: Mark, what: str) -> str:
    """The text with what matches in the two blocks exchanged."""
    first, last = sorted((mark, other), key=lambda one: one.start)
    blocks = [text[one.start : one.end] for one in (first, last)]
    parts = [re.search(what, block, re.S)[0] for block in blocks]
    blocks = [
        block.replace(here, there, 1)
        for block, here, there in zip(blocks, parts, reversed(parts))
    ]
    middle = text[first.end : last.start]
    return text[: first.start] + blocks[0] + middle + blocks[1] + text[last.end :]


def swapped(text: str, mark: Mark, name: str) -> str:
    """The step changes places with another one of its group, if they are not one."""
    other = neighbour(text, mark, name)
    if other:
        return exchanged(text, mark, other, r".+")
    return renamed(text, mark, name)


def marker_moved(text: str, mark: Mark, name: str) -> str:
    """The statement stays where it is."""
    other = neighbour(text, mark, name)
    if other:
        return exchanged(text, mark, other, r"/\* (model|kernel): .*?\*/")
    return renamed(text, mark, name)


def renamed(text: str, mark: Mark, name: str) -> str:
    """Another name in its group: it changes places with the comment's next, if any."""
    after = mark.names[mark.names.index(name) + 1 :]
    same = [other for other in after if group(other) == group(name)]
    next_name = [*same, group(name) + ".other"][0]
    block = text[mark.start : mark.end].replace(name, "\0", 1)
    block = block.replace(next_name, name, 1).replace("\0", next_name, 1)
    return text[: mark.start] + block + text[mark.end :]


EDITS = [
    without_name,
    without_step,
    without_statement,
    twice,
    swapped,
    marker_moved,
    renamed,
]


def places(paths: list[Path], word: str) -> list:
    """Each name at each place."""
    return [
        pytest.param(path, mark, name, id=f"{path.name}-{name}-{number}")
        for path in paths
        for number, mark in enumerate(marks(path.read_text(), word))
        for name in mark.names
    ]


def copy(paths: list[Path], folder: Path) -> None:
    for path in paths:
        target = folder / path.relative_to(REPO)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


@pytest.fixture(name="kernel", scope="module")
def fixture_kernel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kernel")
    copy(SOURCES, folder)
    return folder


@pytest.fixture(name="models", scope="module")
def fixture_models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    copy(PARTS, folder)
    return folder


def found_after(path: Path, text: str, root: Path, edited: str) -> list[str]:
    """The differences with the file as edited."""
    assert edited != text
    target = root / path.relative_to(REPO)
    target.write_text(edited)
    try:
        if path.suffix == ".pml":
            return differences(KERNEL, model_steps.models_of(root))
        return differences(Kernel(root), MODELS)
    finally:
        target.write_text(text)


def find_edits(root: Path, path: Path, mark: Mark, name: str) -> None:
    """Each edit of a step is found, by the name of its group."""
    text = path.read_text()
    for edit in EDITS:
        found = found_after(path, text, root, edit(text, mark, name))
        assert any(group(name) + "." in fault for fault in found), edit.__name__


@pytest.mark.parametrize("path, mark, name", places(SOURCES, "model"))
def test_edit_of_the_kernel(kernel: Path, path: Path, mark: Mark, name: str) -> None:
    find_edits(kernel, path, mark, name)


@pytest.mark.parametrize("path, mark, name", places(PARTS, "kernel"))
def test_edit_of_a_model(models: Path, path: Path, mark: Mark, name: str) -> None:
    find_edits(models, path, mark, name)


# Other edits: file, text, what replaces it, a part of the message.
INVALIDATE, REFRESH = "kernel/vdso/invalidate.c", "kernel/vdso/refresh.c"
WRITER = "Documentation/models/invalidate.pml"
READER = "Documentation/models/reader.pml"
OTHERS = {
    "weaker-barrier": (
        INVALIDATE,
        "smp_mb();\t/* model: begin.A",
        "smp_wmb();\t/* model: begin.A",
        "begin.A: not the statement",
    ),
    "one-more-barrier": (
        INVALIDATE,
        "rcu_read_lock();\n\trecord",
        "smp_mb();\n\trecord",
        "a barrier is no step",
    ),
    "in-another-function": (
        REFRESH,
        "\tcompute(answers, clocks);\t/* model: store.compute */",
        "}\n\nstatic void later(void)\n{\n"
        "\tcompute(answers, clocks);\t/* model: store.compute */",
        "store is another function, too",
    ),
    "in-no-function": (
        INVALIDATE,
        "/* By words:",
        "static int a = smp_mb();\t/* model: begin.A */\n\n/* By words:",
        "outside of a function",
    ),
    "no-name": (INVALIDATE, "model: end.C,", "model: C,", "name no step"),
    "no-name-in-the-model": (WRITER, "kernel: end.C", "kernel: C", "name no step"),
    "never-called": (
        WRITER,
        "/* kernel: begin.A */\n\t   zero_answer();",
        "/* kernel: begin.A */",
        "begin.zero: in no process",
    ),
    "only-in-a-defect": (
        READER,
        "#if !defined(BROKEN_NO_RECHECK)",
        "#if defined(BROKEN_NO_RECHECK)",
        "in no variant without a defect",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_edit(kernel: Path, models: Path, name: str) -> None:
    place, before, after, message = OTHERS[name]
    path = REPO / place
    text = path.read_text()
    assert text.count(before) == 1
    root = models if path.suffix == ".pml" else kernel
    found = found_after(path, text, root, text.replace(before, after))
    assert any(message in fault for fault in found), found
