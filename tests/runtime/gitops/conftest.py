"""Fixtures: a real origin, the scripts as steps of a job, the compiled tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from gitops.cluster import Cluster, predictions
from gitops.releases import REQUEST, ROWS, Models, Pipeline, golden_run, uri
from gitops.world import TREE, Origin, Script, git, git_env


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
def script(step: Callable[..., Any], origin: Origin) -> Script:
    """Run a script as a step of a job of run 1000, with the git connection."""

    def call(name: str, config: Mapping[str, Any], env: Mapping[str, str], *arguments: str, process: bool = False) -> Any:
        return step(" ".join([name, *arguments]), config, git_env(origin), env, process=process)

    return call


@pytest.fixture
def tree(workspace: Path) -> Path:
    """The compiled tree in the checkout of the code repository."""
    folder = workspace / "deploy" / "mlp" / "churn"
    for name, content in TREE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def cluster(origin: Origin) -> Iterator[Cluster]:
    """Argo CD, KServe and the served model."""
    running = Cluster(origin)
    yield running
    running.close()


@pytest.fixture(scope="session")
def mlflow_client(mlflow_env: dict[str, str], store_env: dict[str, str]) -> Iterator[MlflowClient]:
    """A client of the real server."""
    endpoint = {"MLFLOW_S3_ENDPOINT_URL": store_env["AWS_ENDPOINT_URL_S3"]}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**mlflow_env, **store_env, **endpoint}.items():
            patch.setenv(name, value)
        yield MlflowClient()


@pytest.fixture(scope="session")
def golden_runs(mlflow_client: MlflowClient, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """A training run for each version, with golden predictions; 0 has none."""
    folder = tmp_path_factory.mktemp("golden")
    found = {v: {"model_id": "m-x", "request": REQUEST, "outputs": {"predict": predictions(uri(v), ROWS)}} for v in (1, 2)}
    return {version: golden_run(mlflow_client, folder, found.get(version)) for version in (0, 1, 2)}


@pytest.fixture
def models(mlflow_client: MlflowClient, golden_runs: dict[int, str]) -> Models:
    """A registered model with two versions."""
    made = Models(mlflow_client, golden_runs)
    made.create(2)
    return made


@pytest.fixture
def pipeline(
    script: Script,
    origin: Origin,
    cluster: Cluster,
    models: Models,
    tree: Path,
    mlflow_env: dict[str, str],
    store_env: dict[str, str],
) -> Pipeline:
    """The last jobs of the pipeline, with every connection."""
    return Pipeline(script, origin, cluster, models, {**mlflow_env, **store_env, **cluster.env()})
