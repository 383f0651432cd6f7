"""The failures of the article's table after the preflight: where each stops the run, and what it leaves alone."""

from __future__ import annotations

import csv

import pytest

from stand import containers, git, tracking
from stand.engines import both, both_in_full
from stand.faults import At
from stand.names import IMAGE
from stand.runner import Run
from stand.world import World, push_data

pytestmark = pytest.mark.usefixtures("engine")
AFTER = ("rollout", "live", "rollback")
REPOSITORY = IMAGE.partition("/")[2]
CUSTOMERS = "transformer/customers.py"


def enlarge(world: World, **files: str) -> None:
    """Give the next candidate what it needs to win, and change other files with it."""
    world.code.push({"params.yaml": world.code.read_at("main~1", "params.yaml"), **files}, "A larger model")


def stopped(run: Run, **ended: str) -> None:
    """The run is red; the jobs before the release succeeded, those from it on were skipped, except for these."""
    assert not run.green
    others = dict.fromkeys(run.jobs, "success") | dict.fromkeys(AFTER, "skipped")
    assert run.results() == others | {"outcome": "failure"} | ended


def edited(world: World, path: str, old: str, new: str) -> dict[str, str]:
    """A file with one piece of it replaced."""
    text = world.code.read(path)
    assert text.count(old) == 1
    return {path: text.replace(old, new)}


@both
def test_data_that_break_their_schema_stop_the_run_at_the_data(unreleased: World) -> None:
    before = unreleased.standing()
    table = unreleased.code.work / "data/churn.csv"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[7]["region"] = "moon"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    push_data(unreleased.code, unreleased.folder)
    unreleased.code.push({}, "New data")
    run = unreleased.run()
    others = dict.fromkeys(run.jobs, "skipped")
    assert run.results() == others | {"checks": "success", "features": "failure", "outcome": "failure"}
    assert run.outcome == "failed"
    assert run.jobs["features"].steps["Run src/features.py"] == "success"
    assert run.jobs["features"].steps["Check and keep the snapshot"] == "failure"
    assert run.jobs["features"].codes == {"Check and keep the snapshot": 4}
    assert "region" in run.jobs["features"].summary
    assert "moon" in run.jobs["features"].summary
    assert unreleased.standing() == before


@both_in_full
def test_a_registry_that_refuses_the_version_stops_the_run_at_the_export(released: World) -> None:
    before, answer = released.standing(), released.predict()
    enlarge(released)
    run = released.run(listeners=[At("winner", lambda: tracking.demote("churn"))])
    stopped(run, winner="failure")
    assert run.outcome == "failed"
    assert run.jobs["winner"].codes == {"Register the model": 3}
    assert "answered 403" in run.jobs["winner"].summary
    assert released.standing() == before
    assert released.predict() == answer


@both_in_full
def test_an_image_that_cannot_be_built_stops_the_run_before_the_release(released: World) -> None:
    tip, images, answer = released.gitops.tip(), containers.digests(REPOSITORY), released.predict()
    enlarge(released, **edited(released, "transformer/Dockerfile", "COPY app.py customers.py ./", "COPY app.py costumers.py ./"))
    run = released.run()
    stopped(run, transformer="failure")
    assert run.outcome == "failed"
    assert "costumers.py" in run.text("transformer")
    assert (released.gitops.tip(), containers.digests(REPOSITORY)) == (tip, images)
    assert (released.champion(), released.versions()) == (1, [1, 2])
    assert released.predict() == answer


MISTAKES = {
    # The transformer computes another feature than training did.
    "golden": ('customer["support_calls"]) * 12 / months', 'customer["support_calls"]) / months'),
    # It lets through what it must refuse.
    "contract": ('REGIONS = ("eu", "us", "apac")', 'REGIONS = ("eu", "us", "apac", "moon")'),
}


@both_in_full
@pytest.mark.parametrize("smoke", MISTAKES)
def test_a_release_that_fails_its_smoke_test_is_rolled_back(released: World, smoke: str) -> None:
    before, answer, uri = released.gitops.tip(), released.predict(), released.uri()
    enlarge(released, **edited(released, CUSTOMERS, *MISTAKES[smoke]))
    run = released.run()
    stopped(run, rollout="success", live="failure", rollback="success")
    assert run.outcome == "rolled_back"
    assert smoke in run.jobs["live"].outputs["reason"]
    rollback = git.trailers(released.gitops)
    assert rollback["Mlp-Action"] == "rollback"
    assert rollback["Mlp-Reverts"] == run.jobs["rollout"].outputs["commit"]
    path = "apps/churn/overlays/prod/release/release.yaml"
    assert released.gitops.read(path) == released.gitops.read_at(before, path)
    assert released.cluster.synced[-1] == released.gitops.tip()
    assert released.cluster.serves(uri)
    assert released.predict() == answer
    assert (released.champion(), released.versions()) == (1, [1, 2])
