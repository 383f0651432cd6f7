"""A first release, a candidate that is no better, and one that is."""

from __future__ import annotations

import pytest

from stand import containers, git
from stand.engines import both, both_in_full
from stand.names import IMAGE
from stand.world import World

pytestmark = pytest.mark.usefixtures("engine")
ALL = ("checks", "features", "fit", "winner", "transformer", "rollout", "live")


def assert_released(world: World, version: int) -> None:
    """Git, registry, images and cluster agree on a version."""
    release = git.trailers(world.gitops)
    assert release["Mlp-Action"] == "release"
    assert release["Mlp-Model-Version"] == str(version)
    assert containers.digests(IMAGE.partition("/")[2])[world.code.tip()] == release["Mlp-Image"]
    assert world.cluster.synced[-1] == world.gitops.tip()
    assert world.cluster.serves(release["Mlp-Storage-Uri"])
    assert (world.champion(), world.versions()) == (version, list(range(1, version + 1)))


@both_in_full
def test_first_run_is_released(unreleased: World) -> None:
    unreleased.bear_with_a_busy_machine()
    run = unreleased.run()
    assert run.green, run.results()
    assert run.results() == dict.fromkeys(ALL, "success") | {"rollback": "skipped", "outcome": "success"}
    assert run.outcome == "promoted"
    assert_released(unreleased, 1)


@both
def test_a_candidate_that_is_no_better_is_left(released: World) -> None:
    before, answer = released.standing(), released.predict()
    run = released.run()
    assert run.green, run.results()
    others = dict.fromkeys(run.jobs, "skipped")
    assert run.results() == others | dict.fromkeys((*ALL[:3], "outcome"), "success")
    assert run.outcome == "kept_champion"
    assert "auc >= champion.auc + 0.002: lost by 0.002" in run.jobs["fit"].summary
    assert released.standing() == before
    assert released.predict() == answer


@both
def test_a_better_candidate_replaces_the_champion(released: World) -> None:
    old = released.predict()
    released.code.push({"params.yaml": released.code.read_at("main~1", "params.yaml")}, "A larger model")
    run = released.run()
    assert run.green, run.results()
    assert run.results() == dict.fromkeys(ALL, "success") | {"rollback": "skipped", "outcome": "success"}
    assert run.outcome == "promoted"
    assert_released(released, 2)
    assert released.predict() != pytest.approx(old, abs=0.001)
