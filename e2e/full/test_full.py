"""Releases with the real Argo CD, Kubernetes API and KServe; what fails leaves the first model as champion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from gitops.world import git

from stand import users
from stand.full import SHORT, FullWorld
from stand.git import trailers
from stand.runner import Run

ALL = ("checks", "features", "fit", "winner", "transformer", "rollout", "live")
MANIFESTS = ".github/workflows/mlp-churn-manifests.yml"
RELEASED = "apps/churn/overlays/prod/release/release.yaml"
# After a release was pushed, and before whoever pushed hears of it, somebody else commits.
SOMEBODY_ELSE = """
[ "$(git log -1 --format='%(trailers:key=Mlp-Action,valueonly,separator=)' main)" = release ] || exit 0
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@acme.test GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@acme.test
git update-ref refs/heads/main "$(git commit-tree -p main -m 'Somebody else' 'main^{tree}')"
"""


@dataclass(frozen=True)
class Before:
    """What serves before a run."""

    version: int | None
    uri: str
    predictions: list[float]


def before(world: FullWorld) -> Before:
    uri = storage_uri(world)
    world.cluster.wait(lambda: world.cluster.serves(uri))
    return Before(world.champion(), uri, world.predict())


def storage_uri(world: FullWorld) -> str:
    """What the release in git names."""
    return next(line.split(": ")[1] for line in world.gitops.read(RELEASED).splitlines() if "storageUri: " in line).strip('"')


def assert_live(world: FullWorld, run: Run) -> None:
    """Git, Argo CD, cluster, service and registry agree on this run's release."""
    release = trailers(world.gitops, "HEAD")
    assert world.cluster.serves(storage_uri(world))
    assert world.champion() == max(world.versions())
    assert run.outcome == "promoted", release


def assert_reverted(world: FullWorld, run: Run, old: Before) -> None:
    """The run is red; git has the old model again, by a revert of this run's release and nothing else."""
    assert not run.green
    assert run.jobs["live"].result == "failure"
    revert = trailers(world.gitops)
    assert revert["Mlp-Action"] == "rollback"
    assert revert["Mlp-Reverts"] == git(world.gitops.url, "rev-parse", "main^").strip()
    assert git(world.gitops.url, "diff", "main", "main~2", "--", "apps/churn/overlays/prod/release") == ""
    assert storage_uri(world) == old.uri
    assert world.champion() == old.version


def assert_restored(world: FullWorld, run: Run, old: Before) -> None:
    """The old model was brought back, and serves."""
    assert_reverted(world, run, old)
    assert run.jobs["rollback"].result == "success", run.text("rollback")[-3000:]
    assert run.outcome == "rolled_back"
    assert world.cluster.at() == world.gitops.tip()
    world.cluster.wait(lambda: world.cluster.serves(old.uri))
    assert world.predict() == pytest.approx(old.predictions, abs=1e-9)


def make_unloadable(world: FullWorld) -> None:
    """Save the model with a reference to the project's own code, which the model server does not have."""
    users.edit(world.code, "src/scoring.py", "def rows_of(", "def unchanged(rows):\n    return rows\n\n\ndef rows_of(")
    users.edit(world.code, "src/train.py", "metrics, rows_of\n", "metrics, rows_of, unchanged\n")
    users.edit(world.code, "src/train.py", "import OneHotEncoder", "import FunctionTransformer, OneHotEncoder")
    users.edit(world.code, "src/train.py", "make_pipeline(encode, ", "make_pipeline(FunctionTransformer(unchanged), encode, ")


def test_first_release_that_does_not_load(world: FullWorld) -> None:
    commit = world.code.tip()
    users.compile_pipeline(world.code, *SHORT)
    make_unloadable(world)
    run = world.run()
    users.restore(world.code, commit)
    assert run.jobs["live"].result == "failure"
    # KServe is told of pods only when an init container changes, so that it does not hear of a server that ends later.
    assert "the rollout did not finish in time: Deployment churn-predictor: 1 of 1 pods are new, 0 old, 0 available" in run.text("live")
    assert (run.jobs["rollback"].result, run.jobs["rollback"].outputs["result"]) == ("success", "removed")
    assert (run.green, run.outcome) == (False, "rolled_back")
    assert world.cluster.at() == world.cluster.synced[-1] == world.gitops.tip()
    assert (world.cluster.service(), world.champion()) == ({}, None)


