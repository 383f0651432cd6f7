"""The compiler under test: builds a changed pipeline in a developer's clone, and pushes what it makes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

from gitops.world import Origin, git

from stand.paths import ROOT
from stand.process import Command

MLP = ROOT / "target/debug/mlp"
PIPELINE = "churn.mlp"

Texts = Mapping[str, str]  # old → new, each old one is there once
Change = Callable[[str, Texts], None]  # of a file, for one scenario


def replaced(path: str, text: str, changes: Texts) -> str:
    """Replace texts in that of a file."""
    for old, new in changes.items():
        if text.count(old) != 1:
            raise LookupError(f"{path} has {old!r} {text.count(old)} times")
        text = text.replace(old, new)
    return text


def rebuild(origin: Origin, changes: Texts, message: str) -> str:
    """Change the pipeline, build, commit, push; gives the commit."""
    git(origin.work, "pull", "--quiet", "--ff-only", "origin", "main")
    path = origin.work / PIPELINE
    path.write_text(replaced(PIPELINE, path.read_text(encoding="utf-8"), changes), encoding="utf-8")
    command: Command = [MLP, "build", "--root", origin.work]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return origin.push({}, message)
