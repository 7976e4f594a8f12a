# SPDX-License-Identifier: GPL-2.0
"""Write the series as mails for `git am`; repeated runs write the same bytes."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Mapping, Optional

from harness import bases, patcher, procs, source, stage
from harness.context import Context
from harness.errors import Fault
from harness.patcher import Plan
from harness.stage import Content

COVER = "0000-cover"
FIXED = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
    "TZ": "UTC",
}


def _identity(repo: Path) -> dict[str, str]:
    """git's environment for the author from its configuration and the date of HEAD."""
    command = ["git", "-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"]
    try:
        ident = procs.capture(command, "git", cwd=repo)
    except Fault:
        raise Fault(
            "git has no author for the series: run git config user.name NAME and"
            " git config user.email ADDRESS"
        ) from None
    match = re.match(r"(.*) <(.*)> \d+ [+-]\d+", ident.strip())
    if not match:
        raise Fault(f"git: cannot read the identity '{ident.strip()}'")
    when = procs.capture(["git", "log", "-1", "--format=%ct +0000"], "git", cwd=repo)
    values = {}
    for role in ("AUTHOR", "COMMITTER"):
        values[f"GIT_{role}_NAME"], values[f"GIT_{role}_EMAIL"] = match[1], match[2]
        values[f"GIT_{role}_DATE"] = when.strip()
    return values


def _message(path: Path) -> str:
    try:
        text = path.read_text().strip()
    except OSError as error:
        raise Fault(
            f"{path}: {error.strerror}: expected the commit message of a patch"
        ) from None
    if not text:
        raise Fault(f"{path}:1: the commit message is empty")
    return text + "\n"


class Scratch:
    """A git repository of only the files that the series changes."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder, self.env = folder, {**FIXED, **env}
        self.git("init", "-q", "-b", "series")

    def git(self, *args: str) -> str:
        """Standard output of a git command; Fault if it fails."""
        return procs.capture(
            ["git", *args], f"git {args[0]}", cwd=self.folder, env=self.env
        )

    def commit(self, files: Mapping[str, Optional[Content]], message: str) -> None:
        """Write the files that are not None and commit everything."""
        for name, content in files.items():
            if content is not None:
                stage.put(self.folder / name, content)
        self.git("add", "-A", "-f")
        path = self.folder / ".git" / "message"
        path.write_text(message)
        self.git("commit", "-q", "--allow-empty", "-F", str(path))


def _format(scratch: Scratch, plan: Plan, cover: str, output: Path) -> list[Path]:
    scratch.commit(plan.before, "base\n")
    scratch.git("tag", "base")
    for step in plan.steps:
        scratch.commit(step.after, _message(step.patch.message))
    written = scratch.git(
        "format-patch",
        "--cover-letter",
        "--zero-commit",
        "--no-signature",
        "--numbered",
        "-o",
        str(output),
        "base..series",
    )
    paths = [Path(line) for line in written.splitlines()]
    subject, _, body = cover.partition("\n")
    text = paths[0].read_text()
    text = text.replace("*** SUBJECT HERE ***", subject.strip())
    paths[0].write_text(text.replace("*** BLURB HERE ***", body.strip()))
    return paths


def _set_date(path: Path, env: Mapping[str, str]) -> None:
    """Replace the cover letter's date, the current time, by the series' date."""
    seconds = int(env["GIT_AUTHOR_DATE"].split()[0])
    import email.utils

    date = email.utils.formatdate(seconds)
    text = re.sub(r"^Date: .*$", f"Date: {date}", path.read_text(), 1, re.MULTILINE)
    path.write_text(text)


def write(ctx: Context, base_name: Optional[str], output: Optional[Path]) -> list[Path]:
    """Write the mails of a base's series; returns their paths, cover letter first.
    Fault if git has no author or a message is missing."""
    base = bases.load(ctx.repo, base_name)
    env = _identity(ctx.repo)
    cover = _message(base.message(COVER))
    tree = source.package_tree(ctx, base)
    return write_from(base, tree, env, cover, output or ctx.out / "series" / base.name)


def write_from(
    base: bases.Base, tree: Path, env: Mapping[str, str], cover: str, output: Path
) -> list[Path]:
    """The same against a given tree, patched or not. Replaces the mails in `output`."""
    old = patcher.originals(tree) if patcher.load_state(tree) is not None else {}

    def origin(name: str) -> Optional[Content]:
        return old[name] if name in old else stage.read(tree, name)

    plan = patcher.plan(base, tree, origin)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vdsox-") as temporary:
        fresh = Path(temporary) / "mails"
        scratch_folder = Path(temporary) / "tree"
        scratch_folder.mkdir()
        mails = _format(Scratch(scratch_folder, env), plan, cover, fresh)
        _set_date(mails[0], env)
        for stale in output.glob("[0-9][0-9][0-9][0-9]-*.patch"):
            stale.unlink()
        return [Path(shutil.copy(mail, output / mail.name)) for mail in mails]
