"""The emitted rollback job alone, from each state that an end leaves behind which act does not model.

The emitted deploy and verify jobs are cut off for real, at a stated point. Then the emitted rollback job runs, behind jobs that end
as GitHub says of such an end. A job's time limit and a cancelled run end a script alike: GitHub cancels both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest

from stand import alone, faults, tracking
from stand.alone import Candidate, Ended
from stand.faults import At
from stand.git import trailers
from stand.runner import Run
from stand.world import World

VERIFY = "Wait for this release, then test it"
RELEASE = "apps/churn/overlays/prod/release/release.yaml"
LOST = Ended("failure")
NEVER = Ended("skipped")


class Before(NamedTuple):
    """What everybody has before the release."""

    release: str
    standing: tuple[str, int | None, list[int]]
    answer: list[float]
    uri: str


def look(world: World) -> Before:
    return Before(world.gitops.read(RELEASE), world.standing(), world.predict(), world.uri())


def roll_back(world: World, candidate: Candidate, rollout: Ended, live: Ended) -> Run:
    return alone.run(world, candidate.number, {"rollback"}, {"rollout": rollout, "live": live})


def untouched(world: World, run: Run, old: Before) -> None:
    """There was nothing to take back, and nothing was."""
    assert run.results() == {"rollback": "success"}
    assert run.jobs["rollback"].outputs["result"] == "nothing"
    assert look(world) == old


def restored(world: World, run: Run, old: Before, release: str) -> None:
    """Git, alias, cluster and answers are as before, by a revert of this release."""
    assert run.results() == {"rollback": "success"}, run.text("rollback")
    told = run.jobs["rollback"].outputs
    assert (told["result"], told["commit"], told["restored_uri"]) == ("restored", world.gitops.tip(), old.uri)
    revert = trailers(world.gitops)
    assert (revert["Mlp-Action"], revert["Mlp-Reverts"]) == ("rollback", release)
    assert world.gitops.read(RELEASE) == old.release
    assert (world.champion(), world.versions()) == old.standing[1:]
    assert world.cluster.serves(old.uri)
    assert world.cluster.revision == world.gitops.tip()
    assert world.predict() == old.answer
    tags = tracking.client().get_model_version("churn", str(max(world.versions()))).tags
    assert tags["mlp.rolled_back.prod"] == world.gitops.tip()


@pytest.mark.parametrize("rollout", [LOST, NEVER], ids=["refused", "never-asked"])
def test_nobody_approved(candidate: Candidate, ready: World, rollout: Ended) -> None:
    """A refused job has failed without a step; one that was never asked for was skipped, and so is the rollback."""
    old = look(ready)
    run = roll_back(ready, candidate, rollout, NEVER)
    if rollout is LOST:
        untouched(ready, run, old)
    else:
        assert run.results() == {"rollback": "skipped"}


def test_a_deploy_that_was_lost_before_its_push(candidate: Candidate, ready: World) -> None:
    """The candidate's deploy was: see the fixture."""
    assert candidate.lost.jobs["rollout"].steps.get("Check out") == "success"
    assert "Commit the release" not in candidate.lost.jobs["rollout"].steps
    old = look(ready)
    untouched(ready, roll_back(ready, candidate, LOST, NEVER), old)


def test_a_deploy_that_was_lost_after_its_push(candidate: Candidate, ready: World) -> None:
    """Nobody was told of the commit; the rollback finds it, and is safe to run again."""
    old = look(ready)
    release = alone.push_and_lose(ready, candidate)
    restored(ready, roll_back(ready, candidate, LOST, NEVER), old, release)
    commits = ready.gitops.count()
    restored(ready, roll_back(ready, candidate, LOST, NEVER), old, release)
    assert ready.gitops.count() == commits


class Point(NamedTuple):
    """Where a verification is cut off: what of the cluster's holds it there, what it says then, and what is so then."""

    arranged: tuple[str, ...]
    says: str
    reached: Callable[[World], bool]


POINTS = {
    "before-the-sync": Point(("deaf",), "waiting: ", lambda world: world.cluster.revision != world.gitops.tip()),
    "half-way": Point(("holds",), "pods are new, 1 old", lambda world: world.cluster.revision == world.gitops.tip()),
    "after-the-alias": Point((), "", lambda world: world.champion() == max(world.versions())),
}


def arrange(world: World, point: Point, *, there: bool) -> None:
    for name in point.arranged:
        setattr(world.cluster, name, there)


def end_in(world: World, point: Point, end: Callable[[], None]) -> Callable[[], None]:
    """End the job at a point."""

    def act() -> None:
        faults.until(lambda: point.reached(world), 120)
        end()

    return act


@pytest.mark.parametrize(
    ("where", "how"),
    [
        ("before-the-sync", "lost"),
        ("half-way", "cancelled"),
        ("after-the-alias", "lost"),
        pytest.param("before-the-sync", "cancelled", marks=pytest.mark.extra),
        pytest.param("half-way", "lost", marks=pytest.mark.extra),
        pytest.param("after-the-alias", "cancelled", marks=pytest.mark.extra),
    ],
)
def test_a_verification_that_was_cut_off(candidate: Candidate, ready: World, where: str, how: str) -> None:
    old, point = look(ready), POINTS[where]
    end = partial(faults.lose, candidate.number) if how == "lost" else partial(faults.cancel, "verify.py")
    arrange(ready, point, there=True)
    listener = At("live", end_in(ready, point, end), VERIFY, point.says)
    run = alone.run(ready, candidate.number, {"rollout", "live"}, candidate.ended, listeners=[listener])
    assert listener.done
    assert run.jobs["rollout"].result == "success"
    release = ready.gitops.tip()
    assert ready.champion() == (max(ready.versions()) if where == "after-the-alias" else old.standing[1])
    arrange(ready, point, there=False)
    restored(ready, roll_back(ready, candidate, Ended("success", {"commit": release}), LOST), old, release)
