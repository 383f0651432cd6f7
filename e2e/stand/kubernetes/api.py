"""A client of the API server: only what the stand needs of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

Object = dict[str, Any]

MANAGER = "stand"
LOOKS, LOOK_SECONDS = 100, 0.1


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.request.method} {response.url}: {response.status_code} {response.text[:1000]}")
        self.status = response.status_code


@dataclass
class Api:
    """Requests to one API server, as one user."""

    url: str
    token: str
    ca: Path
    _kinds: dict[str, dict[str, Object]] = field(default_factory=dict[str, dict[str, Object]])

    def __post_init__(self) -> None:
        """Open a session."""
        self._session = requests.Session()
        self._session.trust_env = False  # a certificate bundle of the caller would replace ours
        self._session.verify = str(self.ca)
        # A server that has no time yet says when it will.
        again = Retry(total=20, status_forcelist=[requests.codes.too_many_requests], allowed_methods=None)
        self._session.mount("https://", HTTPAdapter(max_retries=again))
        self._session.headers["Authorization"] = f"Bearer {self.token}"

    def ready(self) -> bool:
        """Tell whether the server says that it is ready."""
        try:
            return self._session.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def get(self, version: str, kind: str, namespace: str, name: str) -> Object | None:
        """Get an object, None if there is none."""
        try:
            return self._request("GET", f"{self._path(version, kind, namespace)}/{name}")
        except ApiError as error:
            if error.status == requests.codes.not_found:
                return None
            raise

    def list(self, version: str, kind: str, namespace: str, selector: str = "") -> Object:
        """List the objects of a kind, with the list's resource version."""
        return self._request("GET", self._path(version, kind, namespace), params={"labelSelector": selector})

    def apply(self, manifest: Mapping[str, Any]) -> Object:
        """Apply an object on the server's side, in the place of any other manager."""
        meta = manifest["metadata"]
        path = self._path(manifest["apiVersion"], manifest["kind"], meta.get("namespace", ""))
        headers = {"Content-Type": "application/apply-patch+yaml"}  # which JSON is, too
        params = {"fieldManager": MANAGER, "force": "true"}
        content = json.dumps(manifest)
        return self._request("PATCH", f"{path}/{meta['name']}", data=content, headers=headers, params=params)

    def apply_files(self, *paths: Path, namespace: str = "") -> None:
        """Apply every document of some YAML files; `namespace` is for objects that name none."""
        for path in paths:
            for manifest in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader):
                if manifest:
                    if namespace:
                        manifest["metadata"].setdefault("namespace", namespace)
                    self.apply(manifest)

    def patch(self, target: Object, change: Mapping[str, Any], part: str = "") -> Object:
        """Merge a change into an object, or into a part of it, as `status`."""
        meta = target["metadata"]
        path = f"{self._path(target['apiVersion'], target['kind'], meta.get('namespace', ''))}/{meta['name']}"
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._request("PATCH", f"{path}/{part}".rstrip("/"), data=json.dumps(change), headers=headers)

    def delete(self, version: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        self._request("DELETE", f"{self._path(version, kind, namespace)}/{name}")

    def _path(self, version: str, kind: str, namespace: str) -> str:
        found = self._kind(version, kind)
        scope = f"/namespaces/{namespace}" if found["namespaced"] and namespace else ""
        return f"{_group(version)}{scope}/{found['name']}"

    def _kind(self, version: str, kind: str) -> Object:
        """Look a kind up; that of a new custom resource is served only after a moment."""
        known = self._kinds.setdefault(version, {})
        for _ in range(LOOKS):
            if kind in known:
                break
            known.update(self._served(version))
            time.sleep(0.0 if kind in known else LOOK_SECONDS)
        return known[kind]

    def _served(self, version: str) -> dict[str, Object]:
        try:
            resources = self._request("GET", _group(version))["resources"]
        except ApiError:
            return {}
        return {one["kind"]: one for one in resources if "/" not in one["name"]}

    def _request(self, method: str, path: str, **options: Any) -> Object:
        response = self._session.request(method, self.url + path, timeout=60, **options)
        if not response.ok:
            raise ApiError(response)
        return dict(response.json())


def _group(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
