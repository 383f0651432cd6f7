"""A stand-in for what a release meets: Argo CD following a real repository, KServe's objects, and the served model.

Argo CD and KServe move one step with every look at the application, so a test waits for nothing.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from gitops.world import Origin

TOKEN = "argo-token"
APP = "/api/v1/applications/churn-prod"
Answer = tuple[int, Any]


def serve(answer: Callable[[BaseHTTPRequestHandler, bytes], Answer]) -> ThreadingHTTPServer:
    """Serve JSON answers on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, data = answer(self, body)
            text = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = respond  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class Cluster:
    """One application, `churn-prod`, and its InferenceService."""

    def __init__(self, origin: Origin, release: str = "apps/churn/overlays/prod/release") -> None:
        self.origin = origin
        self.release = release
        # What a test may arrange:
        self.deaf = False  # Argo CD does not see new commits
        self.hangs_on: set[str] = set()  # commits whose sync operation never ends by itself
        self.refuses: set[str] = set()  # commits that cannot be synced
        self.unloadable: set[str] = set()  # URIs that KServe cannot load
        self.lag = 1  # looks until KServe has changed the Deployment
        self.rolling = 2  # looks until the pods are replaced
        self.down = 0  # answers that Argo CD does not give
        self.behaviour: dict[str, Callable[[str, Any], Answer | None]] = {}  # URI → how that model misbehaves
        # The state of things:
        self.revision = ""
        self.operation: dict[str, Any] | None = None
        self.phase, self.phase_revision = "", ""
        self.live: dict[str, str] = {}
        self.deployed: dict[str, str] = {}
        self.stale_status = ""
        self.no_pods = ""  # why the API server refuses every new pod
        self.terminated: list[str] = []
        self._lag = self._rolling = 0
        self._lock = threading.Lock()
        self._argocd = serve(self._answer_argocd)
        self._model = serve(self._answer_model)

    def close(self) -> None:
        for server in (self._argocd, self._model):
            server.shutdown()
            server.server_close()

    def env(self) -> dict[str, str]:
        """The connections of verify and rollback."""
        return {
            "ARGOCD_SERVER": f"http://127.0.0.1:{self._argocd.server_port}",
            "ARGOCD_AUTH_TOKEN": TOKEN,
            "SERVING_ENDPOINT": f"http://127.0.0.1:{self._model.server_port}",
        }

    def settle(self) -> None:
        """Let everything in git become live."""
        for _ in range(20):
            self._step()

    # --- Argo CD and KServe ----------------------------------------------------------------------

    def _step(self) -> None:
        tip = self.origin.tip()
        if self.operation:
            if self.operation["revision"] not in self.hangs_on:
                self._end(self.operation["revision"])
        elif not self.deaf and tip not in (self.revision, self.phase_revision):
            self.operation = {"revision": tip}
            self.phase, self.phase_revision = "Running", tip
        self._kserve()

    def _end(self, revision: str) -> None:
        self.operation = None
        self.phase = "Failed" if revision in self.refuses else "Succeeded"
        if self.phase == "Succeeded":
            self._apply(revision)

    def _apply(self, revision: str) -> None:
        self.revision = revision
        wanted = self._wanted()
        if wanted != self.live:
            self.live, self._lag, self._rolling = wanted, self.lag, self.rolling

    def _wanted(self) -> dict[str, str]:
        documents = [yaml.safe_load(self.origin.read_at(self.revision, f"{self.release}/{n}.yaml")) for n in ("release", "kustomization")]
        if "$patch" in documents[0]:
            return {}
        (image,) = documents[1].get("images", [{"name": "", "digest": ""}])
        return {"uri": documents[0]["spec"]["predictor"]["model"]["storageUri"], "image": f"{image['name']}@{image['digest']}"}

    def _kserve(self) -> None:
        if self._lag:
            self._lag -= 1
        elif self.deployed != self.live:
            self.deployed = dict(self.live)
        elif self._rolling and self.live.get("uri") not in self.unloadable:
            self._rolling -= 1
            self.stale_status = "" if not self._rolling else self.stale_status

    def _answer_argocd(self, request: BaseHTTPRequestHandler, _: bytes) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 403, {"error": "permission denied"}
        if request.command != "GET" and request.headers.get("Content-Type") != "application/json":
            return 415, {"error": "Invalid content type"}
        with self._lock:
            if self.down:
                self.down -= 1
                return 503, {"error": "down"}
            return self._route(request)

    def _route(self, request: BaseHTTPRequestHandler) -> Answer:
        url = urlsplit(request.path)
        if url.path == f"{APP}/resource":
            return self._resource({name: found[0] for name, found in parse_qs(url.query).items()})
        if (request.command, url.path) == ("DELETE", f"{APP}/operation"):
            return self._terminate()
        if url.path == APP:
            self._step()
            return 200, self._application()
        return 403, {"error": "permission denied"}

    def _terminate(self) -> Answer:
        if not self.operation:
            return 400, {"error": "Unable to terminate operation. No operation is in progress"}
        self.terminated.append(self.operation["revision"])
        self.operation, self.phase = None, "Failed"
        return 200, {}

    def _application(self) -> dict[str, Any]:
        synced = self.revision == self.origin.tip() or self.deaf
        state = {"phase": self.phase, "message": f"operation is {self.phase}", "syncResult": {"revision": self.phase_revision}}
        status = {"sync": {"status": "Synced" if synced else "OutOfSync", "revision": self.revision}}
        running = {"operation": {"sync": {"revision": self.operation["revision"]}}} if self.operation else {}
        return {"metadata": {"name": "churn-prod"}, "status": status | ({"operationState": state} if self.phase else {}), **running}

    def _resource(self, query: dict[str, str]) -> Answer:
        found = self._objects().get((query["group"], query["kind"], query["namespace"], query["resourceName"]))
        if found is None:
            return 400, {"error": f"{query['kind']} {query['resourceName']} not found as part of application churn-prod"}
        return 200, {"manifest": json.dumps(found)}

    def _objects(self) -> dict[tuple[str, str, str, str], dict[str, Any]]:
        if not self.live:
            return {}
        isvc = {"metadata": {"name": "churn"}, "spec": {"predictor": {"model": {"storageUri": self.live["uri"]}}}, "status": self._status()}
        objects = {("serving.kserve.io", "InferenceService", "ml-prod", "churn"): isvc}
        if self.deployed:
            source = {"internal.serving.kserve.io/storage-initializer-sourceuri": self.deployed["uri"]}
            objects["apps", "Deployment", "ml-prod", "churn-predictor"] = self._deployment({"metadata": {"annotations": source}})
            containers = [{"name": "kserve-container", "image": self.deployed["image"]}]
            objects["apps", "Deployment", "ml-prod", "churn-transformer"] = self._deployment({"spec": {"containers": containers}})
        return objects

    def _status(self) -> dict[str, Any]:
        loads = self.live["uri"] not in self.unloadable
        state = self.stale_status or ("UpToDate" if loads else "BlockedByFailedLoad")
        failure = {} if loads else {"lastFailureInfo": {"reason": "ModelLoadFailed", "message": "not a model"}}
        return {"url": self.env()["SERVING_ENDPOINT"], "modelStatus": {"transitionStatus": state, **failure}}

    def _deployment(self, template: dict[str, Any]) -> dict[str, Any]:
        old = 1 if self._rolling else 0
        status: dict[str, Any] = {"observedGeneration": 2, "updatedReplicas": 1, "replicas": 1 + old, "availableReplicas": 1}
        if self.no_pods:
            refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": self.no_pods}
            status |= {"updatedReplicas": 0, "conditions": [refused]}
        return {"metadata": {"name": "churn", "generation": 2}, "spec": {"replicas": 1, "template": template}, "status": status}

    # --- the served model ---------------------------------------------------------------------------

    def _answer_model(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        uri = self.deployed.get("uri", "")
        misbehave = self.behaviour.get(uri)
        if misbehave and (special := misbehave(request.path, body)) is not None:
            return special
        if not uri:
            return 503, {"error": "no model"}
        if request.path in ("/v2/health/ready", "/v2/models/churn/ready", "/v1/models/churn"):
            return 200, {"ready": True}
        return self._predict(uri, request.path, body)

    def _predict(self, uri: str, path: str, body: bytes) -> Answer:
        try:
            request = json.loads(body)
            rows = request["inputs"][0]["data"] if path.startswith("/v2") else [row[0] for row in request["instances"]]
        except (ValueError, KeyError, IndexError) as error:
            return 422, {"error": repr(error)}
        answers = predictions(uri, rows)
        if path == "/v2/models/churn/infer":
            return 200, {"model_name": "churn", "outputs": [{"name": "out", "datatype": "FP64", "shape": [len(rows)], "data": answers}]}
        return (200, {"predictions": answers}) if path == "/v1/models/churn:predict" else (404, {"error": "no such model"})


def predictions(uri: str, rows: list[float]) -> list[float]:
    """What the model at a URI answers: each version its own."""
    version = int((re.search(r"m-(\d+)", uri) or ["", "0"])[1])
    return [row / 10 + version for row in rows]


def slow(seconds: float) -> Callable[[str, Any], None]:
    """A model that takes its time."""

    def behave(path: str, _body: Any) -> None:
        if path.endswith(("infer", "predict")):
            time.sleep(seconds)

    return behave
