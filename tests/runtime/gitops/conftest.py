"""Fixtures: a real origin, the scripts as steps of a job, the compiled tree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gitops_world import RUNTIME, TREE, Origin, Result, Script, git, step_env


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    url, work = tmp_path / "origin.git", tmp_path / "developer"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(url))
    git(url, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", str(url), str(work))
    (work / "README.md").write_text("The GitOps repository.\n")
    git(work, "checkout", "--quiet", "-b", "main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Start")
    git(work, "push", "--quiet", "origin", "main")
    return Origin(url, work)


@pytest.fixture
def script(tmp_path: Path, origin: Origin) -> Script:
    """Run a script as a step of a job: config, environment, outputs, summary."""
    code = tmp_path / "code"
    code.mkdir()

    def call(name: str, config: Mapping[str, Any], env: Mapping[str, str], *arguments: str) -> Result:
        files = {v: tmp_path / v for v in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        done = subprocess.run(
            [sys.executable, str(RUNTIME / f"{name}.py"), *arguments],
            cwd=code,
            env=step_env(origin) | {v: str(p) for v, p in files.items()} | {"MLP_CONFIG": json.dumps(config)} | dict(env),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        outputs = dict(re.findall(r"^(\w+)<<(?:mlp-\w+)\n(.*)\nmlp-", files["GITHUB_OUTPUT"].read_text(), re.M))
        return Result(done.returncode, done.stdout + done.stderr, files["GITHUB_STEP_SUMMARY"].read_text(), outputs)

    return call


@pytest.fixture
def tree(tmp_path: Path, script: Script) -> Path:
    """The compiled tree in the checkout of the code repository."""
    folder = tmp_path / "code" / "deploy" / "mlp" / "churn"
    for name, content in TREE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder
