from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import snapshot
import store

from conftest import Result, Step
from servers import BUCKET
from tracking import SNAPSHOT, Tracking

CONFIG = {"pipeline": "churn", "stage": "fit", "snapshot": None, "metrics": ["auc"]}
DATA = {"snapshot": "data/features.csv", "metrics": ["auc"], "pipeline": "churn", "stage": "fit"}


@pytest.fixture
def features(workspace: Path) -> Path:
    (workspace / "data").mkdir()
    (workspace / "data" / "features.csv").write_text("x,y\n1,2\n")
    return workspace / "data" / "features.csv"


@pytest.fixture
def train(step: Step, mlflow_env: dict[str, str], store_env: dict[str, str]) -> Step:
    def call(command: str, config: dict[str, object], *, process: bool = False, **env: str) -> Result:
        return step(f"train {command}", config, mlflow_env, store_env, env, process=process)

    return call


# --- prepare -----------------------------------------------------------------------------------------


def test_the_first_attempt_trains(train: Step, run_id: str, mlflow_env: dict[str, str]) -> None:
    done = train("prepare", CONFIG)
    assert done.code == 0, done.log
    assert done.outputs["reuse"] == "false"
    tags = {"mlp.pipeline": "churn", "mlp.stage": "fit", "mlp.run": f"acme/churn/{run_id}", "mlp.snapshot": "git:c0ffee" + "0" * 34}
    assert json.loads(done.outputs["run_context"]) == tags


def test_brings_the_snapshot(train: Step, tracking: Tracking, features: Path) -> None:
    uri, sha256 = f"s3://{BUCKET}/mlp/churn/test/features.csv", snapshot.sha256(features)
    store.Store().upload(features, uri)
    features.unlink()
    done = train("prepare", DATA, SNAPSHOT_URI=uri, SNAPSHOT_SHA256=sha256)
    assert done.code == 0, done.log
    assert features.read_text() == "x,y\n1,2\n"
    assert json.loads(done.outputs["run_context"])["mlp.snapshot"] == sha256


def test_brings_a_directory_and_drops_what_lay_there(train: Step, tracking: Tracking, features: Path, workspace: Path) -> None:
    uri, sha256 = f"s3://{BUCKET}/mlp/churn/test/data", snapshot.sha256(workspace / "data")
    store.Store().upload(workspace / "data", uri)
    (workspace / "data" / "stale.csv").write_text("old")
    done = train("prepare", DATA | {"snapshot": "data"}, SNAPSHOT_URI=uri, SNAPSHOT_SHA256=sha256)
    assert done.code == 0, done.log
    assert not (workspace / "data" / "stale.csv").exists()


def test_refuses_an_altered_snapshot(train: Step, tracking: Tracking, features: Path) -> None:
    uri = f"s3://{BUCKET}/mlp/churn/test/altered.csv"
    store.Store().upload(features, uri)
    done = train("prepare", DATA, SNAPSHOT_URI=uri, SNAPSHOT_SHA256=SNAPSHOT)
    assert done.code == 4
    assert "not the one that was checked" in done.log


def test_an_artifact_is_checked_too(train: Step, features: Path) -> None:
    assert train("prepare", DATA, SNAPSHOT_SHA256=snapshot.sha256(features)).code == 0
    assert train("prepare", DATA, SNAPSHOT_SHA256=SNAPSHOT).code == 4
    features.unlink()
    assert train("prepare", DATA, SNAPSHOT_SHA256=SNAPSHOT).code == 2


def test_a_rerun_uses_its_own_candidate_again(train: Step, tracking: Tracking) -> None:
    trained = tracking.trained({"auc": 0.8}, mlp_snapshot="git:c0ffee" + "0" * 34)
    assert train("prepare", CONFIG).outputs["reuse"] == "true"
    done = train("finish", CONFIG)
    assert done.code == 0, done.log
    assert done.outputs == {"run_id": trained.run_id, "model_id": trained.model_id}


@pytest.mark.parametrize("flaw", ["nan", "other data"])
def test_a_rerun_trains_again_where_the_candidate_is_no_use(train: Step, tracking: Tracking, flaw: str) -> None:
    good, bad = "git:c0ffee" + "0" * 34, SNAPSHOT
    first = tracking.trained({"auc": float("nan") if flaw == "nan" else 0.8}, mlp_snapshot=good if flaw == "nan" else bad)
    assert train("prepare", CONFIG).outputs["reuse"] == "false"
    assert "mlp.discarded" in tracking.client.get_run(first.run_id).data.tags
    second = tracking.trained({"auc": 0.9}, mlp_snapshot=good)
    assert train("finish", CONFIG).outputs["run_id"] == second.run_id


