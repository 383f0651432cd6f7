"""A first release, and a candidate that is no better."""

from __future__ import annotations

from stand import containers, git
from stand.names import IMAGE
from stand.world import World

ALL = ("checks", "features", "fit", "winner", "transformer", "rollout", "live")


def test_first_run_is_released(fresh: World) -> None:
    run = fresh.run()
    assert run.green, run.results()
    assert {name: run.jobs[name].result for name in ALL} == dict.fromkeys(ALL, "success")
    assert run.jobs["rollback"].result == "skipped"
    assert run.outcome == "promoted"
    release = git.trailers(fresh.gitops)
    assert release["Mlp-Action"] == "release"
    assert release["Mlp-Model-Version"] == "1"
    assert containers.digests(IMAGE.partition("/")[2]) == {fresh.code.tip(): release["Mlp-Image"]}
    assert fresh.cluster.synced[-1] == fresh.gitops.tip()
    assert fresh.cluster.serves(release["Mlp-Storage-Uri"])
    assert fresh.champion() == 1


def test_second_run_keeps_the_champion(fresh: World) -> None:
    before = fresh.gitops.tip()
    run = fresh.run()
    assert run.green, run.results()
    assert {name: run.jobs[name].result for name in ALL} == {
        **dict.fromkeys(ALL[:3], "success"), **dict.fromkeys(ALL[3:], "skipped"),
    }  # fmt: skip
    assert run.outcome == "kept_champion"
    assert fresh.gitops.tip() == before
    assert (fresh.champion(), fresh.versions()) == (1, [1])
