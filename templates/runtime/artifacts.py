"""Files of runs and logged models, through MLflow's client: it knows the artifact proxy."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import botocore.exceptions
import requests

from common import Deadline, ServiceError, jitter

# MLflow's own client waits for minutes before it gives up.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

T = TypeVar("T")
ERRORS = (MlflowException, requests.RequestException, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, OSError)
FOLDER = "mlp"  # where the pipeline keeps its own files in a run


def _try(what: str, call: Callable[[], T], attempts: int = 3) -> T:
    deadline = Deadline(600.0)
    for attempt in range(attempts):
        try:
            return call()
        except ERRORS as error:
            last = error
        if attempt + 1 < attempts:
            deadline.sleep(jitter(attempt + 1))
    raise ServiceError(f"artifacts: cannot {what}: {str(last)[:300]}")


def names(uri: str) -> list[str]:
    """Names directly below an address, relative to it; none if there is nothing."""
    found: list[Any] = _try(f"list {uri}", lambda: mlflow.artifacts.list_artifacts(artifact_uri=uri) or [])
    return [str(item.path).rsplit("/", 1)[-1] for item in found]


@contextlib.contextmanager
def downloaded(uri: str) -> Iterator[Path]:
    """Download a file or directory to a temporary place."""
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        yield Path(_try(f"read {uri}", lambda: mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)))


def read_run_file(run_id: str, name: str) -> str | None:
    """Text of a file that the pipeline keeps in a run; None if it is not there."""
    if name not in names(f"runs:/{run_id}/{FOLDER}"):
        return None
    with downloaded(f"runs:/{run_id}/{FOLDER}/{name}") as path:
        return path.read_text(encoding="utf-8")


def log_json(run_id: str, name: str, data: object) -> None:
    """Keep JSON in a run."""
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        file = Path(folder) / name
        file.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        _try(f"write {FOLDER}/{name} of run {run_id}", lambda: MlflowClient().log_artifact(run_id, str(file), FOLDER))
