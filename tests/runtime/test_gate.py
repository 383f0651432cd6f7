from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Result, Step
from tracking import SNAPSHOT, Tracking, Trained

AUC = {"text": "auc >= champion.auc + 0.002", "rule": [">=", "auc", ["+", ["champion", "auc"], 0.002]]}
LATENCY = {"text": "latency_p95 <= 80ms", "rule": ["<=", "latency_p95", 80]}
FIRST = {"text": "auc >= 0.75", "rule": [">=", "auc", 0.75]}
METRICS = {"auc": {"direction": "higher"}, "latency_p95": {"direction": "lower", "unit": "ms"}}
GOOD, WORSE = {"auc": 0.85, "latency_p95": 60.0}, {"auc": 0.80, "latency_p95": 60.0}

# Plays the user's evaluate: answers from a table, model URI → what to do.
EVALUATE = """\
import json, os, sys
answer = json.load(open("answers.json"))[os.environ["MLP_MODEL_URI"]]
assert not {"MLP_CONFIG", "GITHUB_OUTPUT"} & os.environ.keys()
open("calls.txt", "a").write(os.environ["MLP_DATA"] + "\\n")
if "exit" in answer:
    sys.exit(answer["exit"])
if "raw" in answer:
    open(os.environ["MLP_METRICS"], "w").write(answer["raw"])
else:
    json.dump(answer["metrics"], open(os.environ["MLP_METRICS"], "w"))
if "rows" in answer:
    open(os.environ["MLP_PREDICTIONS"], "w").write(answer["rows"])
"""
Answers = dict[str, dict[str, Any]]


class World:
    """A candidate, perhaps a champion, and the gate between them."""

    def __init__(self, tracking: Tracking, workspace: Path, call: Callable[..., Result]) -> None:
        self.tracking = tracking
        self.workspace = workspace
        self.call = call
        (workspace / "evaluate.py").write_text(EVALUATE)
        self.candidate = tracking.trained(GOOD)

    def config(self, **changes: Any) -> dict[str, Any]:
        evaluate = {"argv": [sys.executable, "evaluate.py"], "data": "features.parquet", "seconds": 30}
        champion = {"model": self.tracking.name, "alias": "champion"}
        rules = {"require": [AUC, LATENCY], "without_champion": [FIRST], "metrics": METRICS}
        return {"pipeline": "churn", "stage": "quality", "champion": champion, "evaluate": evaluate} | rules | changes

    def gate(self, config: dict[str, Any], answers: Answers | None = None, *, process: bool = False, **env: str) -> Result:
        (self.workspace / "answers.json").write_text(json.dumps(answers or {}))
        ids = {"RUN_ID": self.candidate.run_id, "MODEL_ID": self.candidate.model_id, "SNAPSHOT_SHA256": SNAPSHOT}
        return self.call("gate", config, ids | env, process=process)

    def answers(self, ours: dict[str, Any], version: str, theirs: dict[str, Any]) -> Answers:
        return {f"models:/{self.candidate.model_id}": ours, f"models:/{self.tracking.name}/{version}": theirs}

    def decision(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.tracking.read(self.candidate.run_id, "decision.json"))
        return found


@pytest.fixture
def world(step: Step, tracking: Tracking, workspace: Path, mlflow_env: dict[str, str], store_env: dict[str, str]) -> World:
    def call(command: str, config: dict[str, Any], env: dict[str, str], *, process: bool) -> Result:
        return step(command, config, mlflow_env, store_env, env, process=process)

    return World(tracking, workspace, call)


# --- decisions -----------------------------------------------------------------------------------------


def test_a_better_candidate_wins(world: World) -> None:
    champion, version = world.tracking.champion(WORSE)
    done = world.gate(world.config(), world.answers({"metrics": GOOD}, version, {"metrics": WORSE}), process=True)
    assert done.code == 0, done.log
    expected = {"approved": "true", "model_id": world.candidate.model_id, "champion_version": version, "reason": "all 2 rules hold"}
    assert done.outputs == expected
    assert (world.workspace / "calls.txt").read_text() == f"{world.workspace / 'features.parquet'}\n" * 2
    assert "| auc >= champion.auc + 0.002 | 0.85 | 0.802 | +0.048 |  | holds |" in done.summary
    decision = world.decision()
    assert decision["approved"] is True
    assert decision["champion"] == {"version": version, "model_id": champion.model_id, "metrics": WORSE}
    assert decision["rules"][0]["margin"] == pytest.approx(0.048)


