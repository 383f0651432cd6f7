"""A pipeline's last three jobs against git, the cluster stand-in and a real model registry."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from gitops.cluster import Cluster
from gitops.world import OWNED, Origin, Script, release_env

ROWS = [1.0, 2.0, 30.0]
REQUEST = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [3], "data": ROWS}]}
GOLDEN = {"rows": "smoke/rows.json", "tolerance": 0.001}


def uri(version: int) -> str:
    return release_env(version)["STORAGE_URI"]


LIVE: dict[str, Any] = {
    "pipeline": "churn",
    "environment": "prod",
    "manifest": OWNED["manifest"],
    "application": "churn-prod",
    "namespace": "ml-prod",
    "model_name": "churn",
    "alias": "champion",
    "within_seconds": 60,
    "poll_seconds": 0.02,
    "protocol": "v2",
    "smoke": {"ready": True, "golden": GOLDEN, "contract": {"requests": None, "p95_seconds": 2}},
}


@dataclass
class Models:
    """Three versions of a registered model of the test's own; their runs, with golden predictions, are shared by all tests."""

    client: MlflowClient
    runs: Mapping[int, str]
    name: str = field(default_factory=lambda: f"churn-{uuid.uuid4().hex[:8]}")

    def create(self, count: int) -> None:
        self.client.create_registered_model(self.name)
        for version in range(1, count + 1):
            self.client.create_model_version(self.name, uri(version), self.runs[version], await_creation_for=0)

    def aliases(self) -> dict[str, str]:
        return {name: str(version) for name, version in self.client.get_registered_model(self.name).aliases.items()}

    def tags(self, version: int) -> dict[str, str]:
        return dict(self.client.get_model_version(self.name, str(version)).tags)


def golden_run(client: MlflowClient, folder: Path, content: Mapping[str, Any] | None) -> str:
    """Make a run as `export` leaves it."""
    run = str(client.create_run("0").info.run_id)
    if content is not None:
        path = folder / "golden.json"
        path.write_text(json.dumps(content))
        client.log_artifact(run, str(path), "mlp")
    return run


@dataclass
class Pipeline:
    """Runs of the pipeline; `config` is what a test changes."""

    script: Script
    origin: Origin
    cluster: Cluster
    models: Models
    connections: dict[str, str]
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    deploy_config: dict[str, Any] = field(default_factory=lambda: dict(OWNED))

    process: bool = False  # as the workflow does it: slower

    def __post_init__(self) -> None:
        self.config = copy.deepcopy(LIVE) | {"model_name": self.models.name}

    def deploy(self, version: int, champion: int | str = "", run: int = 1000, **env: str) -> Any:
        given = release_env(version, champion, run) | {"RUN_ID": self.models.runs.get(version, "none")} | env
        result = self.script("deploy", self.deploy_config, given, process=self.process)
        assert result.code == 0, result.log
        return result

    def verify(self, deployed: Any, version: int, **env: str) -> Any:
        given = {"RELEASE_COMMIT": deployed.outputs["commit"], "STORAGE_URI": uri(version)}
        return self.script("verify", self.config, self.connections | given | env, process=self.process)

    def rollback(self, run: int = 1000, **env: str) -> Any:
        return self.script("rollback", self.config, self.connections | {"GITHUB_RUN_ID": str(run)} | env, process=self.process)

    def champion(self, version: int = 1, run: int = 900) -> Any:
        """Release a first model and let it become the champion."""
        deployed = self.deploy(version, run=run)
        self.cluster.settle()
        self.models.client.set_registered_model_alias(self.models.name, "champion", str(version))
        return deployed
