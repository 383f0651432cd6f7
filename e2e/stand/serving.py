"""The model server and the transformer that KServe would run as pods, as processes.

A pod is started for what its Deployment says: a predictor for a storage URI, a transformer for an image's digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from stand.names import ACTOR, CONTAINERS, SECRETS
from stand.paths import BIN, INSTALLED, UV, python
from stand.process import Command
from stand.s3 import CREDENTIALS

MODELS = "/mnt/models"  # where KServe mounts the model
READ_SECONDS = 2.0  # as in the manifest's readiness probe


class Pod:
    """Steps run one after the other, the last of which serves; `probe` is its readiness probe."""

    def __init__(self, name: str, folder: Path, address: str, probe: str) -> None:
        self.name = name
        self.folder = folder
        self.address = address
        self.probe = address + probe
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: str, env: Mapping[str, str]) -> None:
        """Start a shell script: what an init container and a container would do."""
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                env={**os.environ, **env}, cwd=self.folder, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip

    def ready(self) -> bool:
        """What the kubelet's probe says."""
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.probe, timeout=READ_SECONDS).ok
        return False

    def failure(self) -> str:
        """Why it ended, empty while it runs."""
        if self._process is None or self._process.poll() is None:
            return ""
        return f"exit code {self._process.returncode}: {self.log.read_text(errors='replace')[-500:]}"

    def stop(self) -> None:
        """End everything that it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def predictor(service: str, uri: str, folder: Path, port: int, given: Mapping[str, str] | None = None) -> Pod:
    """KServe's storage initializer, then MLServer; `given` is the environment that KServe gives both."""
    pod = Pod(f"{service}-predictor", folder, f"http://127.0.0.1:{port}", f"/v2/models/{service}/ready")
    models = folder / "models"
    initialize = "import sys; from kserve_storage import Storage; Storage.download(*sys.argv[1:])"
    script = _commands(
        [python("storage"), "-c", initialize, uri, models],
        [python("mlserver").with_name("mlserver"), "start", models],
    )
    env = {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(port + 1),
        "MLSERVER_METRICS_PORT": str(port + 2),
        "MLSERVER_PARALLEL_WORKERS": "0",  # one process is enough for one request at a time
    }
    mounted = {name: str(models) if value == MODELS else value for name, value in (given or by_hand(service)).items()}
    pod.run(script, {**mounted, **env})
    return pod


def by_hand(service: str) -> dict[str, str]:
    """What KServe makes of the namespace's secret and of its runtime `kserve-mlserver`."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": CREDENTIALS["AWS_ENDPOINT_URL_S3"],
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_mlflow.MLflowRuntime",
        "MLSERVER_MODEL_NAME": service,
        "MLSERVER_MODEL_URI": MODELS,
    }


def transformer(service: str, image: str, given: Sequence[str], folder: Path, port: int) -> Pod:
    """The files of an image (`name@sha256:…`), run in the environment that its lock file describes; `given` are the pod's arguments."""
    pod = Pod(f"{service}-transformer", folder, f"http://127.0.0.1:{port}", "/v2/health/ready")
    root = folder / "root"
    unpack(image, root)
    config = json.loads(crane("config", image))["config"]
    application = root / config["WorkingDir"].strip("/")
    environment = _environment(application)
    entry = [environment / "bin/python" if part.endswith("/python") else part for part in config["Entrypoint"]]
    here = ("--http_port", str(port), "--enable_grpc", "false")  # of an argument that is there twice, the last counts
    pod.run(f"cd {application}\n" + _commands([*entry, *given, *here]), {})
    return pod


def unpack(image: str, root: Path) -> None:
    """Download an image's files."""
    shutil.rmtree(root, ignore_errors=True)
    archive = root.with_suffix(".tar")
    crane("export", image, str(archive))
    with tarfile.open(archive) as tar:
        tar.extractall(root, filter="data")
    archive.unlink()


def crane(*arguments: str, stdin: str | None = None) -> str:
    """Run crane as the run's actor."""
    login: Command = [BIN / "crane", "auth", "login", CONTAINERS, "--username", ACTOR, "--password-stdin"]
    subprocess.run(login, input=SECRETS["GITHUB_TOKEN"], text=True, check=True, capture_output=True)
    done = subprocess.run([BIN / "crane", *arguments], input=stdin, text=True, check=True, capture_output=True)
    return done.stdout


def _environment(application: Path) -> Path:
    """The environment of the image's lock file, made once for each content."""
    lock = hashlib.sha256((application / "uv.lock").read_bytes()).hexdigest()[:16]
    environment = INSTALLED / "transformers" / lock
    if not (environment / ".complete").exists():
        command: Command = [UV / "uv", "sync", "--quiet", "--locked", "--no-dev", "--project", application]
        env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment), "UV_PYTHON": str(python("stand"))}
        subprocess.run(command, env=env, check=True)
        (environment / ".complete").touch()
    return environment


def _commands(*commands: Command) -> str:
    quoted = [" ".join(_quote(str(part)) for part in command) for command in commands]
    return "\n".join([*quoted[:-1], f"exec {quoted[-1]}"])


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