def test_a_lost_gate_is_a_decision_and_says_by_how_much(world: World) -> None:
    _, version = world.tracking.champion(GOOD)
    done = world.gate(world.config(), world.answers({"metrics": {"auc": 0.84, "latency_p95": 90.5}}, version, {"metrics": GOOD}))
    assert (done.code, done.outputs["approved"]) == (0, "false")
    assert done.outputs["reason"] == "auc >= champion.auc + 0.002: lost by 0.012; latency_p95 <= 80ms: lost by 10.5"
    assert "Not approved" in done.summary
    assert world.decision()["approved"] is False


@pytest.mark.parametrize(("auc", "approved"), [(0.76, "true"), (0.74, "false")])
def test_the_first_run_has_rules_of_its_own(world: World, auc: float, approved: str) -> None:
    done = world.gate(world.config(), {f"models:/{world.candidate.model_id}": {"metrics": GOOD | {"auc": auc}}})
    assert done.code == 0, done.log
    assert (done.outputs["approved"], done.outputs["champion_version"]) == (approved, "")
    assert "| auc >= 0.75 |" in done.summary
    assert "| latency_p95 &lt;= 80ms |" in done.summary


def test_absolute_limits_need_no_champion(world: World) -> None:
    config = world.config(require=[FIRST], without_champion=[], champion=None, evaluate=None)
    done = world.gate(config)
    assert (done.code, done.outputs["approved"], done.outputs["champion_version"]) == (0, "true", "")


def test_the_champion_itself_is_not_released_again(world: World) -> None:
    version = world.tracking.champion(WORSE)[1]
    name = world.tracking.name
    ours = world.candidate
    again = world.tracking.client.create_model_version(name, f"models:/{ours.model_id}", ours.run_id, model_id=ours.model_id)
    world.tracking.client.set_registered_model_alias(name, "champion", again.version)
    done = world.gate(world.config())
    assert (done.code, done.outputs["approved"]) == (0, "false")
    assert "is the champion already" in done.outputs["reason"]
    assert version != again.version


def test_a_slice_can_lose(world: World) -> None:
    _, version = world.tracking.champion(WORSE)
    rule = {
        "text": "auc/region/eu >= champion.auc/region/eu - 0.01",
        "rule": [">=", "auc/region/eu", ["-", ["champion", "auc/region/eu"], 0.01]],
    }
    ours, theirs = GOOD | {"auc/region/eu": 0.70}, WORSE | {"auc/region/eu": 0.79}
    done = world.gate(world.config(require=[AUC, rule]), world.answers({"metrics": ours}, version, {"metrics": theirs}))
    assert done.outputs["reason"] == "auc/region/eu >= champion.auc/region/eu - 0.01: lost by 0.08"


# --- what cannot be decided ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"metrics": {"auc": 0.9}}, "the candidate has no metric latency_p95; it has auc"),
        ({"raw": '{"auc": NaN, "latency_p95": 1}'}, "auc of the candidate is nan"),
        ({"raw": '{"auc": "0.9", "latency_p95": 1}'}, "is not a number"),
        ({"raw": "[1]"}, "no JSON object"),
        ({"exit": 3}, "evaluate, for the candidate: ended with exit code 3"),
        ({"metrics": {"auc": 1.0, "latency_p95": 1}}, "too good to be true"),
    ],
)
def test_a_broken_candidate_is_an_error(world: World, answer: dict[str, Any], says: str) -> None:
    done = world.gate(world.config(), {f"models:/{world.candidate.model_id}": answer})
    assert done.code == 4, done.log
    assert says in done.log
    assert "approved" not in done.outputs


