"""Stand-in for the kubelet and the scheduler: starts what the pods of InferenceServices would run, and reports on it.

The real controllers make Deployments, ReplicaSets and pods and count them; this alone says what became of a pod. A pod
is never bound to a node, so that the API server deletes it at once, as it does with a node that answers at once.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

from .api import Api, ApiError, Object

SERVICE_LABEL = "serving.kserve.io/inferenceservice"
COMPONENT_LABEL = "component"
DOWNLOAD, SERVE = "storage-initializer", "kserve-container"  # names that KServe gives
LOOK_SECONDS = 0.3
PROBLEMS = (ApiError, OSError, LookupError, subprocess.SubprocessError)  # a server that does not answer is an OSError, too
DONE = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}


@dataclass(frozen=True)
class Pod:
    """What a pod is to run."""

    name: str
    service: str
    component: str  # predictor or transformer
    storage_uri: str  # empty for a transformer
    downloader: Object  # the container that gets the model, as the API server has it; empty for a transformer
    container: Object  # of the server


class Server(Protocol):
    """What was started for a pod."""

    def ready(self) -> bool:
        """Tell what its readiness probe says."""

    def failure(self) -> str:
        """Tell why it ended, empty while it runs."""

    def stop(self) -> None:
        """End it."""


Starter = Callable[[Pod], Server]


@dataclass(frozen=True)
class State:
    """How a server is; a pod's status follows from it."""

    ready: bool
    failure: str


class Kubelet:
    """Looks after the pods of one namespace in a thread of its own, until the context is left."""

    def __init__(self, api: Api, namespace: str, start: Starter) -> None:
        self._api = api
        self._namespace = namespace
        self._start = start
        self._servers: dict[str, Server] = {}
        self._told: dict[str, State] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"kubelet-{namespace}")
        self.problems: list[str] = []  # what one look could not do

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and every server with it."""
        self._ended.set()
        self._thread.join()
        for uid in list(self._servers):
            self._end(uid)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._look()
            except PROBLEMS as problem:  # what the next look may not meet
                self.problems.append(f"{type(problem).__name__}: {problem}")

    def _look(self) -> None:
        pods = self._api.list("v1", "Pod", self._namespace, SERVICE_LABEL)["items"]
        there = {pod["metadata"]["uid"]: pod for pod in pods}
        for uid in self._servers.keys() - there.keys():
            self._end(uid)
        for uid, pod in there.items():
            if uid not in self._servers:
                self._servers[uid] = self._start(_described(pod))
            self._report(uid, pod)

    def _report(self, uid: str, pod: Object) -> None:
        server = self._servers[uid]
        state = State(server.ready(), server.failure())
        if state != self._told.get(uid):
            target = {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
            self._api.patch(target, {"status": _status(pod, state)}, part="status")
            self._told[uid] = state

    def _end(self, uid: str) -> None:
        self._servers.pop(uid).stop()
        self._told.pop(uid, None)


def _described(pod: Object) -> Pod:
    meta, spec = pod["metadata"], pod["spec"]
    downloads = [one for one in spec.get("initContainers", []) if one["name"] == DOWNLOAD]
    return Pod(
        name=meta["name"],
        service=meta["labels"][SERVICE_LABEL],
        component=meta["labels"][COMPONENT_LABEL],
        storage_uri=downloads[0]["args"][0] if downloads else "",
        downloader=downloads[0] if downloads else {},
        container=next(one for one in spec["containers"] if one["name"] == SERVE),
    )


def _status(pod: Object, state: State) -> dict[str, Any]:
    """Return the status that a kubelet gives a pod in this state."""
    facts = {"PodScheduled": True, "Initialized": True, "ContainersReady": state.ready, "Ready": state.ready}
    return {
        "phase": "Running",
        "startTime": pod["metadata"]["creationTimestamp"],
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "conditions": [_condition(kind, holds=holds) for kind, holds in facts.items()],
        "initContainerStatuses": [_container(one, DONE) for one in pod["spec"].get("initContainers", [])],
        "containerStatuses": [_container(one, _serving(state)) for one in pod["spec"]["containers"]],
    }


def _condition(kind: str, *, holds: bool) -> dict[str, Any]:
    return {"type": kind, "status": str(holds), "lastTransitionTime": _now()}


def _serving(state: State) -> dict[str, Any]:
    if not state.failure:
        return {"state": {"running": {"startedAt": _now()}}, "ready": state.ready, "started": True}
    last = {"exitCode": 1, "reason": "Error", "message": state.failure, "finishedAt": _now()}
    # A kubelet starts it again and again; to those who look that is one state.
    return {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": last}, "restartCount": 1}


def _container(container: Object, report: dict[str, Any]) -> dict[str, Any]:
    image = container["image"]
    return {"name": container["name"], "image": image, "imageID": image, "ready": False, "restartCount": 0, **report}


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
