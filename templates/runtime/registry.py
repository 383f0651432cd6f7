"""The model registry: MLflow over REST, with our own time limits and errors."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from common import Deadline, ServiceError, env, optional_env
from web import Service

API = "/api/2.0/mlflow"
PROBE_VERSION = "999999999"  # never exists: moving an alias to it is refused after the permission check
EXPERIMENTS_A_SEARCH = 100


@dataclass(frozen=True)
class Run:
    """A training run."""

    run_id: str
    status: str
    deleted: bool
    artifact_uri: str
    tags: dict[str, str] = field(default_factory=dict[str, str])
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    model_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A logged model, `m-…`."""

    model_id: str
    name: str
    status: str
    run_id: str
    artifact_uri: str
    tags: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Version:
    """A version of a registered model."""

    name: str
    version: str
    status: str
    run_id: str
    source: str
    model_id: str
    tags: dict[str, str] = field(default_factory=dict[str, str])


class Registry:
    """The part of MLflow's REST API that a pipeline needs."""

    def __init__(self, deadline: Deadline | None = None, attempts: int = 4) -> None:
        uri = env("MLFLOW_TRACKING_URI")
        self._service = Service("MLflow", uri, _bearer(), _basic(), attempts=attempts, deadline=deadline or Deadline(180.0))

    def _call(self, method: str, path: str, *, again: bool | None = None, **data: Any) -> Any:
        response = self._request(method, path, again=again, **data)
        self._service.expect(response)
        return _decode(response)

    def _request(self, method: str, path: str, *, again: bool | None = None, **data: Any) -> requests.Response:
        place = {"params": data} if method == "GET" else {"json": data}
        return self._service.request(method, API + path, again=again, **place)

    def _find(self, path: str, **params: Any) -> Any:
        """GET something that may be absent: None then."""
        response = self._request("GET", path, **params)
        if response.status_code == 404 and error_code(response) == "RESOURCE_DOES_NOT_EXIST":
            return None
        self._service.expect(response)
        return _decode(response)

    # --- runs and logged models ----------------------------------------------------------------------

    def run(self, run_id: str) -> Run | None:
        """Get a run, with its metrics and logged models."""
        found = self._find("/runs/get", run_id=run_id)
        return _run(found["run"]) if found else None

    def runs(self, tags: dict[str, str]) -> list[Run]:
        """All runs with these tags, in any experiment."""
        query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
        return [run for group in self._experiments() for run in self._runs(group, query)]

    def _experiments(self) -> Iterator[list[str]]:
        pages = self._pages("/experiments/search", "experiments", max_results=1000)
        ids = [str(e["experiment_id"]) for e in pages]
        for start in range(0, len(ids), EXPERIMENTS_A_SEARCH):
            yield ids[start : start + EXPERIMENTS_A_SEARCH]

    def _runs(self, experiments: list[str], query: str) -> Iterator[Run]:
        found = self._pages("/runs/search", "runs", experiment_ids=experiments, filter=query, max_results=100)
        for item in found:
            if run := self.run(item["info"]["run_id"]):  # a search leaves out the logged models
                yield run

    def _pages(self, path: str, key: str, **data: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self._call("POST", path, again=True, **data, page_token=token)
            yield from page.get(key, [])
            token = page.get("next_page_token", "")
            if not token:
                return

    def metric_values(self, run_id: str, metric: str) -> list[float]:
        """Every value that a run logged for a metric."""
        history = self._call("GET", "/metrics/get-history", run_id=run_id, metric_key=metric, max_results=1000)
        return [_number(m["value"]) for m in history.get("metrics", [])]

    def tag_run(self, run_id: str, key: str, value: str) -> None:
        """Set a tag on a run."""
        self._call("POST", "/runs/set-tag", again=True, run_id=run_id, key=key, value=value)

    def model(self, model_id: str) -> Model | None:
        """Get a logged model."""
        found = self._find(f"/logged-models/{model_id}")
        return _model(found["model"]) if found else None

    # --- registered models ---------------------------------------------------------------------------

    def aliases(self, name: str) -> dict[str, str] | None:
        """Alias → version of a registered model; None if there is no such model."""
        found = self._find("/registered-models/get", name=name)
        if found is None:
            return None
        return {a["alias"]: str(a["version"]) for a in found["registered_model"].get("aliases", [])}

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Move an alias."""
        self._call("POST", "/registered-models/alias", again=True, name=name, alias=alias, version=version)

    def may_write(self, name: str) -> bool:
        """Whether we may change the registered model; changes nothing."""
        data = {"name": name, "alias": "mlp-probe", "version": PROBE_VERSION}
        response = self._request("POST", "/registered-models/alias", again=True, **data)
        if response.status_code in (400, 404):  # the version (or the model) is missing: we were let in
            return True
        if response.status_code in (401, 403):
            return False
        self._service.expect(response)
        raise ServiceError(f"MLflow: an alias was put on version {PROBE_VERSION} of {name}, which should not exist")

    def create_registered_model(self, name: str) -> None:
        """Create a registered model unless it exists."""
        response = self._request("POST", "/registered-models/create", again=True, name=name)
        if error_code(response) != "RESOURCE_ALREADY_EXISTS":
            self._service.expect(response)

    def version(self, name: str, version: str) -> Version | None:
        """Get a version of a registered model."""
        found = self._find("/model-versions/get", name=name, version=version)
        return _version(found["model_version"]) if found else None

    def versions_of_run(self, name: str, run_id: str) -> list[Version]:
        """The versions of a registered model that came from a run."""
        query = f"name = '{name}' and run_id = '{run_id}'"
        found = self._call("GET", "/model-versions/search", filter=query, max_results=1000)
        return [_version(v) for v in found.get("model_versions", [])]

    def create_version(self, name: str, model: Model, tags: dict[str, str]) -> Version:
        """Register a logged model; not repeated by itself, since each call makes a version."""
        data = {
            "name": name,
            "source": f"models:/{model.model_id}",
            "run_id": model.run_id,
            "model_id": model.model_id,
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        return _version(self._call("POST", "/model-versions/create", again=False, **data)["model_version"])

    def tag_version(self, name: str, version: str, key: str, value: str) -> None:
        """Set a tag on a version."""
        self._call("POST", "/model-versions/set-tag", again=True, name=name, version=version, key=key, value=value)

    def download_uri(self, name: str, version: str) -> str:
        """Where the files of a version are; its `source` does not say."""
        found = self._call("GET", "/model-versions/get-download-uri", name=name, version=version)
        return str(found["artifact_uri"])


def _basic() -> tuple[str, str] | None:
    user, password = optional_env("MLFLOW_TRACKING_USERNAME"), optional_env("MLFLOW_TRACKING_PASSWORD")
    return (user, password) if user and password else None


def _bearer() -> dict[str, str]:
    token = optional_env("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def error_code(response: requests.Response) -> str:
    """MLflow's own code of an error, empty for an answer that is none of MLflow's errors."""
    try:
        return str(response.json().get("error_code", ""))
    except (ValueError, AttributeError):
        return ""


def _decode(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise ServiceError(f"MLflow answered {response.request.path_url.split('?')[0]} with something not JSON") from None


def _pairs(items: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in items}


def _numbers(items: Iterable[dict[str, Any]]) -> dict[str, float]:
    return {item["key"]: _number(item["value"]) for item in items}


def _number(value: str | float) -> float:
    """A metric's value: NaN arrives as text, infinity as the largest number that the database can hold."""
    number = float(value)
    return math.copysign(math.inf, number) if abs(number) == sys.float_info.max else number


def _run(data: dict[str, Any]) -> Run:
    info, content = data["info"], data.get("data", {})
    models = data.get("outputs", {}).get("model_outputs", [])
    return Run(
        run_id=info["run_id"],
        status=info["status"],
        deleted=info.get("lifecycle_stage") == "deleted",
        artifact_uri=info.get("artifact_uri", ""),
        tags=_pairs(content.get("tags", [])),
        metrics=_numbers(content.get("metrics", [])),
        model_ids=tuple(dict.fromkeys(m["model_id"] for m in models)),
    )


def _model(data: dict[str, Any]) -> Model:
    info = data["info"]
    return Model(
        model_id=info["model_id"],
        name=info.get("name", ""),
        status=str(info.get("status", "")),
        run_id=info.get("source_run_id", ""),
        artifact_uri=info.get("artifact_uri", ""),
        tags=_pairs(info.get("tags", [])),
    )


def _logged_model(source: str) -> str:
    """The model behind `models:/m-…`; an answer often leaves `model_id` out."""
    found = source.removeprefix("models:/")
    return found if source.startswith("models:/m-") else ""


def _version(data: dict[str, Any]) -> Version:
    return Version(
        name=data["name"],
        version=str(data["version"]),
        status=data.get("status", ""),
        run_id=data.get("run_id", ""),
        source=data.get("source", ""),
        model_id=data.get("model_id", "") or _logged_model(data.get("source", "")),
        tags=_pairs(data.get("tags", [])),
    )