def test_an_evaluation_that_hangs_ends(world: World) -> None:
    evaluate = {"argv": [sys.executable, "-c", "import time; time.sleep(60)"], "data": "x", "seconds": 1}
    done = world.gate(world.config(evaluate=evaluate))
    assert done.code == 4
    assert "took more than 1 s" in done.log


@pytest.mark.parametrize("flaw", ["exit", "nan", "files"])
def test_an_unusable_champion(world: World, flaw: str) -> None:
    champion, version = world.tracking.champion(WORSE)
    kinds: Answers = {"exit": {"exit": 1}, "nan": {"raw": '{"auc": NaN}'}, "files": {"metrics": WORSE}}
    if flaw == "files":
        empty = world.tracking.run(WORSE)
        model = world.tracking.add_model(empty, empty=True)
        version = world.tracking.client.create_model_version(world.tracking.name, f"models:/{model}", empty, model_id=model).version
        world.tracking.client.set_registered_model_alias(world.tracking.name, "champion", version)
    answers = world.answers({"metrics": GOOD}, str(version), kinds[flaw])
    done = world.gate(world.config(), answers)
    assert done.code == 4, done.log
    assert "the champion is unusable" in done.log
    done = world.gate(world.config(champion_unusable="replace"), answers)
    assert (done.code, done.outputs["approved"], done.outputs["champion_version"]) == (0, "true", str(version))
    assert "::warning::the champion is unusable" in done.log
    assert champion.model_id


def test_an_outage_is_not_a_missing_champion(world: World) -> None:
    for config in (world.config(), world.config(champion_unusable="replace")):
        assert world.gate(config, MLFLOW_TRACKING_URI="http://127.0.0.1:9").code == 3
    assert world.gate(world.config(), MLFLOW_TRACKING_PASSWORD="wrong-password").code == 3


def test_lost_files_of_the_store_are_an_outage(world: World) -> None:
    _, version = world.tracking.champion(WORSE)
    answers = world.answers({"metrics": GOOD}, version, {"metrics": WORSE})
    down = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    assert world.gate(world.config(champion_unusable="replace"), answers, process=True, **down).code == 3


# --- without evaluate: logged metrics on one holdout ---------------------------------------------------------


def logged(world: World, ours: str, theirs: str, champion: dict[str, float] = WORSE) -> Trained:
    world.tracking.client.set_tag(world.candidate.run_id, "mlp.holdout", ours)
    return world.tracking.champion(champion, mlp_holdout=theirs)[0]


def test_logged_metrics_on_the_same_holdout(world: World) -> None:
    logged(world, "a" * 64, "a" * 64)
    done = world.gate(world.config(evaluate=None, holdout="holdout.csv"))
    assert (done.code, done.outputs["approved"]) == (0, "true")
    assert world.decision()["data"] == "a" * 64


@pytest.mark.parametrize(("ours", "theirs"), [("a" * 64, "b" * 64), ("a" * 64, ""), ("", "")])
def test_logged_metrics_on_other_data_are_refused(world: World, ours: str, theirs: str) -> None:
    logged(world, ours, theirs)
    done = world.gate(world.config(evaluate=None, holdout="holdout.csv"))
    assert done.code == 4
    assert "measured on other data" in done.log


def test_a_deleted_run_is_no_champion(world: World) -> None:
    champion = logged(world, "a" * 64, "a" * 64)
    world.tracking.client.delete_run(champion.run_id)
    done = world.gate(world.config(evaluate=None, holdout="holdout.csv"))
    assert done.code == 4
    assert "is gone" in done.log


def test_a_metric_with_several_values_decides_nothing(world: World) -> None:
    world.tracking.client.log_metric(world.candidate.run_id, "auc", 0.99, step=2)
    done = world.gate(world.config(require=[FIRST], without_champion=[], champion=None, evaluate=None))
    assert done.code == 4
    assert "several values" in done.log


# --- confidence ------------------------------------------------------------------------------------------


def rows(good: int) -> str:
    """200 predictions, `good` of which are right."""
    lines = [f"{n % 2},{(n % 2) if n // 2 < good // 2 else 1 - n % 2}" for n in range(200)]
    return "\n".join(["label,prediction", *lines]) + "\n"


