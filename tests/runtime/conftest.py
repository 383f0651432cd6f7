"""Fixtures that all tests of the runtime scripts share: servers, and a script run as a step of a job."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from servers import ADMIN, BUCKET, Api, mlflow_server, s3_server
from tracking import Tracking

RUNTIME = Path(__file__).parents[2] / "templates" / "runtime"
sys.path.insert(0, str(RUNTIME))
common = importlib.import_module("common")

KEYS = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "tester-secret", "AWS_DEFAULT_REGION": "eu-west-1"}
COMMIT = "c0ffee" + "0" * 34
NUMBERS = itertools.count(1001)


@dataclass(frozen=True)
class Result:
    """What a step did."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


Step = Callable[..., Result]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="tester", aws_secret_access_key="tester-secret", region_name="eu-west-1"
        ).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield url


@pytest.fixture(scope="session")
def store_env(s3: str) -> dict[str, str]:
    """The s3 connection."""
    return {**KEYS, "AWS_ENDPOINT_URL_S3": s3, "MLP_STORE_BUCKET": BUCKET}


@pytest.fixture(scope="session")
def mlflow_env(store_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The mlflow connection."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), store_env) as url:
        yield {"MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_USERNAME": ADMIN[0], "MLFLOW_TRACKING_PASSWORD": ADMIN[1]}


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that is down for good is given up at once."""
    monkeypatch.setattr(importlib.import_module("registry"), "PATIENCE", 2.0)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The checkout."""
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


@pytest.fixture
def run_id() -> str:
    """A GITHUB_RUN_ID of the test's own."""
    return str(next(NUMBERS))


def clean_env() -> dict[str, str]:
    """Return this process's environment without connections."""
    drop = re.compile(r"(MLFLOW|AWS|MLP|GITHUB|GITOPS|ARGOCD|KUBE|REGISTRY|GIT)_.*|GITHUB_.*")
    return {name: value for name, value in os.environ.items() if not drop.fullmatch(name)}


@pytest.fixture
def step(tmp_path: Path, workspace: Path, run_id: str) -> Step:
    """Run a script as a step of a job. In this process for speed; with `process` as the workflow does it."""

    def call(command: str, config: Mapping[str, Any] | str, *envs: Mapping[str, str], process: bool = False, **extra: str) -> Result:
        files = {v: tmp_path / v for v in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        env = clean_env() | {v: str(p) for v, p in files.items()}
        env |= {"GITHUB_REPOSITORY": "acme/churn", "GITHUB_RUN_ID": run_id, "GITHUB_SHA": COMMIT}
        env["MLP_CONFIG"] = config if isinstance(config, str) else json.dumps(config)
        for more in (*envs, extra):
            env |= more
        code, log = (run_process if process else run_here)(command.split(), workspace, env)
        found = re.findall(r"^(\w+)<<(mlp-\w+)\n(.*?)\n\2$", files["GITHUB_OUTPUT"].read_text(), re.MULTILINE | re.DOTALL)
        return Result(code, log, files["GITHUB_STEP_SUMMARY"].read_text(), {key: value for key, _, value in found})

    return call


def run_process(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    script = [sys.executable, str(RUNTIME / f"{command[0]}.py"), *command[1:]]
    done = subprocess.run(script, cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=False)
    return done.returncode, done.stdout + done.stderr


def run_here(command: list[str], folder: Path, env: dict[str, str]) -> tuple[int, str]:
    log = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(log):
        patch.chdir(folder)
        for name in set(os.environ) - set(env):
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as exit_:
            common.run(importlib.import_module(command[0]).main)
    return int(exit_.value.code or 0), log.getvalue()


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """MLflow models on disk: scikit-learn as cloudpickle, and as MLflow 3 saves it by default."""
    import mlflow.sklearn
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    features = np.linspace(0.0, 1.0, 40).reshape(20, 2)
    model = LogisticRegression().fit(features, (features[:, 0] > 0.5).astype(int))
    folder = tmp_path_factory.mktemp("models")
    for name in ("cloudpickle", "skops"):
        mlflow.sklearn.save_model(model, folder / name, serialization_format=name, pip_requirements=["scikit-learn"])
    return {name: folder / name for name in ("cloudpickle", "skops")}


@pytest.fixture
def tracking(
    mlflow_env: dict[str, str], store_env: dict[str, str], model_files: dict[str, Path], run_id: str, monkeypatch: pytest.MonkeyPatch
) -> Tracking:
    """The MLflow server, as a training script of this run uses it."""
    for name, value in {**mlflow_env, **store_env, "MLFLOW_S3_ENDPOINT_URL": store_env["AWS_ENDPOINT_URL_S3"]}.items():
        monkeypatch.setenv(name, value)
    return Tracking(model_files["cloudpickle"], run_id)


@pytest.fixture(scope="session")
def pushed(s3: str, store_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose data is in the remote."""
    folder = tmp_path_factory.mktemp("dvc")

    def call(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | store_env)

    call("git", "init", "--quiet")
    dvc = (sys.executable, "-m", "dvc")
    call(*dvc, "init", "--quiet")
    call(*dvc, "remote", "add", "--default", "storage", f"s3://{BUCKET}/dvc/pushed")
    (folder / "data.csv").write_text("id\n1\n")
    call(*dvc, "add", "--quiet", "data.csv")
    call(*dvc, "push", "--quiet")
    return folder


@pytest.fixture
def clone(pushed: Path, workspace: Path, run_id: str, store_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone with a remote of its own: the data is not in the checkout."""
    for name, value in store_env.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(pushed, workspace, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data.csv", "cache", "tmp"))
    client = boto3.client("s3")
    for item in client.list_objects_v2(Bucket=BUCKET, Prefix="dvc/pushed/")["Contents"]:
        key = item["Key"].replace("pushed", run_id)
        client.copy_object(Bucket=BUCKET, Key=key, CopySource={"Bucket": BUCKET, "Key": item["Key"]})
    config = workspace / ".dvc" / "config"
    config.write_text(config.read_text().replace("pushed", run_id))
    return workspace
