"""Each script starts in the environment that the workflow gives it, from the lock file; and the scripts are clean."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import RUNTIME, clean_env

GROUPS = {
    "preflight.py": ["preflight"],
    "data.py check": ["data"],
    "train.py finish": ["registry"],
    "gate.py": ["registry"],
    "export.py": ["registry"],
    "deploy.py": ["gitops"],
    "verify.py": ["gitops", "registry"],
    "rollback.py": ["gitops", "registry"],
    "outcome.py": ["gitops"],
}
ENVIRONMENTS = sorted({tuple(groups) for groups in GROUPS.values()})


@pytest.mark.parametrize("groups", ENVIRONMENTS)
def test_scripts_start_in_their_environment(groups: tuple[str, ...], tmp_path: Path) -> None:
    """A configuration that is refused (exit 2) shows that every import was there."""
    uv = shutil.which("uv")
    assert uv, "uv is not installed"
    env = clean_env() | {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "env"), "MLP_CONFIG": '{"no-such-key": 1}'}
    env.pop("VIRTUAL_ENV", None)
    run = [uv, "run", "--quiet", "--project", str(RUNTIME), "--locked", *(f"--only-group={group}" for group in groups)]
    for command in (c for c, g in GROUPS.items() if tuple(g) == groups):
        name, *arguments = command.split()
        done = subprocess.run([*run, str(RUNTIME / name), *arguments], env=env, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "no-such-key" in done.stdout


def check(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint() -> None:
    check("ruff", "check", "--no-cache", str(RUNTIME), ".")


def test_format() -> None:
    check("ruff", "format", "--no-cache", "--check", str(RUNTIME), ".")


def test_types() -> None:
    check("mypy", *(str(path) for path in sorted(RUNTIME.glob("*.py"))))


def test_files_stay_small() -> None:
    for path in RUNTIME.glob("*.py"):
        assert len(path.read_text().splitlines()) < 600, path.name
