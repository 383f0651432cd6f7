"""The MLflow tracking server and registry: users on, sqlite, artifacts in the object store."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from mlflow import MlflowClient

from stand.names import BUCKET, MLFLOW_ADMIN, MLFLOW_USER, SECRETS, TRACKING
from stand.paths import python
from stand.process import Command, Server
from stand.s3 import CREDENTIALS
from stand.s3 import client as store

PORT = 5001
URL = f"https://{TRACKING}"
LOGIN = (MLFLOW_USER, SECRETS["MLFLOW_PASSWORD"])
CLIENT = {"MLFLOW_TRACKING_URI": URL, "MLFLOW_TRACKING_USERNAME": LOGIN[0], "MLFLOW_TRACKING_PASSWORD": LOGIN[1]}


def server(folder: Path) -> Server:
    """A server whose databases are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "auth.ini"
    users.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = {MLFLOW_ADMIN[0]}\nadmin_password = {MLFLOW_ADMIN[1]}\n"
        "auth_cache_ttl_seconds = 3600\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    command: Command = [
        *(python("tracking"), "-m", "mlflow", "server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(PORT)),
        *("--workers", "1", "--allowed-hosts", f"{TRACKING},127.0.0.1:{PORT}"),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--default-artifact-root", f"s3://{BUCKET}/mlflow"),
    ]
    env = {
        **CREDENTIALS,
        "MLFLOW_AUTH_CONFIG_PATH": str(users),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "shared-by-nobody",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_S3_ENDPOINT_URL": CREDENTIALS["AWS_ENDPOINT_URL_S3"],
    }
    return Server(command, f"http://127.0.0.1:{PORT}/health", folder / "mlflow.log", env)


def add_user() -> None:
    """Create the pipeline's user, if it is not there."""
    made = requests.post(
        f"{URL}/api/2.0/mlflow/users/create",
        json={"username": LOGIN[0], "password": LOGIN[1]},
        auth=MLFLOW_ADMIN,
        timeout=60,
    )
    if made.status_code not in (200, 400):
        made.raise_for_status()


def demote(model: str) -> None:
    """Take from the pipeline's user the right to write to a registered model."""
    right = {"username": LOGIN[0], "resource_type": "registered_model", "resource_id": model}
    requests.post(f"{URL}/api/3.0/mlflow/users/permissions/revoke", json=right, auth=MLFLOW_ADMIN, timeout=60).raise_for_status()


def client() -> Any:
    """The official client, as the pipeline's user; needs `CLIENT` in the environment."""
    return MlflowClient(tracking_uri=URL)


def set_password(password: str) -> None:
    """Give the pipeline's user another password, at once."""
    changed = {"username": LOGIN[0], "password": password}
    requests.patch(f"{URL}/api/2.0/mlflow/users/update-password", json=changed, auth=MLFLOW_ADMIN, timeout=60).raise_for_status()


def crown(candidate: Mapping[str, str], model: str = "churn", alias: str = "champion") -> str:
    """Register a candidate (outputs of its training job) and make it the champion, as somebody would by hand; gives the version."""
    registry = client()
    registry.create_registered_model(model)
    source = f"models:/{candidate['model_id']}"
    version = registry.create_model_version(model, source, candidate["run_id"], model_id=candidate["model_id"]).version
    registry.set_registered_model_alias(model, alias, version)
    return str(version)


def decision(run_id: str) -> dict[str, Any]:
    """What the gate wrote down about a candidate."""
    place = str(client().get_run(run_id).info.artifact_uri).removeprefix(f"s3://{BUCKET}/")
    found: dict[str, Any] = json.load(store().get_object(Bucket=BUCKET, Key=f"{place}/mlp/decision.json")["Body"])
    return found


def collect_garbage(folder: Path) -> None:
    """Remove for good what was deleted: `mlflow gc` on the server's machine."""
    command: Command = [python("tracking"), "-m", "mlflow", "gc", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    env = {**os.environ, **CREDENTIALS, "MLFLOW_S3_ENDPOINT_URL": CREDENTIALS["AWS_ENDPOINT_URL_S3"]}
    subprocess.run(command, env=env, check=True, capture_output=True, text=True)
