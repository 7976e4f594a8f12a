# SPDX-License-Identifier: GPL-2.0
"""The series: git am takes it, and repeating it gives the same bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import bases, mailseries, patcher, source, stage
from harness.context import REPO
from harness.errors import Fault
from fixtures import snapshot
from suites import offered

IDENTITY = {
    "GIT_AUTHOR_NAME": "Sample Author",
    "GIT_AUTHOR_EMAIL": "sample@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_NAME": "Sample Author",
    "GIT_COMMITTER_EMAIL": "sample@example.org",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
}


def git(folder: Path, *args: object) -> str:
    identity = ["-c", "user.name=Other", "-c", "user.email=other@example.org"]
    done = subprocess.run(
        ["git", *identity, *(str(arg) for arg in args)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(repo: Path, tree: Path, output: Path) -> list[Path]:
    base = bases.load(repo, "6.12")
    cover = mailseries._message(base.message(mailseries.COVER))
    return mailseries.write_from(base, tree, IDENTITY, cover, output)


def test_same_bytes_when_repeated(sample_repo, sample_tree, tmp_path) -> None:
    first = write(sample_repo, sample_tree, tmp_path / "one")
    write(sample_repo, sample_tree, tmp_path / "two")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert [path.name[:4] for path in first] == ["0000", "0001", "0002", "0003"]
    patcher.sync(bases.load(sample_repo, "6.12"), sample_tree)
    write(sample_repo, sample_tree, tmp_path / "three")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "three")


def test_mails_are_complete(sample_repo, sample_tree, tmp_path) -> None:
    mails = [
        path.read_text() for path in write(sample_repo, sample_tree, tmp_path / "out")
    ]
    assert "Subject: [PATCH 0/3] sample: the whole" in mails[0]
    assert "Why it is done." in mails[0] and "*** " not in mails[0]
    assert "Subject: [PATCH 2/3] entry: one more" in mails[2]
    for mail in mails:
        assert "From: Sample Author <sample@example.org>" in mail
        assert "Date: Tue, 14 Nov 2023" in mail
        assert "Signed-off-by" not in mail


def test_git_am_gives_the_applied_tree(sample_repo, sample_tree, tmp_path) -> None:
    mails = write(sample_repo, sample_tree, tmp_path / "mails")
    git(sample_tree, "init", "-q")
    git(sample_tree, "add", "-A")
    git(sample_tree, "commit", "-q", "-m", "base")
    git(sample_tree, "am", "-q", *mails[1:])
    mailed = snapshot(sample_tree)
    git(sample_tree, "reset", "-q", "--hard", "HEAD~3")
    patcher.apply(sample_repo, sample_tree)
    (sample_tree / patcher.STATE).unlink()
    assert snapshot(sample_tree) == mailed


def test_stale_mails_go(sample_repo, sample_tree, tmp_path) -> None:
    output = tmp_path / "mails"
    output.mkdir()
    (output / "0009-old.patch").write_text("old")
    (output / "notes.txt").write_text("mine")
    write(sample_repo, sample_tree, output)
    assert not (output / "0009-old.patch").exists()
    assert (output / "notes.txt").exists()


def test_missing_message(sample_repo, sample_tree, tmp_path) -> None:
    (sample_repo / "patches/6.12/messages/0002-entry.txt").unlink()
    with pytest.raises(Fault, match="0002-entry.txt"):
        write(sample_repo, sample_tree, tmp_path / "mails")


def test_message_of_all_bases(sample_repo, sample_tree, tmp_path) -> None:
    """One of the base's own has precedence."""
    shared = sample_repo / "patches" / "messages"
    shared.mkdir()
    for topic in ("core", "entry"):
        (shared / f"{topic}.txt").write_text(f"shared: {topic}\n\nIt must.\n")
    (sample_repo / "patches/6.12/messages/0002-entry.txt").unlink()
    write(sample_repo, sample_tree, tmp_path / "mails")
    names = sorted(path.name for path in (tmp_path / "mails").iterdir())
    assert "0001-core-count-to-ten.patch" in names
    assert "0002-shared-entry.patch" in names


def test_identity_comes_from_git(sample_repo, monkeypatch, tmp_path) -> None:
    for name in IDENTITY:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    git(sample_repo, "init", "-q")
    git(sample_repo, "commit", "-q", "--allow-empty", "-m", "first")
    with pytest.raises(Fault, match="git config user.name"):
        mailseries._identity(sample_repo)
    git(sample_repo, "config", "user.name", "Ann Author")
    git(sample_repo, "config", "user.email", "ann@example.org")
    found = mailseries._identity(sample_repo)
    assert found["GIT_AUTHOR_NAME"] == "Ann Author"
    when = git(sample_repo, "log", "-1", "--format=%ct").strip()
    assert found["GIT_COMMITTER_DATE"] == f"{when} +0000"


@pytest.mark.guest
@pytest.mark.parametrize("base", bases.all_bases(REPO), ids=lambda base: base.name)
def test_git_am_on_the_real_tree(ctx, cells, base, tmp_path) -> None:
    """Our own series on the files of the real release that it touches."""
    if base.name == bases.default_name(REPO):
        tree = cells.source().tree
    else:
        log = tmp_path / "log"
        newest = offered(ctx, base, log)[0]
        tree = source.extract(ctx, base, newest, tmp_path / "tree", log)
        patcher.apply(REPO, tree)
    before = patcher.originals(tree)
    scratch = tmp_path / "linux"
    for name, content in before.items():
        if content is not None:
            stage.put(scratch / name, content)
    git(scratch, "init", "-q")
    git(scratch, "add", "-A", "-f")
    git(scratch, "commit", "-q", "-m", "base")
    cover = mailseries._message(base.message(mailseries.COVER))
    output = tmp_path / "mails"
    mails = mailseries.write_from(base, tree, IDENTITY, cover, output)
    done = git(scratch, "am", "--whitespace=error-all", *mails[1:])
    assert done.count("Applying: ") == len(mails) - 1
    for name in before:
        assert stage.read(scratch, name) == stage.read(tree, name)
