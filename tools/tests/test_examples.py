"""The emitted examples pass, and every checker notices when one of their files is spoilt."""

import shutil
from pathlib import Path

import pytest

from checks.__main__ import CHECKERS
from checks.repository import Repository
from spoilt import Spoilt

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EMITTED = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and Repository(path).emitted)

WORKFLOWS = ".github/workflows/mlp-*.yml"
SPOILT = [
    Spoilt("actionlint", WORKFLOWS, "permissions: {}", "permissions: all", "permission"),
    Spoilt("zizmor", WORKFLOWS, "persist-credentials: false", "persist-credentials: true", "artipacked"),
    Spoilt("github", WORKFLOWS, "needs: ", "needs: no-", "unknown job 'no-"),
    Spoilt("workflow-schema", WORKFLOWS, "timeout-minutes:", "timeout-minuts:", "'timeout-minuts' was unexpected"),
    Spoilt("readers", WORKFLOWS, "cancel-in-progress: false", "cancel-in-progress: no", "False in YAML 1.1"),
    Spoilt("kustomize", "deploy/mlp/*/overlays/*/kustomization.yaml", "../../base", "../../bass", "../../bass"),
    Spoilt("crd-schema", "deploy/mlp/*/base/*.yaml", "modelFormat:", "modelFormt:", "modelFormt"),
    Spoilt("crd-server", "argocd/mlp/*.yaml", "sourceRepos:", "sourceRepo:", "spec.sourceRepo: unknown field"),
    Spoilt("core-kinds", "deploy/mlp/*/base/*.yaml", "kind: ServiceAccount", "kind: SrviceAccount", "SrviceAccount"),
    Spoilt("ruff", ".github/mlp/common.py", "import json\n", "", "F821"),
    Spoilt("mypy", ".github/mlp/common.py", "import json\n", "import json\nnumber: int = json\n", "Incompatible types"),
]


@pytest.fixture(params=EMITTED)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """Return a copy of an example."""
    shutil.copytree(EXAMPLES / request.param, tmp_path / request.param, ignore=shutil.ignore_patterns(".venv"))
    return Repository(tmp_path / request.param)


@pytest.mark.parametrize("checker", CHECKERS)
def test_silent(checker: str, example: Repository) -> None:
    assert list(CHECKERS[checker]([example])) == []


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda spoilt: spoilt.checker)
def test_speaks_up(spoilt: Spoilt, example: Repository) -> None:
    spoilt.check(example)


def test_every_checker_is_spoilt() -> None:
    assert {spoilt.checker for spoilt in SPOILT} == set(CHECKERS)