# --- finish ------------------------------------------------------------------------------------------


def test_finds_the_candidate_among_what_a_script_leaves(train: Step, tracking: Tracking, run_id: str) -> None:
    other = tracking.client.create_experiment(f"other-{run_id}")
    trained = tracking.trained({"auc": 0.8}, experiment=other)
    tracking.trained({"auc": 0.9}, mlflow_parentRunId=trained.run_id)  # a child
    tracking.trained({"auc": 0.9}, status="FAILED")
    tracking.trained({"auc": 0.9}, mlp_run=f"acme/churn/{run_id}0")  # another run of the pipeline
    tracking.trained({"auc": 0.9}, mlp_stage="other")
    tracking.run({"auc": 0.9})  # no model
    done = train("finish", CONFIG)
    assert done.code == 0, done.log
    assert done.outputs == {"run_id": trained.run_id, "model_id": trained.model_id}


def test_none_or_several_candidates_are_listed(train: Step, tracking: Tracking) -> None:
    done = train("finish", CONFIG)
    assert done.code == 4
    assert "found none" in done.log
    two = [tracking.trained({"auc": 0.8}) for _ in range(2)]
    done = train("finish", CONFIG)
    assert done.code == 4
    assert all(t.run_id in done.log for t in two)


def test_several_models_need_a_mark(train: Step, tracking: Tracking) -> None:
    trained = tracking.trained({"auc": 0.8})
    second = tracking.add_model(trained.run_id)
    done = train("finish", CONFIG)
    assert done.code == 4
    assert trained.model_id in done.log
    assert second in done.log
    tracking.client.set_logged_model_tags(second, {"mlp.candidate": "true"})
    assert train("finish", CONFIG).outputs["model_id"] == second


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ({"training_auc": 0.8}, "did not log the promised metric auc; it logged training_auc"),
        ({"auc": float("nan")}, "auc = nan"),
        ({"auc": float("inf")}, "auc = "),
    ],
)
def test_promised_metrics_must_be_there(train: Step, tracking: Tracking, metrics: dict[str, float], says: str) -> None:
    tracking.trained(metrics)
    done = train("finish", CONFIG)
    assert done.code == 4
    assert says in done.log


def test_the_holdout_is_put_on_record(train: Step, tracking: Tracking, features: Path) -> None:
    trained = tracking.trained({"auc": 0.8})
    assert train("finish", CONFIG | {"holdout": "data/features.csv"}).code == 0
    assert tracking.client.get_run(trained.run_id).data.tags["mlp.holdout"] == snapshot.sha256(features)


def test_an_ordinary_training_script_is_found(
    train: Step, tracking: Tracking, workspace: Path, mlflow_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "train.py").write_text(
        "import mlflow, mlflow.sklearn\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "mlflow.set_experiment('churn')\n"
        "with mlflow.start_run() as parent:\n"
        "    with mlflow.start_run(nested=True):\n"
        "        mlflow.log_metric('auc', 0.1)\n"
        "    mlflow.log_metric('auc', 0.8)\n"
        "    model = LogisticRegression().fit([[0], [1]], [0, 1])\n"
        "    mlflow.sklearn.log_model(model, name='model', pip_requirements=['scikit-learn'])\n"
    )
    monkeypatch.setenv("MLFLOW_RUN_CONTEXT", train("prepare", CONFIG).outputs["run_context"])
    subprocess.run([sys.executable, "train.py"], cwd=workspace, check=True, capture_output=True)
    done = train("finish", CONFIG, process=True)
    assert done.code == 0, done.log
    assert "0.8" in done.summary


# --- the registry in trouble ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["prepare", "finish"])
def test_a_registry_that_is_down_or_refuses(train: Step, command: str) -> None:
    assert train(command, CONFIG, MLFLOW_TRACKING_URI="http://127.0.0.1:9").code == 3
    assert train(command, CONFIG, MLFLOW_TRACKING_PASSWORD="wrong-password").code == 3
