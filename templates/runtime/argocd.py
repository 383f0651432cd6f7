"""What Argo CD says about an application and its live objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from common import ConfigError, Deadline, env
from web import Service

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of Kubernetes object."""

    group: str
    version: str
    name: str


INFERENCE_SERVICE = Kind("serving.kserve.io", "v1beta1", "InferenceService")
DEPLOYMENT = Kind("apps", "v1", "Deployment")


@dataclass(frozen=True)
class Application:
    """The part of an application's status that says which commit is live."""

    synced: bool
    revisions: tuple[str, ...]
    operating: bool
    operation_phase: str
    operation_revisions: tuple[str, ...]
    message: str

    @staticmethod
    def read(data: Object) -> Application:
        """Decode `GET /api/v1/applications/{name}`."""
        status = data.get("status") or {}
        sync, state = status.get("sync") or {}, status.get("operationState") or {}
        phase = str(state.get("phase", ""))
        running = "operation" in data or phase in ("Running", "Terminating")
        conditions = [str(c.get("message", "")) for c in status.get("conditions") or [] if "Error" in str(c.get("type"))]
        said = [str(state.get("message", ""))] if running or phase in ("Failed", "Error") else []
        return Application(
            synced=sync.get("status") == "Synced",
            revisions=_revisions(sync),
            operating=running,
            operation_phase=phase,
            operation_revisions=_revisions(state.get("syncResult") or {}) or _revisions(_asked(data, state)),
            message="; ".join(m for m in (*said, *conditions) if m)[:500],
        )


def _revisions(data: Object) -> tuple[str, ...]:
    found = data.get("revisions") or [data.get("revision")]
    return tuple(str(revision) for revision in found if revision)


def _asked(data: Object, state: Object) -> Object:
    operation = data.get("operation") or state.get("operation") or {}
    return dict(operation.get("sync") or {})


class ArgoCD:
    """One application, through Argo CD's own API."""

    def __init__(self, application: str, deadline: Deadline) -> None:
        self._path = f"/api/v1/applications/{quote(application, safe='')}"
        self._name = application
        token = {"Authorization": f"Bearer {env('ARGOCD_AUTH_TOKEN')}"}
        self._service = Service("Argo CD", env("ARGOCD_SERVER"), token, attempts=2, deadline=deadline)

    def application(self, *, refresh: bool) -> Application:
        """Get the application; `refresh` has Argo CD look at git first."""
        response = self._request("GET", self._path, params={"refresh": "normal"} if refresh else {})
        self._service.expect(response)
        return Application.read(response.json())

    def live(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Get a live object that belongs to the application, None if there is none."""
        params = {"group": kind.group, "version": kind.version, "kind": kind.name, "namespace": namespace, "resourceName": name}
        response = self._request("GET", f"{self._path}/resource", params=params)
        # An object that is not in the application's tree is an invalid argument, one that is gone is not found.
        if response.status_code == 404 or (response.status_code == 400 and "not found" in response.text):
            return None
        self._service.expect(response)
        manifest = response.json().get("manifest") or "null"
        return dict(decoded) if isinstance(decoded := json.loads(manifest), dict) else None

    def terminate(self) -> None:
        """End the operation under way; that there is none any more is fine."""
        response = self._request("DELETE", f"{self._path}/operation")
        if response.status_code not in (400, 404):
            self._service.expect(response)

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self._service.request(method, path, **options)
        if response.status_code in (401, 403):  # also what a missing application answers
            raise ConfigError(f"Argo CD refused {method} on application {self._name}: it is missing, or the token may not do that")
        return response
