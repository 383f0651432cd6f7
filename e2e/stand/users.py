"""What people do to the code repository: other parameters, other programs, other data, another pipeline."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml
from gitops.world import Origin, git

from stand import s3
from stand.paths import ROOT, UV, python
from stand.process import Command

PARAMS = "params.yaml"
COMPILER = ROOT / "target" / "debug" / "mlp"


def tune(code: Origin, **params: float) -> str:
    """Train with other parameters."""
    known = yaml.safe_load(code.read(PARAMS))
    known["train"].update(params)
    return code.push({PARAMS: yaml.safe_dump(known)}, f"Train with {params}")


def edit(code: Origin, path: str, old: str, new: str) -> str:
    """Replace a piece of a program of theirs."""
    text = code.read(path)
    if text.count(old) != 1:
        raise LookupError(f"{path} has {text.count(old)} times {old!r}")
    return code.push({path: text.replace(old, new)}, f"Edit {path}")


def compile_pipeline(code: Origin, old: str, new: str) -> str:
    """Change the pipeline and commit what the compiler makes of it."""
    text = code.read("churn.mlp")
    if text.count(old) != 1:
        raise LookupError(f"churn.mlp has {text.count(old)} times {old!r}")
    (code.work / "churn.mlp").write_text(text.replace(old, new))
    subprocess.run([COMPILER, "build", "--root", code.work], check=True, capture_output=True, text=True)
    return code.push({}, "Change the pipeline")


def push_data(code: Origin, environment: Path) -> str:
    """Make the data anew with the repository's own script, and push it with DVC."""
    subprocess.run([python("stand"), "scripts/make_data.py"], cwd=code.work, check=True)
    project: Command = [UV / "uv", "run", "--quiet", "--offline", "--project", ".github/mlp", "--locked", "--only-group", "data"]
    env = {**os.environ, **s3.CREDENTIALS, "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON": str(python("stand"))}
    for command in (["add", "--quiet", "data/churn.csv"], ["push", "--quiet"]):
        subprocess.run([*project, "dvc", *command], cwd=code.work, env=env, check=True)
    return code.push({}, "Other data")


def restore(code: Origin, commit: str) -> None:
    """Set every file back to what it was at a commit."""
    git(code.work, "read-tree", "-u", "--reset", commit)
    code.push({}, "Back to the start")