def accuracy_config(world: World) -> dict[str, Any]:
    rule = {"text": "accuracy > champion.accuracy", "rule": [">", "accuracy", ["champion", "accuracy"]]}
    guard = {"text": "latency_p95 <= champion.latency_p95", "rule": ["<=", "latency_p95", ["champion", "latency_p95"]]}
    metrics = {"accuracy": {"direction": "higher"}, "latency_p95": {"direction": "lower"}}
    first = {"text": "accuracy >= 0.6", "rule": [">=", "accuracy", 0.6]}
    return world.config(require=[rule, guard], without_champion=[first], metrics=metrics, confidence={"level": 0.95, "samples": 300})


def measured(good: int, latency: float = 50.0) -> dict[str, Any]:
    return {"metrics": {"accuracy": good / 200, "latency_p95": latency}, "rows": rows(good)}


@pytest.mark.parametrize(("good", "approved", "reason"), [(180, "true", "all 2 rules hold"), (142, "false", "of the resamples")])
def test_a_gain_must_be_more_than_noise(world: World, good: int, approved: str, reason: str) -> None:
    _, version = world.tracking.champion(WORSE)
    theirs = measured(140)
    if approved == "false":  # the champion is right elsewhere, so that rows differ both ways
        lines = theirs["rows"].splitlines()
        theirs["rows"] = "\n".join([lines[0], *lines[1:][::-1]]) + "\n"
        lines = measured(good)["rows"].splitlines()
        assert sorted(lines) != lines
        theirs["rows"] = "label,prediction\n" + "\n".join(f"{n % 2},{(n % 2) if n // 2 >= 30 else 1 - n % 2}" for n in range(200)) + "\n"
    done = world.gate(accuracy_config(world), world.answers(measured(good), version, theirs))
    assert done.code == 0, done.log
    assert done.outputs["approved"] == approved
    assert reason in done.outputs["reason"]
    assert "latency_p95 not resampled" in done.summary


@pytest.mark.parametrize(
    ("ours", "says"),
    [
        ({"metrics": {"accuracy": 0.9, "latency_p95": 1}}, "no predictions of the candidate"),
        ({"metrics": {"accuracy": 0.99, "latency_p95": 1}, "rows": rows(180)}, "give accuracy = 0.9, but 0.99 was reported"),
        ({"metrics": {"accuracy": 0.5, "latency_p95": 1}, "rows": "label,prediction\n1,1\n0,1\n"}, "not about the same rows"),
    ],
)
def test_predictions_must_fit(world: World, ours: dict[str, Any], says: str) -> None:
    _, version = world.tracking.champion(WORSE)
    done = world.gate(accuracy_config(world), world.answers(ours, version, measured(140)))
    assert done.code == 4, done.log
    assert says in done.log


def test_confidence_without_anything_to_resample(world: World) -> None:
    _, version = world.tracking.champion(WORSE)
    config = accuracy_config(world)
    config["require"] = config["require"][1:]
    done = world.gate(config, world.answers(measured(180), version, measured(140)))
    assert done.code == 4
    assert "the predictions give no metric" in done.log


# --- configuration ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"champion": None}, "does not say where it is"),
        ({"evaluate": None}, "`evaluate` or `holdout`"),
        ({"without_champion": []}, "what counts where there is none"),
        ({"without_champion": [AUC]}, "`without_champion` reads the champion"),
        ({"require": [{"text": "x", "rule": [">", "acc", 0]}]}, "not declared: acc"),
        ({"confidence": {"level": 95}}, "level must be between"),
        ({"champion_unusable": "ignore"}, "expected one of"),
        ({"evaluate": {"argv": ["no-such-program"], "data": "x"}}, "cannot be run"),
    ],
)
def test_refuses_a_configuration_that_cannot_decide(world: World, change: dict[str, Any], says: str) -> None:
    done = world.gate(world.config(**change))
    assert done.code == 2, done.log
    assert says in done.log
