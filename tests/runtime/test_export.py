from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import mlflow.pyfunc
import numpy as np
import pytest
import store
import yaml

from conftest import Result, Step
from servers import BUCKET, PROXIED
from tracking import Tracking

ROWS = {"inputs": [{"name": "x", "shape": [3, 2], "datatype": "FP64", "data": [0.1, 0.2, 0.9, 0.8, 0.5, 0.6]}]}
SKLEARN = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}
Export = Callable[..., Result]


@pytest.fixture
def export(step: Step, tracking: Tracking, mlflow_env: dict[str, str], store_env: dict[str, str]) -> Export:
    def call(run_id: str, model_id: str, changes: dict[str, Any] | None = None, *, process: bool = False, **env: str) -> Result:
        config = {"pipeline": "churn", "model": tracking.name, "service": "churn", "format": "mlflow"} | (changes or {})
        given = {"RUN_ID": run_id, "MODEL_ID": model_id, "CHAMPION_VERSION": "7", "SNAPSHOT_SHA256": "5" * 64}
        return step("export", config, mlflow_env, store_env, given, env, process=process)

    return call


def flavoured(folder: Path, flavours: dict[str, Any], *files: str) -> Path:
    """An MLflow model directory of another framework, in the layout that MLflow writes."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavours, "mlflow_version": "3.17.2"}))
    return folder


def below(uri: str) -> list[str]:
    return sorted(store.Store().objects(uri))


def test_registers_and_resolves_once(export: Export, tracking: Tracking) -> None:
    trained = tracking.trained({"auc": 0.8})
    done = export(*vars(trained).values(), process=True)
    assert done.code == 0, done.log
    uri = done.outputs["storage_uri"]
    assert done.outputs == {
        "storage_uri": uri,
        "model_version": "1",
        "model_id": trained.model_id,
        "run_id": trained.run_id,
        "model_format": "mlflow",
    }
    assert uri.startswith(f"s3://{BUCKET}/mlflow/")
    assert {"MLmodel", "model.pkl"} <= set(below(uri))
    version = tracking.client.get_model_version(tracking.name, "1")
    assert version.source == f"models:/{trained.model_id}"
    assert version.tags["mlp.champion"] == "7"
    assert version.tags["mlp.run"] == f"acme/churn/{tracking.run_id}"
    assert export(*vars(trained).values()).outputs == done.outputs
    assert len(tracking.client.search_model_versions(f"name = '{tracking.name}'")) == 1


def test_golden_predictions_come_from_the_artifact(
    export: Export, tracking: Tracking, workspace: Path, model_files: dict[str, Path]
) -> None:
    trained = tracking.trained({"auc": 0.8})
    (workspace / "rows.json").write_text(json.dumps(ROWS))
    done = export(*vars(trained).values(), {"golden": {"rows": "rows.json", "argv": [sys.executable]}})
    assert done.code == 0, done.log
    golden = json.loads(tracking.read(trained.run_id, "golden.json"))
    model = mlflow.pyfunc.load_model(str(model_files["cloudpickle"]))
    expected = model.predict(np.array(ROWS["inputs"][0]["data"]).reshape(3, 2)).tolist()
    assert golden == {"model_id": trained.model_id, "request": ROWS, "outputs": {"predict": expected}}


def test_predicting_may_happen_in_another_directory(export: Export, tracking: Tracking, workspace: Path) -> None:
    (workspace / "rows.json").write_text(json.dumps(ROWS))
    elsewhere = ["sh", "-c", 'cd / && exec "$@"', "sh", sys.executable]  # as `uv run --directory` does
    trained = tracking.trained()
    done = export(*vars(trained).values(), {"golden": {"rows": "rows.json", "argv": elsewhere}})
    assert done.code == 0, done.log
    assert json.loads(tracking.read(trained.run_id, "golden.json"))["request"] == ROWS


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ("{", 2, "the golden rows rows.json"),
        ('{"inputs": []}', 2, "are no inference request"),
        ('{"instances": [[1, 2, 3]]}', 4, "predicting the golden rows rows.json ended with exit code"),
    ],
)
def test_rows_that_cannot_be_predicted(export: Export, tracking: Tracking, workspace: Path, rows: str, code: int, says: str) -> None:
    (workspace / "rows.json").write_text(rows)
    done = export(*vars(tracking.trained()).values(), {"golden": {"rows": "rows.json", "argv": [sys.executable]}})
    assert done.code == code, done.log
    assert says in done.log
    assert tracking.client.search_registered_models(f"name = '{tracking.name}'") == []


def test_predicting_has_no_credentials(export: Export, tracking: Tracking, workspace: Path) -> None:
    (workspace / "rows.json").write_text(json.dumps(ROWS))
    spy = "import json,os,sys; seen = [k for k in os.environ if 'PASSWORD' in k or 'SECRET' in k]\n"
    spy += "json.dump({'seen': seen}, open(sys.argv[-1], 'w'))"
    trained = tracking.trained()
    done = export(*vars(trained).values(), {"golden": {"rows": "rows.json", "argv": [sys.executable, "-c", spy]}})
    assert done.code == 0, done.log
    assert json.loads(tracking.read(trained.run_id, "golden.json"))["outputs"] == {"seen": []}


@pytest.mark.parametrize("format_", ["mlflow", "sklearn"])
def test_refuses_skops(export: Export, tracking: Tracking, model_files: dict[str, Path], format_: str) -> None:
    done = export(*vars(tracking.trained(files=model_files["skops"])).values(), {"format": format_})
    assert done.code == 4
    assert "serialised as skops" in done.log
    assert tracking.client.search_registered_models(f"name = '{tracking.name}'") == []


def test_refuses_an_empty_model(export: Export, tracking: Tracking) -> None:
    run_id = tracking.run()
    done = export(run_id, tracking.add_model(run_id, empty=True))
    assert done.code == 4
    assert "empty" in done.log


def test_refuses_a_model_of_another_run(export: Export, tracking: Tracking) -> None:
    assert export(tracking.run(), tracking.trained().model_id).code == 4
    assert export(tracking.run(), "m-" + "0" * 32).code == 4


# --- artifacts behind the server's proxy -------------------------------------------------------------------


@pytest.fixture
def proxied(tracking: Tracking) -> dict[str, str]:
    experiment = tracking.client.create_experiment(f"proxied-{tracking.run_id}", artifact_location="mlflow-artifacts:/exp")
    return vars(tracking.trained(experiment=experiment))


def test_a_proxied_artifact_is_copied_to_the_store(export: Export, proxied: dict[str, str]) -> None:
    done = export(*proxied.values())
    assert done.code == 0, done.log
    assert done.outputs["storage_uri"] == f"s3://{BUCKET}/mlp/churn/models/{proxied['model_id']}/mlflow"
    assert {"MLmodel", "model.pkl"} <= set(below(done.outputs["storage_uri"]))


def test_a_proxied_artifact_is_found_behind_the_proxy(export: Export, proxied: dict[str, str]) -> None:
    done = export(*proxied.values(), {"artifact_root": f"s3://{BUCKET}/{PROXIED}"})
    assert done.code == 0, done.log
    assert done.outputs["storage_uri"].startswith(f"s3://{BUCKET}/{PROXIED}/exp/")
    assert "MLmodel" in below(done.outputs["storage_uri"])


def test_a_proxied_artifact_without_a_store_is_refused(export: Export, proxied: dict[str, str]) -> None:
    done = export(*proxied.values(), MLP_STORE_BUCKET="")
    assert done.code == 2
    assert "KServe cannot read mlflow-artifacts:/" in done.log


def test_a_wrong_root_behind_the_proxy_is_refused(export: Export, proxied: dict[str, str]) -> None:
    done = export(*proxied.values(), {"artifact_root": f"s3://{BUCKET}/elsewhere"})
    assert done.code == 4
    assert "there is no model at" in done.log


# --- formats -----------------------------------------------------------------------------------------------


def test_sklearn_is_served_as_it_is(export: Export, tracking: Tracking) -> None:
    done = export(*vars(tracking.trained()).values(), {"format": "sklearn"})
    assert done.code == 0, done.log
    uri = done.outputs["storage_uri"]
    assert [name for name in below(uri) if name.endswith((".pkl", ".joblib"))] == ["model.pkl"]
    assert pickle.loads(store.Store().read(f"{uri}/model.pkl")).predict([[0.9, 0.9]]).tolist() == [1]


@pytest.mark.parametrize(
    ("format_", "flavours", "files", "served"),
    [
        ("sklearn", {"sklearn": SKLEARN}, ["model.pkl", "scaler.pkl"], ["model.pkl"]),
        ("xgboost", {"xgboost": {"data": "model.ubj"}}, ["model.ubj", "input_example.json"], ["model.ubj"]),
        ("onnx", {"onnx": {"data": "model.onnx"}}, ["model.onnx"], ["churn/1/model.onnx"]),
        (
            "huggingface",
            {"transformers": {"model_binary": "model"}},
            ["model/config.json", "model/model.safetensors", "components/tokenizer/tokenizer.json"],
            ["config.json", "model.safetensors", "tokenizer.json"],
        ),
    ],
)
def test_other_formats_get_their_layout(
    export: Export, tracking: Tracking, tmp_path: Path, format_: str, flavours: dict[str, Any], files: list[str], served: list[str]
) -> None:
    trained = tracking.trained(files=flavoured(tmp_path / "model", flavours, *files))
    done = export(*vars(trained).values(), {"format": format_})
    assert done.code == 0, done.log
    assert below(done.outputs["storage_uri"]) == served
    refused = export(*vars(trained).values(), {"format": format_}, MLP_STORE_BUCKET="")
    assert refused.code == 2


@pytest.mark.parametrize(
    ("format_", "flavours", "says"),
    [
        ("mlflow", {"onnx": {}}, "no python_function flavour, only onnx"),
        ("xgboost", {"xgboost": {"data": "model.bin"}}, "not model.bin"),
        ("xgboost", {"xgboost": {"data": "../../../etc/passwd"}}, "not among its files"),
        ("onnx", {"onnx": {"data": "gone.onnx"}}, "not among its files"),
        ("huggingface", {"transformers": {"model_binary": "empty"}}, "no config.json"),
    ],
)
def test_models_that_the_runtime_cannot_read(
    export: Export, tracking: Tracking, tmp_path: Path, format_: str, flavours: dict[str, Any], says: str
) -> None:
    done = export(
        *vars(tracking.trained(files=flavoured(tmp_path / "model", flavours, "model.bin", "empty/x"))).values(), {"format": format_}
    )
    assert done.code == 4, done.log
    assert says in done.log


# --- trouble -----------------------------------------------------------------------------------------------


def test_a_registry_or_store_that_is_down(export: Export, tracking: Tracking) -> None:
    trained = tracking.trained()
    assert export(*vars(trained).values(), MLFLOW_TRACKING_URI="http://127.0.0.1:9").code == 3
    assert export(*vars(trained).values(), AWS_ENDPOINT_URL_S3="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1", process=True).code == 3


def test_an_upload_that_died_is_finished_by_the_next_attempt(export: Export, proxied: dict[str, str]) -> None:
    uri = export(*proxied.values()).outputs["storage_uri"]
    bucket, key = store.split(f"{uri}/model.pkl")
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
    assert export(*proxied.values()).code == 0
    assert "model.pkl" in below(uri)
