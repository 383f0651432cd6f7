"""The gate: what it decides, what it refuses to decide, and what becomes of the run.

The first run trains a model that is hardly better than chance; from then on, it is the champion. Nothing is ever released,
so each scenario leaves registry and git as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from stand import containers, tracking, users
from stand.faults import At, Outage
from stand.names import IMAGE, SECRETS, TRACKING
from stand.runner import Run
from stand.world import World

AFTER = ("winner", "transformer", "rollout", "live", "rollback")
DECIDE, FIND = "Decide (quality)", "Find the candidate"
POOR = {"max_depth": 1, "n_estimators": 1}
GOOD = {"max_depth": 3, "n_estimators": 80}


class Flaw(NamedTuple):
    """A mistake in a program of the users, the step that finds it, and what that says."""

    path: str
    old: str
    new: str
    step: str
    why: str


MEASURED = "metrics(model.predict_proba, test)"
EVALUATED = "values = metrics(model.predict, test)"
CANDIDATE_ONLY = 'os.environ["MLP_MODEL_URI"].startswith("models:/m-")'
NAN = '{"auc": float("nan")}'
FLAWS = [
    Flaw("src/train.py", MEASURED, f"{MEASURED} | {NAN}", FIND, "auc = nan"),
    Flaw("src/train.py", MEASURED, '{"accuracy": 0.9}', FIND, "did not log the promised metric auc"),
    Flaw("src/evaluate.py", EVALUATED, f"{EVALUATED} | ({NAN} if {CANDIDATE_ONLY} else {{}})", DECIDE, "auc of the candidate is nan"),
    Flaw("src/evaluate.py", EVALUATED, f'{EVALUATED}; del values["latency_p95"]', DECIDE, "the candidate has no metric latency_p95"),
]
SLICES = f"""{EVALUATED}
    scores = probabilities(model.predict, test)
    for region, rows in test.groupby("region"):
        values[f"auc/region/{{region}}"] = float(roc_auc_score(rows[LABEL], scores[rows.index]))"""
APAC_UPSIDE_DOWN = """    train.loc[train["region"] == "apac", LABEL] = 1 - train.loc[train["region"] == "apac", LABEL]
    mlflow.set_experiment("churn")"""


@pytest.fixture(scope="module")
def first(fresh: World) -> Run:
    """The first run of all."""
    users.tune(fresh.code, **POOR)
    return fresh.run()


@pytest.fixture(scope="module")
def crowned(fresh: World, first: Run) -> str:
    """The champion: what the first run trained, registered by hand; the first run itself must not have."""
    assert fresh.versions() == []
    return tracking.crown(first.jobs["fit"].outputs)


@pytest.fixture
def world(fresh: World, crowned: str) -> Iterator[World]:
    """The world with that champion; the code is as at the start again afterwards."""
    start = fresh.code.tip()
    yield fresh
    users.restore(fresh.code, start)
    assert fresh.champion() == int(crowned)


def nothing_released(world: World, run: Run) -> None:
    assert {job: run.jobs[job].result for job in AFTER} == dict.fromkeys(AFTER, "skipped")
    assert world.gitops.count() == 1
    assert containers.digests(IMAGE.partition("/")[2]) == {}


def lost(world: World, run: Run, reason: str) -> None:
    """The gate decided against the candidate."""
    assert run.green, run.results()
    fit = run.jobs["fit"]
    assert fit.outputs["approved"] == "false"
    assert reason in fit.outputs["reason"]
    assert "### Gate quality: Not approved" in fit.summary
    assert run.outcome == "kept_champion"
    assert fit.outputs["reason"] in run.jobs["outcome"].summary
    nothing_released(world, run)


def refused(world: World, run: Run, step: str, code: int, why: str) -> None:
    """The gate could not decide: the run is red."""
    assert not run.green
    fit = run.jobs["fit"]
    assert (fit.result, fit.steps[step]) == ("failure", "failure"), run.results()
    assert fit.codes[step] == code
    assert "approved" not in fit.outputs
    assert why in fit.summary
    assert run.outcome == "failed"
    nothing_released(world, run)


def test_a_first_model_must_meet_the_absolute_rules(fresh: World, first: Run) -> None:
    lost(fresh, first, "auc >= 0.75: lost by 0.0637")
    assert first.jobs["fit"].outputs["champion_version"] == ""
    assert "champion.auc" not in first.jobs["fit"].summary


def test_an_equal_candidate_loses(world: World, crowned: str) -> None:
    run = world.run()
    lost(world, run, "auc >= champion.auc + 0.002: lost by 0.002")
    assert run.jobs["fit"].outputs["champion_version"] == crowned
    assert f"version {crowned} stays the champion" in run.jobs["outcome"].summary


@pytest.mark.parametrize("flaw", FLAWS, ids=["trained-nan", "trained-missing", "evaluated-nan", "evaluated-missing"])
def test_a_metric_that_is_no_number(world: World, flaw: Flaw) -> None:
    users.edit(world.code, flaw.path, flaw.old, flaw.new)
    refused(world, world.run(), flaw.step, 4, flaw.why)


def test_both_are_measured_on_the_candidates_data(world: World, first: Run, crowned: str) -> None:
    users.edit(world.code, "scripts/make_data.py", "SEED = 20_260_301", "SEED = 20_260_305")
    users.push_data(world.code, world.folder / "data-environment")
    run = world.run()
    lost(world, run, "auc >= champion.auc + 0.002: lost by")
    known = tracking.client().get_run(first.jobs["fit"].outputs["run_id"]).data
    said = tracking.decision(run.jobs["fit"].outputs["run_id"])
    assert said["data"] == run.jobs["features"].outputs["snapshot_sha256"] != known.tags["mlp.snapshot"]
    assert said["champion"]["version"] == crowned
    assert said["champion"]["metrics"]["auc"] != pytest.approx(known.metrics["auc"], abs=1e-4)


def test_a_slice_that_regresses(world: World) -> None:
    rule = "require latency_p95 <= 80ms"
    users.compile_pipeline(world.code, rule, f"require auc/region/apac >= champion.auc/region/apac - 0.01\n    {rule}")
    users.edit(world.code, "src/evaluate.py", EVALUATED, SLICES)
    users.edit(world.code, "src/evaluate.py", '{"label": test[LABEL],', '{"region": test["region"], "label": test[LABEL],')
    users.edit(world.code, "src/evaluate.py", "\nfrom scoring", "from sklearn.metrics import roc_auc_score\n\nfrom scoring")
    users.edit(world.code, "src/train.py", '    mlflow.set_experiment("churn")', APAC_UPSIDE_DOWN)
    users.tune(world.code, **GOOD)
    run = world.run()
    lost(world, run, "auc/region/apac >= champion.auc/region/apac - 0.01: lost by")
    assert ruled(run) == {"auc >= champion.auc + 0.002": True, "auc/region/apac >= champion.auc/region/apac - 0.01": False, rule[8:]: True}


def ruled(run: Run) -> dict[str, Any]:
    """Rule → whether it holds."""
    return {rule["text"]: rule["holds"] for rule in tracking.decision(run.jobs["fit"].outputs["run_id"])["rules"]}


def test_a_registry_that_is_away_for_a_minute_is_waited_for(world: World) -> None:
    outage = Outage(world.front, TRACKING)
    run = world.run(listeners=[At("fit", outage.last(60), DECIDE)])
    lost(world, run, "auc >= champion.auc + 0.002: lost by 0.002")
    assert run.jobs["fit"].seconds[DECIDE] > 60


def test_a_registry_that_stays_away(world: World) -> None:
    outage = Outage(world.front, TRACKING)
    run = world.run(listeners=[At("fit", outage.begin, DECIDE)])
    outage.end()
    refused(world, run, DECIDE, 3, f"MLflow at https://{TRACKING} does not answer: status 503")


def test_credentials_that_are_withdrawn(world: World) -> None:
    run = world.run(listeners=[At("fit", lambda: tracking.set_password("another-password"), DECIDE)])
    tracking.set_password(SECRETS["MLFLOW_PASSWORD"])
    refused(world, run, DECIDE, 3, "answered 401")


def test_a_champion_whose_run_is_gone(world: World, first: Run) -> None:
    registry, candidate = tracking.client(), first.jobs["fit"].outputs
    registry.delete_run(candidate["run_id"])
    registry.delete_logged_model(candidate["model_id"])
    tracking.collect_garbage(world.folder / "tracking")
    refused(world, world.run(), DECIDE, 4, "the champion is unusable")
