"""The sentiment scripts, end to end, with a registry in a directory."""

import csv
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

import evaluate
import reference
import train
from scoring import metrics, split

HERE = Path(__file__).parent
REVIEWS = HERE / "data/reviews.csv"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setattr(train, "REVIEWS", REVIEWS)
    mlflow.set_tracking_uri(tmp_path.as_uri())
    train.main()
    [run] = mlflow.search_runs(experiment_names=["sentiment"], output_format="list")
    return f"models:/{run.outputs.model_outputs[0].model_id}"


def test_the_gate_and_the_smoke_test_agree_with_the_model(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "MLP_MODEL_URI": model,
        "MLP_DATA": str(REVIEWS),
        "MLP_ROWS": str(HERE / "rows.json"),
        "MLP_METRICS": str(tmp_path / "metrics.json"),
        "MLP_PREDICTIONS": str(tmp_path / "predictions.csv"),
        "MLP_EXPECTED": str(tmp_path / "expected.json"),
    }.items():
        monkeypatch.setenv(name, value)
    evaluate.main()
    reference.main()
    accuracy = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["accuracy"]
    with (tmp_path / "predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["label"] == row["prediction"] for row in rows)
    assert accuracy == pytest.approx(right / len(rows))
    assert accuracy > 0.9
    expected = json.loads((tmp_path / "expected.json").read_text(encoding="utf-8"))
    assert expected == {"predictions": [1, 0, 1]}


def test_equal_reviews_stay_on_one_side() -> None:
    training, test = split(pd.read_csv(REVIEWS))
    assert not set(training["text"]) & set(test["text"])
    assert 0.15 < len(test) / (len(training) + len(test)) < 0.35


def test_accuracy_counts_the_classes_by_name() -> None:
    rows = pd.DataFrame({"label": [1, 0, 1, 0]})
    found = ["positive", "negative", "negative", "negative"]
    assert metrics(rows, found) == {"accuracy": 0.75}
