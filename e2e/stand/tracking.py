"""The MLflow tracking server and registry: users on, sqlite, artifacts in the object store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from mlflow import MlflowClient

from stand.names import BUCKET, MLFLOW_ADMIN, MLFLOW_USER, SECRETS, TRACKING
from stand.paths import python
from stand.process import Command, Server
from stand.s3 import CREDENTIALS

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
