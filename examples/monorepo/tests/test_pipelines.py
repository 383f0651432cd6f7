"""The pipelines' scripts, run one after the other the way the workflow runs them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

ROOT = Path(__file__).parents[1]


class Checkout:
    """A copy of the repository, with a registry in a file."""

    def __init__(self, root: Path) -> None:
        """Copy, and make the data."""
        self.root = root
        self.registry = f"sqlite:///{root}/mlflow.db"
        for folder in ("scripts", "pipelines"):
            ignore = shutil.ignore_patterns(".venv", "__pycache__")
            shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
        self.run("scripts/make_data.py")

    def run(self, script: str, **variables: str) -> None:
        """Run a script from the root of the repository."""
        env = {**os.environ, "MLFLOW_TRACKING_URI": self.registry, **variables}
        subprocess.run([sys.executable, script], cwd=self.root, env=env, check=True)  # noqa: S603

    def evaluate(self, script: str, run: Run, data: str) -> tuple[dict[str, float], list[dict]]:
        """Run an evaluation; its metrics and predictions."""
        metrics, predictions = self.root / "metrics.json", self.root / "predictions.csv"
        self.run(
            script,
            MLP_MODEL_URI=f"models:/{run.outputs.model_outputs[0].model_id}",
            MLP_DATA=data,
            MLP_METRICS=str(metrics),
            MLP_PREDICTIONS=str(predictions),
        )
        with predictions.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return json.loads(metrics.read_text(encoding="utf-8")), rows

    def only_run(self, experiment: str) -> Run:
        """Return the one run of an experiment."""
        mlflow.set_tracking_uri(self.registry)
        [run] = mlflow.search_runs(experiment_names=[experiment], output_format="list")
        return run


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("checkout"))


def test_fraud_is_measured_alike_by_training_and_gate(checkout: Checkout) -> None:
    checkout.run("pipelines/fraud/features.py")
    checkout.run("pipelines/fraud/train.py")
    run = checkout.only_run("fraud")
    metrics, rows = checkout.evaluate(
        "pipelines/fraud/evaluate.py", run, "pipelines/fraud/data/features.parquet"
    )
    assert metrics == pytest.approx(run.data.metrics, rel=1e-6)
    assert {"auc", "log_loss", "auc/channel/card", "auc/channel/transfer"} < set(metrics)
    assert 0.8 < metrics["auc"] < 0.99
    assert {row["channel"] for row in rows} == {"card", "transfer", "wallet"}


def test_search_logs_an_onnx_model_that_ranks_well(checkout: Checkout) -> None:
    checkout.run("pipelines/search/train.py")
    run = checkout.only_run("search")
    assert 0.9 < run.data.metrics["ndcg"] < 0.9999
    model = mlflow.pyfunc.load_model(f"models:/{run.outputs.model_outputs[0].model_id}")
    assert set(model.metadata.flavors) == {"onnx", "python_function"}
