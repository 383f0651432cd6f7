"""Real servers for the tests: MLflow with users, S3 (moto), and small HTTP stand-ins."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

ADMIN = ("admin", "correct-horse-battery")
BUCKET = "ml-store"
PROXIED = "proxied"  # directory behind the artifact proxy
Answer = tuple[int, dict[str, str], bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 280.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server for {url} ended with {process.returncode}")
        try:
            requests.get(url, timeout=2)
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} does not answer")


@contextmanager
def _process(command: list[str], url: str, env: dict[str, str], log: Path) -> Iterator[str]:
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | env, stdout=file, stderr=file, start_new_session=True)
    try:
        wait_for(url, process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _process(command, f"http://127.0.0.1:{port}", {}, folder / "s3.log") as url:
        yield url


@contextmanager
def mlflow_server(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """An MLflow server with users; artifacts in S3, or behind its proxy for experiments at `mlflow-artifacts:/`."""
    port = free_port()
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = {ADMIN[0]}\nadmin_password = {ADMIN[1]}\n"
        "auth_cache_ttl_seconds = 3600\n"  # a password's hash costs more than all the rest of a request
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--serve-artifacts"),
        *("--default-artifact-root", f"s3://{BUCKET}/mlflow", "--artifacts-destination", f"s3://{BUCKET}/{PROXIED}"),
    ]
    env = env | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "test",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_S3_ENDPOINT_URL": env["AWS_ENDPOINT_URL_S3"],
    }
    with _process(command, f"http://127.0.0.1:{port}/health", env, folder / "mlflow.log") as url:
        yield url.removesuffix("/health")


class Api:
    """An HTTP stand-in: routes are (method, regular expression of the path) → function."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, str, Callable[[re.Match[str], Any], Answer]]] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                status, headers, body = api.answer(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = do_PUT = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def on(self, method: str, path: str, answer: Callable[[re.Match[str], Any], Answer]) -> None:
        """Add a route; a later one wins."""
        self.routes.insert(0, (method, path, answer))

    def answer(self, request: BaseHTTPRequestHandler) -> Answer:
        size = int(request.headers.get("Content-Length") or 0)
        request.rfile.read(size)
        self.seen.append((request.command, request.path, dict(request.headers)))
        for method, path, answer in self.routes:
            if method == request.command and (found := re.fullmatch(path, request.path)):
                return answer(found, request)
        return 404, {}, b"no such route"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
