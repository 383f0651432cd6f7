"""Training and evaluation, end to end, with a registry in a directory."""

import csv
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import evaluate
import make_data
import train
from features import build

PARAMS = "train: {learning_rate: 0.1, max_depth: 2, n_estimators: 20, random_state: 7}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    Path("data").mkdir()
    make_data.main()
    build(pd.read_csv("data/churn.csv")).to_parquet("data/features.parquet")
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    return tmp_path


def test_the_gate_measures_what_training_logged(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.main()
    [run] = mlflow.search_runs(experiment_names=["churn"], output_format="list")
    assert 0.75 < run.data.metrics["auc"] < 0.95
    monkeypatch.setenv("MLP_MODEL_URI", f"models:/{run.outputs.model_outputs[0].model_id}")
    monkeypatch.setenv("MLP_DATA", "data/features.parquet")
    monkeypatch.setenv("MLP_METRICS", str(project / "metrics.json"))
    monkeypatch.setenv("MLP_PREDICTIONS", str(project / "predictions.csv"))
    evaluate.main()
    measured = json.loads((project / "metrics.json").read_text(encoding="utf-8"))
    assert measured["auc"] == pytest.approx(run.data.metrics["auc"])
    assert measured["latency_p95"] > 0
    with (project / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 2500
    assert {row["label"] for row in rows} == {"0", "1"}
