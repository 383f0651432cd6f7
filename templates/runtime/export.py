"""Export: register the approved model and resolve it to an immutable address that KServe can read."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import artifacts
import formats
import store
import usercode
from common import CandidateError, ConfigError, Deadline, ServiceError, config, env, optional_env, outputs, run, summary, table
from registry import Model, Registry, Version

READY_SECONDS = 120.0
PREDICT_SECONDS = 900.0
CREDENTIALS = frozenset(
    {
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_TRACKING_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
)
PROXY = "mlflow-artifacts:"


@dataclass(frozen=True)
class Golden:
    """Configuration: the rows to predict, and how to run Python in the project's environment."""

    rows: str
    argv: list[str]


@dataclass(frozen=True)
class Settings:
    """Configuration of the export."""

    pipeline: str
    model: str
    service: str
    format: Literal["mlflow", "sklearn", "xgboost", "onnx", "huggingface"]
    artifact_root: str | None = None
    golden: Golden | None = None


def main() -> None:
    """Register, resolve, predict."""
    settings, registry = config(Settings), Registry()
    request = _request(settings.golden.rows) if settings.golden else {}
    model = registry.model(env("MODEL_ID"))
    if not model or model.run_id != env("RUN_ID"):
        raise CandidateError(f"run {env('RUN_ID')} has no logged model {env('MODEL_ID')}")
    if not artifacts.names(model.artifact_uri):
        raise CandidateError(f"the logged model is empty: there are no files at {model.artifact_uri}")
    with artifacts.downloaded(f"models:/{model.model_id}") as folder:
        content = formats.open_model(folder)
        layout = formats.FORMATS[settings.format](content, settings.service)
        predicted = _predict(settings.golden, folder)
        version = _register(registry, settings, model)
        uri = _serve(settings, model, registry.download_uri(version.name, version.version), folder, layout)
    if settings.golden:
        golden = {"model_id": model.model_id, "request": request, "outputs": predicted}
        artifacts.log_json(model.run_id, "golden.json", golden)
    _report(settings, model, version, uri)


# --- the registered version ----------------------------------------------------------------------------


def _register(registry: Registry, settings: Settings, model: Model) -> Version:
    """The version of this model; one that an earlier attempt made is used again."""
    registry.create_registered_model(settings.model)
    found = [v for v in registry.versions_of_run(settings.model, model.run_id) if v.model_id == model.model_id]
    version = found[0] if found else registry.create_version(settings.model, model, _tags(settings))
    return _wait(registry, version)


def _tags(settings: Settings) -> dict[str, str]:
    return {
        "mlp.pipeline": settings.pipeline,
        "mlp.run": f"{env('GITHUB_REPOSITORY')}/{env('GITHUB_RUN_ID')}",
        "mlp.snapshot": optional_env("SNAPSHOT_SHA256") or f"git:{env('GITHUB_SHA')}",
        "mlp.champion": optional_env("CHAMPION_VERSION"),
    }


def _wait(registry: Registry, version: Version) -> Version:
    deadline = Deadline(READY_SECONDS)
    while version.status != "READY":
        if deadline.expired() or version.status == "FAILED_REGISTRATION":
            raise ServiceError(f"MLflow: version {version.version} of {version.name} is {version.status}")
        deadline.sleep(2.0)
        version = registry.version(version.name, version.version) or version
    return version


# --- the address ---------------------------------------------------------------------------------------


def _serve(settings: Settings, model: Model, uri: str, folder: Path, layout: formats.Layout | None) -> str:
    """The address to serve from: the artifact itself if KServe can read it as it is, else a copy."""
    direct = _behind_proxy(uri, settings.artifact_root)
    if layout is None and direct.startswith("s3://"):
        _check_direct(direct)
        return direct
    why = f"the {settings.format} runtime wants another layout" if layout is not None else f"KServe cannot read {uri}"
    if not store.bucket():
        raise ConfigError(f"{why}, and the pipeline has no object store to copy to (nor an `artifact_root` behind the proxy)")
    target = f"s3://{store.bucket()}/mlp/{settings.pipeline}/models/{model.model_id}/{settings.format}"
    _copy(layout or _as_is(folder), target)
    return target


def _behind_proxy(uri: str, root: str | None) -> str:
    """The address behind MLflow's artifact proxy, where the pipeline knows it."""
    if not uri.startswith(PROXY) or not root:
        return uri
    path = uri.removeprefix(PROXY)
    if path.startswith("//"):
        path = path[2:].partition("/")[2]
    return f"{root.rstrip('/')}/{path.strip('/')}"


def _check_direct(uri: str) -> None:
    if "MLmodel" not in store.Store().objects(uri):
        raise CandidateError(f"there is no model at {uri}, where the registry says it is")


def _as_is(folder: Path) -> formats.Layout:
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def _copy(layout: formats.Layout, target: str) -> None:
    """Copy to a place that belongs to this very model; what is there already is the same."""
    here = store.Store()
    there = here.objects(target)
    for name, path in layout.items():
        if there.get(name) != path.stat().st_size:
            here.upload(path, f"{target}/{name}")


# --- golden predictions --------------------------------------------------------------------------------


def _request(rows: str) -> dict[str, Any]:
    """The golden rows: the body of a request."""
    try:
        found = json.loads(Path(rows).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the golden rows {rows}: {error}") from None
    if not isinstance(found, dict) or not (found.get("inputs") or found.get("instances")):
        raise ConfigError(f"the golden rows {rows} are no inference request: neither `inputs` nor `instances`")
    return found


def _predict(golden: Golden | None, folder: Path) -> dict[str, Any]:
    """The artifact's own predictions, made in the project's environment and without credentials."""
    if not golden:
        return {}
    script = str(Path(__file__).resolve().with_name("predict.py"))
    with tempfile.TemporaryDirectory(prefix="mlp-") as place:
        result = Path(place) / "predictions.json"
        argv = [*golden.argv, script, str(folder), golden.rows, str(result)]
        if wrong := usercode.call(argv, usercode.environment({}, without=CREDENTIALS), PREDICT_SECONDS):
            raise CandidateError(f"predicting the golden rows {golden.rows} {wrong}")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def _report(settings: Settings, model: Model, version: Version, uri: str) -> None:
    rows = [("model", settings.model), ("version", version.version), ("files", uri), ("format", settings.format)]
    summary("### Export\n\n" + table(["", ""], rows))
    outputs(
        {
            "storage_uri": uri,
            "model_version": version.version,
            "model_id": model.model_id,
            "run_id": model.run_id,
            "model_format": settings.format,
        }
    )


if __name__ == "__main__":
    run(main)