def test_first_release(world: FullWorld, first: Run) -> None:
    assert first.green, first.results()
    assert {name: first.jobs[name].result for name in ALL} == dict.fromkeys(ALL, "success")
    assert world.cluster.synced[-1] == world.cluster.at() == world.gitops.tip()
    assert_live(world, first)
    assert len(world.predict()) == 4


def test_smoke_test_fails(released: FullWorld) -> None:
    old = before(released)
    users.edit(released.code, "transformer/customers.py", '["support_calls"]) * 12', '["support_calls"]) * 52')
    run = released.run()
    assert "smoke test golden" in run.text("live")
    assert_restored(released, run, old)
    assert released.cluster.synced[-1] == released.gitops.tip()


def test_model_that_does_not_load(released: FullWorld) -> None:
    old = before(released)
    users.compile_pipeline(released.code, *SHORT)
    make_unloadable(released)
    run = released.run()
    assert "the rollout did not finish in time" in run.text("live")
    assert_restored(released, run, old)
    assert released.cluster.synced[-1] == released.gitops.tip()


def test_argo_cd_never_syncs(released: FullWorld) -> None:
    old, synced = before(released), released.cluster.synced
    users.compile_pipeline(released.code, *SHORT)
    with released.cluster.deaf():
        run = released.run()
        assert_reverted(released, run, old)
        assert run.jobs["rollback"].result == "failure", "it cannot know whether the old model serves"
        assert released.cluster.synced == synced
        assert released.predict() == pytest.approx(old.predictions, abs=1e-9)
    released.cluster.refresh()
    released.cluster.wait(lambda: released.cluster.at() == released.gitops.tip())


def test_a_sync_that_is_stuck_does_not_block_the_rollback(released: FullWorld) -> None:
    old, synced = before(released), released.cluster.synced
    users.compile_pipeline(released.code, *SHORT)
    with released.cluster.admitting_only(old.uri):
        run = released.run()
        assert "this model is not allowed here" in run.text("live")
        assert "ended a sync operation that hung" in run.text("rollback")
        assert_restored(released, run, old)
        assert released.cluster.synced == synced, "what the cluster refused was never applied, so there is nothing to sync back"


def test_ready_but_the_old_model_answers(released: FullWorld) -> None:
    old = before(released)
    with released.cluster.held_traffic():
        run = released.run()
        assert "smoke test golden" in run.text("live")
        assert_restored(released, run, old)


def test_argo_cd_syncs_a_descendant(released: FullWorld) -> None:
    old = before(released)
    released.gitops.hook("post-receive", SOMEBODY_ELSE)
    run = released.run()
    (released.gitops.url / "hooks/post-receive").unlink()
    assert run.green, run.results()
    assert released.gitops.message().strip() == "Somebody else"
    assert trailers(released.gitops, "main^")["Mlp-Action"] == "release"
    assert released.cluster.at() == released.cluster.synced[-1] == released.gitops.tip()
    assert_live(released, run)
    assert released.predict() != pytest.approx(old.predictions, abs=0.001)


def test_upgrade(released: FullWorld) -> None:
    old, tip = before(released), released.gitops.tip()
    image, memory = "transformer = transformer.digest", "transformer_resources { memory = 768Mi }"
    users.compile_pipeline(released.code, image, f"{image}\n    {memory}")
    run = replace(released.runner, workflow=MANIFESTS).run(next(released.numbers))
    assert run.green, run.results()
    changed = git(released.gitops.url, "diff", "--unified=0", tip, "main").splitlines()
    lines = [line.replace(" ", "") for line in changed if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))]
    assert sorted(lines) == ['+memory:"768Mi"'] * 2 + ['-memory:"512Mi"'] * 2
    assert released.cluster.at() == released.cluster.synced[-1] == released.gitops.tip()
    [container] = released.cluster.service()["spec"]["transformer"]["containers"]
    assert container["resources"]["limits"]["memory"] == "768Mi"
    assert before(released) == old
    assert released.cluster.at() == released.gitops.tip()
