"""The code repository and the GitOps repository, bare, below one directory."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from gitops.world import Origin, git

from stand.names import CODE, GITOPS, app_token
from stand.paths import EXAMPLE

TOKENS = {app_token("write"): "write", app_token("read"): "read"}
# What a checkout of the example does not have.
LOCAL = shutil.ignore_patterns(".venv", "__pycache__", ".*_cache", "churn.csv", "features.parquet", "tmp", "cache")


def make(root: Path, name: str, files: Path | None = None) -> Origin:
    """Create a repository with a first commit: a copy of `files`, or a README."""
    url, work = root / f"{name}.git", root / "work" / name
    url.parent.mkdir(parents=True, exist_ok=True)
    work.parent.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(url))
    git(url, "config", "uploadpack.allowFilter", "true")
    git(root, "clone", "--quiet", str(url), str(work))
    git(work, "checkout", "--quiet", "-b", "main")
    if files:
        shutil.copytree(files, work, dirs_exist_ok=True, ignore=LOCAL)
    else:
        (work / "README.md").write_text("What runs in the cluster.\n")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Start")
    git(work, "push", "--quiet", "origin", "main")
    return Origin(url, work)


def make_both(root: Path) -> dict[str, Origin]:
    """The example's code as compiled, and a GitOps repository that knows nothing of it."""
    return {CODE: make(root, CODE, EXAMPLE), GITOPS: make(root, GITOPS)}


def attach(origin: Origin) -> None:
    """Point a developer's clone at its repository, which may have come from another place."""
    git(origin.work, "remote", "set-url", "origin", str(origin.url))


def trailers(origin: Origin, commit: str = "main") -> Mapping[str, str]:
    """The trailers of a commit."""
    text = git(origin.url, "log", "-1", "--format=%(trailers:only,unfold)", commit)
    return dict(line.split(": ", 1) for line in text.splitlines() if line)
