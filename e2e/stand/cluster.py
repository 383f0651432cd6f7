"""A stand-in for Argo CD and KServe's controller, as little of both as a release meets.

It follows the real GitOps repository, renders what the emitted Application names with kustomize, and runs the model server
and the transformer that the InferenceService asks for. A rollout is a new pod beside the old one until it is ready.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from gitops.cluster import serve
from gitops.world import Origin

from stand import serving
from stand.front import Front
from stand.names import ARGOCD, SECRETS, SERVICE
from stand.paths import EXAMPLE, KUSTOMIZE
from stand.serving import Pod

Answer = tuple[int, Any]
Object = dict[str, Any]
LOOK_SECONDS = 0.5
DENIED: Answer = (403, {"error": "permission denied", "code": 7})


class Deployment:
    """The pods for one content, and the old ones until the new are ready."""

    def __init__(self, name: str, make: Callable[[str], Pod], move: Callable[[Pod], None]) -> None:
        self.name = name
        self.content = ""
        self.generation = 0
        self._make, self._move = make, move
        self._old: Pod | None = None
        self._new: Pod | None = None

    def want(self, content: str) -> None:
        """Roll out another content; an empty one means none."""
        if content == self.content:
            return
        self.content = content
        self.generation += 1
        if self._new:
            self._new.stop()
            self._new = None
        if content:
            self._new = self._make(content)
        elif self._old:
            self._old.stop()
            self._old = None

    def step(self, *, hold: bool) -> None:
        """Replace the old pod once the new one is ready; `hold` leaves the traffic where it is."""
        if self._new and self._new.ready() and not hold:
            self._move(self._new)
            if self._old:
                self._old.stop()
            self._old, self._new = self._new, None

    @property
    def settled(self) -> bool:
        """Whether there is one pod, and no other on its way."""
        return self._old is not None and self._new is None

    def failure(self) -> str:
        """Why the new pod does not come up."""
        return self._new.failure() if self._new else ""

    def status(self) -> Object:
        """What `status` of the Deployment says."""
        replicas = (self._old is not None) + (self._new is not None)
        available = 1 if self._old else 0
        updated = 1 if self.settled or self._new else 0
        return {"observedGeneration": self.generation, "replicas": replicas, "updatedReplicas": updated, "availableReplicas": available}

    def stop(self) -> None:
        """End all pods."""
        for pod in (self._old, self._new):
            if pod:
                pod.stop()
        self._old = self._new = None
        self.content = ""


class Cluster:
    """One application and its InferenceService."""

    def __init__(self, folder: Path, origin: Origin, front: Front, ports: Iterator[int]) -> None:
        documents = yaml.safe_load_all((EXAMPLE / "argocd/mlp/churn-prod.yaml").read_text())
        manifests: dict[str, Object] = {found["kind"]: found for found in documents}
        self.manifest = manifests["Application"]
        self._shown = {found["kind"] for found in manifests["AppProject"]["spec"]["namespaceResourceWhitelist"]}
        self.origin, self.front, self._folder, self._ports = origin, front, folder, ports
        self.name: str = self.manifest["metadata"]["name"]
        self._begin()
        self._predictor = Deployment("churn-predictor", self._make_predictor, self._move("churn-predictor.ml-prod"))
        self._transformer = Deployment("churn-transformer", self._make_transformer, self._move(SERVICE))
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._http = serve(self._answer)
        front.proxy(ARGOCD, f"http://127.0.0.1:{self._http.server_port}")
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _begin(self) -> None:
        # What a scenario may arrange:
        self.deaf = False  # Argo CD does not see new commits
        self.hangs_on: set[str] = set()  # commits whose sync operation never ends by itself
        self.refuses: set[str] = set()  # commits that cannot be synced
        self.holds = False  # pods get ready, but the traffic stays with the old ones
        self.exists = True  # somebody has applied the Application
        self.has_kserve = True
        # The state of things:
        self.revision, self.phase, self.phase_revision, self.message = "", "", "", ""
        self.operation: Object | None = None
        self.service: Object | None = None
        self.synced: list[str] = []
        self.terminated: list[str] = []

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Look away while the repository is replaced, then begin anew; a pod that is wanted there, too, stays."""
        with self._lock:
            yield
            self._begin()
            self._apply(self._render(self.origin.tip()) or [])
            self.message = ""

    def close(self) -> None:
        """End the controllers and the pods."""
        self._closed.set()
        self._thread.join(30)
        self._http.shutdown()
        self._http.server_close()
        for deployment in (self._predictor, self._transformer):
            deployment.stop()

    def wait(self, what: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait for a state, e.g. `lambda: cluster.serves(uri)`."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.phase} {self.message} {self._predictor.failure()} {self._transformer.failure()}")
            time.sleep(LOOK_SECONDS)

    def serves(self, uri: str) -> bool:
        """Whether a model is rolled out, and nothing else."""
        both = (self._predictor, self._transformer)
        return self._predictor.content == uri and all(deployment.settled for deployment in both)

    # --- pods ----------------------------------------------------------------------------------------

    def _make_predictor(self, uri: str) -> Pod:
        port = next(self._ports)
        return serving.predictor("churn", uri, self._folder / f"predictor-{port}", port)

    def _make_transformer(self, image: str) -> Pod:
        port = next(self._ports)
        given = ("--predictor_protocol=v2", "--model_name", "churn", "--predictor_host", "churn-predictor.ml-prod")
        return serving.transformer("churn", image, given, self._folder / f"transformer-{port}", port)

    def _move(self, host: str) -> Callable[[Pod], None]:
        return lambda pod: self.front.proxy(host, pod.address)

    # --- controllers -----------------------------------------------------------------------------------

    def _live(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            try:
                with self._lock:
                    self._step()
            except Exception:  # noqa: BLE001  # a controller survives whatever one look meets, and says so
                traceback.print_exc()

    def _step(self) -> None:
        tip = self.origin.tip()
        if self.operation:
            if self.operation["sync"]["revision"] not in self.hangs_on:
                self._sync(self.operation["sync"]["revision"])
        elif not self.deaf and tip not in (self.revision, self.phase_revision):
            self.operation = {"sync": {"revision": tip}}
            self.phase, self.phase_revision, self.message = "Running", tip, ""
        for deployment in (self._predictor, self._transformer):
            deployment.step(hold=self.holds)

    def _sync(self, revision: str) -> None:
        self.operation = None
        objects = None if revision in self.refuses else self._render(revision)
        if objects is None:
            self.phase, self.message = "Failed", self.message or "one or more objects failed to apply"
            return
        self.phase, self.message, self.revision = "Succeeded", "successfully synced", revision
        self.synced.append(revision)
        self._apply(objects)

    def _apply(self, objects: list[Object]) -> None:
        self.service = next((found for found in objects if found["kind"] == "InferenceService"), None)
        self._predictor.want(self._uri())
        self._transformer.want(self._image())

    def _render(self, revision: str) -> list[Object] | None:
        path = self.manifest["spec"]["source"]["path"]
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(["git", "archive", revision], cwd=self.origin.url, check=True, capture_output=True)
            subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
            if not Path(folder, path).is_dir():
                self.message = f"{path}: app path does not exist"
                return None
            done = subprocess.run([KUSTOMIZE, "build", path], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            self.message = done.stderr.strip()
            return None
        return [found for found in yaml.safe_load_all(done.stdout) if found]

    def _uri(self) -> str:
        return str(self.service["spec"]["predictor"]["model"]["storageUri"]) if self.service else ""

    def _image(self) -> str:
        return str(self.service["spec"]["transformer"]["containers"][0]["image"]) if self.service else ""

    # --- Argo CD's API -----------------------------------------------------------------------------------

    def _answer(self, request: BaseHTTPRequestHandler, _: bytes) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {SECRETS['ARGOCD_TOKEN']}":
            return 401, {"error": "no session information", "code": 16}
        if request.command != "GET" and request.headers.get("Content-Type") != "application/json":
            return 415, {"error": "Invalid content type"}
        url = urlsplit(request.path)
        query = {name: found[0] for name, found in parse_qs(url.query).items()}
        if not self.exists and url.path.startswith("/api/v1/applications/"):
            return DENIED
        with self._lock:
            return self._route(request.command, unquote(url.path), query)

    def _route(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        application = f"/api/v1/applications/{self.name}"
        project = self.manifest["spec"]["project"]
        if path == application:
            return 200, self._application()
        if path == f"{application}/resource":
            return self._resource(query)
        if (method, path) == ("DELETE", f"{application}/operation"):
            return self._terminate()
        if path.startswith("/api/v1/account/can-i/applications/"):
            return 200, {"value": "yes" if path.endswith(f"/{project}/{self.name}") else "no"}
        if path == f"/api/v1/clusters/{self.manifest['spec']['destination']['server']}":
            kserve = ["serving.kserve.io/v1beta1/InferenceService"] if self.has_kserve else []
            return 200, {"info": {"apiVersions": ["apps/v1/Deployment", *kserve]}}
        return DENIED

    def _terminate(self) -> Answer:
        if not self.operation:
            return 400, {"error": "Unable to terminate operation. No operation is in progress"}
        self.terminated.append(self.operation["sync"]["revision"])
        self.operation, self.phase, self.message = None, "Failed", "Operation terminated"
        return 200, {}

    def _application(self) -> Object:
        synced = bool(self.revision) and (self.deaf or self.revision == self.origin.tip())
        sync = {"status": "Synced" if synced else "OutOfSync", "revision": self.revision}
        state = {"phase": self.phase, "message": self.message, "syncResult": {"revision": self.phase_revision}}
        status = {"sync": sync} | ({"operationState": state} if self.phase else {})
        return {**self.manifest, "status": status, **({"operation": self.operation} if self.operation else {})}

    def _resource(self, query: Mapping[str, str]) -> Answer:
        found = self._objects().get((query["kind"], query["namespace"], query["resourceName"]))
        if found is None or query["kind"] not in self._shown:
            return 400, {"error": f"{query['kind']} {query['resourceName']} not found as part of application {self.name}"}
        return 200, {"manifest": json.dumps(found)}

    def _objects(self) -> dict[tuple[str, str, str], Object]:
        if not self.service:
            return {}
        source = {"internal.serving.kserve.io/storage-initializer-sourceuri": self._predictor.content}
        containers = [{"name": "kserve-container", "image": self._transformer.content}]
        return {
            ("InferenceService", "ml-prod", "churn"): {**self.service, "status": self._status()},
            ("Deployment", "ml-prod", "churn-predictor"): _manifest(self._predictor, {"metadata": {"annotations": source}}),
            ("Deployment", "ml-prod", "churn-transformer"): _manifest(self._transformer, {"spec": {"containers": containers}}),
        }

    def _status(self) -> Object:
        if failure := self._predictor.failure():
            info = {"reason": "ModelLoadFailed", "message": failure}
            return {"url": f"https://{SERVICE}", "modelStatus": {"transitionStatus": "BlockedByFailedLoad", "lastFailureInfo": info}}
        return {"url": f"https://{SERVICE}", "modelStatus": {"transitionStatus": "UpToDate"}}


def _manifest(deployment: Deployment, template: Object) -> Object:
    metadata = {"name": deployment.name, "generation": deployment.generation}
    return {"metadata": metadata, "spec": {"replicas": 1, "template": template}, "status": deployment.status()}


@contextlib.contextmanager
def running(folder: Path, origin: Origin, front: Front, ports: Iterator[int]) -> Iterator[Cluster]:
    """A cluster for as long as the context."""
    cluster = Cluster(folder, origin, front, ports)
    try:
        yield cluster
    finally:
        cluster.close()
