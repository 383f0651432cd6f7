"""Every checker is silent on the good tree and speaks up when it is spoilt, at the spoilt place."""

import pytest

from checks.__main__ import CHECKERS
from checks.repository import Repository
from spoilt import Spoilt

WORKFLOW = ".github/workflows/mlp-churn.yml"
BASE = "deploy/mlp/churn/base"
SERVICE = f"{BASE}/inferenceservice.yaml"
OVERLAY = "deploy/mlp/churn/overlays/prod/kustomization.yaml"
APPLICATION = "argocd/mlp/churn-prod.yaml"
SCRIPT = ".github/mlp/gate.py"


SPOILT = [
    Spoilt("actionlint", WORKFLOW, "fit.outputs.approved ==", "fit.outputs.aproved ==", '"aproved" is not defined'),
    Spoilt("actionlint", WORKFLOW, '"17 3 * * 1"', '"17 33 * * 1"', "invalid CRON"),
    Spoilt("actionlint", WORKFLOW, '>> "$GITHUB_OUTPUT"', ">> $GITHUB_OUTPUT", "shellcheck reported issue"),
    Spoilt("actionlint", WORKFLOW, "self-hosted, gpu", "self-hosted, cpu", 'label "cpu" is unknown'),
    Spoilt("actionlint", WORKFLOW, "run: echo", "shell: python\n        run: echo", "pyflakes reported issue"),
    Spoilt("zizmor", WORKFLOW, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "unpinned-uses"),
    Spoilt("zizmor", WORKFLOW, "persist-credentials: false", "persist-credentials: true", "artipacked"),
    Spoilt("zizmor", WORKFLOW, "$MODEL_NAME", "${{ vars.MODEL_NAME }}", "template-injection"),
    Spoilt("zizmor", WORKFLOW, "    environment: mlp-ci\n", "", "secrets-outside-env"),
    Spoilt("zizmor", WORKFLOW, " # pushes the image", "", "undocumented-permissions"),
    Spoilt("zizmor", WORKFLOW, " # zizmor: ignore[self-hosted-runner]", "", "self-hosted-runner"),
    Spoilt("zizmor", WORKFLOW, "credentials: false", "credentials: true # zizmor: ignore[artipacked]", "artipacked"),
    Spoilt("github", WORKFLOW, "needs: fit", "needs: fitt", "unknown job 'fitt'"),
    Spoilt("github", WORKFLOW, "fit.outputs.approved ==", "fit.outputs.aproved ==", "Context access might be invalid"),
    Spoilt("github", WORKFLOW, "if: ${{ needs", "if: ${{ secrets", "Unrecognized named-value: 'secrets'"),
    Spoilt("github", WORKFLOW, "jobs:\n", "jbos:\n", "Unexpected value 'jbos'"),
    Spoilt("workflow-schema", WORKFLOW, "timeout-minutes: 30", "timeout-minuts: 30", "'timeout-minuts' was unexpected"),
    Spoilt("workflow-schema", WORKFLOW, "contents: read", "contents: reed", "'reed' is not one of"),
    Spoilt("readers", WORKFLOW, "MODEL_NAME: churn", "MODEL_NAME: yes", "True in YAML 1.1, 'yes' in 1.2"),
    Spoilt("readers", WORKFLOW, "timeout-minutes: 30", "timeout-minutes: 030", "24 in YAML 1.1, 30 in 1.2"),
    Spoilt("readers", WORKFLOW, "MODEL_NAME: churn", "MODEL_NAME: 2026-11-23", "is no JSON value"),
    Spoilt("readers", WORKFLOW, "MODEL_NAME: churn", "MODEL_NAME: [", "expected"),
    Spoilt("readers", WORKFLOW, "      packages: write", "      no: write", "keys ['contents', False] in YAML 1.1"),
    Spoilt("readers", APPLICATION, "prune: true", "prune: on", "True in YAML 1.1, 'on' in 1.2"),
    Spoilt("kustomize", OVERLAY, "../../base", "../../bass", "../../bass"),
    Spoilt("kustomize", OVERLAY, "components:", "component:", 'unknown field "component"'),
    Spoilt("crd-schema", SERVICE, "minReplicas: 1", "minReplica: 1", "minReplica"),
    Spoilt("crd-schema", SERVICE, 'cpu: "1"', "cpu: 0.5", "spec.predictor.model.resources"),
    Spoilt("crd-schema", SERVICE, "labels:", "lables:", "metadata"),
    Spoilt("crd-schema", APPLICATION, "selfHeal: true", 'selfHeal: "true"', "spec.syncPolicy.automated.selfHeal"),
    Spoilt("crd-schema", APPLICATION, "sourceRepos:", "sourceRepo:", "sourceRepo"),
    Spoilt(
        "crd-server", SERVICE, "protocolVersion: v2", "protocol: v2", "spec.predictor.model.protocol: unknown field"
    ),
    Spoilt("crd-server", SERVICE, "maxReplicas: 1", 'maxReplicas: "1"', "must be of type integer"),
    Spoilt("crd-server", SERVICE, "\n            protocol: TCP", "", 'would add "protocol": TCP inside a list'),
    Spoilt("crd-server", SERVICE, "  name: churn", "  name: Churn_1", "RFC 1123"),
    Spoilt("crd-server", APPLICATION, "name: churn-prod", "name: churn-prod\n  lables: {}", "metadata.lables"),
    Spoilt("core-kinds", f"{BASE}/serviceaccount.yaml", "secrets:", "secret:", "'secret' was unexpected"),
    Spoilt("core-kinds", f"{BASE}/serviceaccount.yaml", "ServiceAccount", "ServceAccount", "Couldn't find schema"),
    Spoilt("core-kinds", APPLICATION, "v1alpha1", "v1alpha2", "Couldn't find schema"),
    Spoilt("ruff", SCRIPT, "limit: float)", "limit: list[float] = [])", "B006"),
    Spoilt("ruff", SCRIPT, "return str(", "return string(", "F821"),
    Spoilt("mypy", SCRIPT, "limit: float)", "limit: str)", "Unsupported operand types"),
    Spoilt("mypy", SCRIPT, "score: float", "score", "missing a type annotation"),
]


@pytest.mark.parametrize("checker", CHECKERS)
def test_silent_on_the_good_tree(checker: str, good: Repository) -> None:
    assert list(CHECKERS[checker]([good])) == []


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda spoilt: f"{spoilt.checker}: {spoilt.new.strip()[:40]}")
def test_speaks_up(spoilt: Spoilt, good: Repository) -> None:
    spoilt.check(good)


def test_every_checker_is_spoilt() -> None:
    assert {spoilt.checker for spoilt in SPOILT} == set(CHECKERS)
