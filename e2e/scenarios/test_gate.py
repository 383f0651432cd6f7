"""The gate: what it decides, what it refuses to decide, and what becomes of the run.

The first run trains a model that is hardly better than chance; from then on, it is the champion. Nothing is ever released,
so each scenario leaves registry and git as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from stand import containers, tracking, users
from stand.names import IMAGE
from stand.runner import Run
from stand.world import World

AFTER = ("winner", "transformer", "rollout", "live", "rollback")
DECIDE, FIND = "Decide (quality)", "Find the candidate"
POOR = {"max_depth": 1, "n_estimators": 1}


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
