"""What production brings: races, people who commit, machines that die.

The first scenario makes the first release; those after it each bring a better model, and start from what is live then.
The pipeline is the example's with a latency that a busy machine keeps; the compiler makes the files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stand import tracking, users
from stand.git import trailers
from stand.runner import Run
from stand.world import World

RIVALS = 4
# Boosting rounds: each of these models beats the one before beyond chance.
LADDER = (1, 2, 5, 12, 40)
# Hooks run in the repository; a commit of somebody else's must not land in the quarantine of the push under way.
SOMEBODY = """
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_AUTHOR_NAME=Bob GIT_AUTHOR_EMAIL=bob@acme.test GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@acme.test
commit() {  # FILE: on top of main
  export GIT_INDEX_FILE=$PWD/somebody-index
  git read-tree main
  git update-index --add --cacheinfo "100644,$(echo "$1" | git hash-object -w --stdin),$1"
  git update-ref refs/heads/main "$(git commit-tree -p main -m "Add $1" "$(git write-tree)")"
}
"""


@pytest.fixture(scope="module")
def started(fresh: World) -> World:
    """A world in which the pipeline suits a slow machine."""
    users.compile_pipeline(fresh.code, "{ p95 = 80ms }", "{ p95 = 5s }")
    return fresh


@pytest.fixture
def world(started: World) -> Iterator[World]:
    """That world, without hooks."""
    yield started
    for hook in ("pre-receive", "post-receive"):
        (started.gitops.url / "hooks" / hook).unlink(missing_ok=True)


def better(world: World) -> None:
    """Train a model that beats the champion, whichever of the ladder that is."""
    champion = world.champion()
    rounds = LADDER[0]
    if champion is not None:
        source = tracking.client().get_model_version("churn", str(champion)).run_id
        known = int(tracking.client().get_run(source).data.params["n_estimators"])
        rounds = LADDER[LADDER.index(known) + 1]
    users.tune(world.code, n_estimators=rounds, max_depth=3)


def version_of(run: Run) -> int:
    """The version that a run registered."""
    return int(run.jobs["winner"].outputs["model_version"])


def released(world: World, run: Run) -> None:
    """A run's model is what everybody has."""
    assert run.green, run.results()
    assert run.outcome == "promoted"
    serves(world, version_of(run))


def serves(world: World, version: int) -> None:
    """Git, the alias and the cluster agree on a version."""
    uri = tracking.client().get_model_version_download_uri("churn", str(version))
    assert f'storageUri: "{uri}"' in world.gitops.read("apps/churn/overlays/prod/release/release.yaml")
    assert world.champion() == version
    assert world.cluster.serves(uri)
    assert world.cluster.revision == world.gitops.tip()


def test_others_push_in_between_again_and_again(world: World) -> None:
    world.gitops.hook(
        "pre-receive",
        f"""
n=$(ls | grep -c '^raced-' || true)
[ "$n" -ge {RIVALS} ] && exit 0
touch "raced-$n"
{SOMEBODY}
commit "others/$n.yaml"
""",
    )
    better(world)
    run = world.run()
    released(world, run)
    assert run.jobs["fit"].outputs["champion_version"] == ""
    assert {f"others/{n}.yaml" for n in range(RIVALS)} <= set(world.gitops.files())
    assert trailers(world.gitops)["Mlp-Action"] == "release"


def test_work_on_top_of_a_release_survives_its_rollback(world: World) -> None:
    before = world.champion()
    assert before
    world.gitops.hook(
        "post-receive",
        f"""
git log -1 --format=%B main | grep -q '^Mlp-Action: release' || exit 0
{SOMEBODY}
commit others/afterwards.yaml
""",
    )
    better(world)
    users.edit(world.code, "transformer/app.py", "float(row[1]) for row", "float(row[0]) for row")
    run = world.run()
    users.edit(world.code, "transformer/app.py", "float(row[0]) for row", "float(row[1]) for row")
    assert not run.green
    assert (run.jobs["live"].result, run.jobs["rollback"].result) == ("failure", "success"), run.results()
    assert "golden" in run.jobs["live"].summary
    assert run.outcome == "rolled_back"
    assert run.jobs["rollback"].outputs["result"] == "restored"
    assert world.gitops.read("others/afterwards.yaml") == "others/afterwards.yaml\n"
    assert trailers(world.gitops)["Mlp-Action"] == "rollback"
    serves(world, before)
