"""What production brings: races, people who commit, machines that die.

The first scenario makes the first release; those after it each bring a better model, and start from what is live then.
The pipeline is the example's with a latency that a busy machine keeps; the compiler makes the files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from gitops.world import git

from stand import faults, tracking, users
from stand.faults import At, Outage
from stand.git import trailers
from stand.names import CODE, STORE, TRACKING
from stand.runner import Run
from stand.world import World

RIVALS = 4
# Boosting rounds: each of these models beats the one before beyond chance.
LADDER = (1, 2, 5, 12, 40)
DEPLOY, VERIFY = "Commit the release", "Wait for this release, then test it"
ROLL_BACK = "Revert this run's release, then test what it restores"
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


def test_the_older_of_two_runs_never_overwrites_the_newer(world: World) -> None:
    """Both have passed the gate against one champion; the older has fetched and pushes, and the newer lands first."""
    better(world)
    older, newer = next(world.numbers), next(world.numbers)
    halted = {number: threading.Event() for number in (older, newer)}
    world.gitops.hook(
        "pre-receive",
        f"""
read -r _ new _
git log -1 --format=%B "$new" | grep -q '^Mlp-Run: {CODE}/{older}$' || exit 0
touch older-is-pushing
for _ in $(seq 300); do
  git log --format=%B main | grep -q '^Mlp-Run: {CODE}/{newer}$' && exit 0
  sleep 0.1
done
""",
    )
    with ThreadPoolExecutor() as pool:
        runs = {number: pool.submit(world.runner.run, number, listeners=[halt(number, halted[number])]) for number in (older, newer)}
        assert all(event.wait(400) for event in halted.values())
        faults.resume("deploy.py", older)
        faults.until((world.gitops.url / "older-is-pushing").exists, 60)
        faults.resume("deploy.py", newer)
        first, second = (runs[number].result() for number in (older, newer))
    released(world, second)
    assert not first.green
    assert first.jobs["rollout"].result == "failure"
    assert first.jobs["rollout"].codes[DEPLOY] == 5
    assert first.jobs["live"].result == "skipped"
    assert first.jobs["rollback"].outputs["result"] == "nothing"
    assert first.outcome == "failed"
    assert f"{CODE}/{older}" not in git(world.gitops.url, "log", "--format=%B", "main")


def halt(number: int, halted: threading.Event) -> At:
    """Stop a run's deploy before it has looked at the GitOps repository."""

    def act() -> None:
        faults.stop("deploy.py", number)
        halted.set()

    return At("rollout", act, DEPLOY)


def test_a_rerun_after_a_failed_export_converges(world: World) -> None:
    better(world)
    before, number = world.versions(), next(world.numbers)
    outage = Outage(world.front, TRACKING)
    failed = world.runner.run(number, listeners=[At("winner", outage.begin)])
    outage.end()
    assert not failed.green
    assert (failed.jobs["winner"].result, failed.jobs["rollout"].result) == ("failure", "skipped")
    assert world.versions() == before
    again = world.runner.run(number, attempt=2)
    released(world, again)
    assert again.jobs["fit"].outputs["reuse"] == "true"
    assert again.jobs["fit"].steps.get("Run src/train.py", "skipped") == "skipped"
    assert again.jobs["fit"].outputs["run_id"] == failed.jobs["fit"].outputs["run_id"]
    assert world.versions() == [*before, version_of(again)]


def test_a_verification_that_is_killed_is_rolled_back(world: World) -> None:
    before = world.champion()
    assert before
    better(world)
    world.cluster.holds = True
    killed: set[int] = set()

    def shoot() -> None:
        faults.until(lambda: world.cluster.revision == world.gitops.tip() and bool(faults.find("verify.py")), 120)
        killed.update(faults.kill("verify.py"))
        world.cluster.holds = False

    run = world.run(listeners=[At("live", shoot, VERIFY)])
    assert killed
    assert (run.jobs["live"].result, run.jobs["rollback"].result) == ("failure", "success"), run.results()
    assert run.outcome == "rolled_back"
    serves(world, before)


def test_a_release_that_is_never_synced_is_rolled_back(world: World) -> None:
    before = world.champion()
    assert before
    better(world)
    users.compile_pipeline(world.code, "within  = 10min", "within  = 60s")
    world.cluster.deaf = True

    def hear_again() -> None:
        faults.until(lambda: trailers(world.gitops)["Mlp-Action"] == "rollback", 120)
        world.cluster.deaf = False

    run = world.run(listeners=[At("rollback", lambda: threading.Thread(target=hear_again).start(), ROLL_BACK)])
    users.compile_pipeline(world.code, "within  = 60s", "within  = 10min")
    assert run.jobs["live"].result == "failure"
    assert run.jobs["live"].codes[VERIFY] == 3
    assert run.outcome == "rolled_back", run.results()
    assert run.jobs["rollout"].outputs["commit"] not in world.cluster.synced
    serves(world, before)


def test_a_store_that_is_down_when_the_data_is_pulled(world: World) -> None:
    tip = world.gitops.tip()
    outage = Outage(world.front, STORE)
    run = world.run(listeners=[At("features", outage.begin)])
    outage.end()
    assert run.jobs["features"].result == "failure"
    assert run.jobs["features"].steps["Pull the data"] == "failure"
    assert run.jobs["fit"].result == "skipped"
    assert run.outcome == "failed"
    assert world.gitops.tip() == tip
