"""A run that fails in part, and is run again: it converges to the right state, whatever was left behind.

"Re-run failed jobs" is what `stand.alone` makes of it, with the emitted jobs; "Re-run all jobs" is act's second attempt.
"""

from __future__ import annotations

from functools import partial

import pytest
from gitops.world import git

from stand import alone, faults, tracking, users
from stand.alone import Candidate
from stand.faults import At, FullDisk, Outage
from stand.names import CONTAINERS, STORE
from stand.runner import Run
from stand.world import World

TRAIN, DECIDE, VERIFY = "Run src/train.py", "Decide (quality)", "Wait for this release, then test it"
WATCHERS = (("live", "verify", VERIFY), ("rollback", "rollback", "Revert this run's release, then test what it restores"))
RELEASE = ("rollout", "live", "rollback")


def failed(run: Run, job: str, attempt: int = 1) -> None:
    """The run is red, because of one job before the release; a later attempt looks whether there is something to take back."""
    assert not run.green
    assert [name for name, result in run.results().items() if result == "failure"] == [job, "outcome"], run.results()
    assert [run.jobs[name].result for name in RELEASE] == ["skipped", "skipped", "skipped" if attempt == 1 else "success"]
    assert run.outcome == "failed"


def promoted(world: World, run: Run, version: int) -> None:
    """A version is what everybody has, and there is no other of this run."""
    assert run.green, run.results()
    assert run.results() == dict.fromkeys(run.jobs, "success") | {"rollback": "skipped"}
    assert run.outcome == "promoted"
    assert (world.champion(), world.versions()) == (version, list(range(1, version + 1)))
    uri = tracking.client().get_model_version_download_uri("churn", str(version))
    assert world.uri() == uri
    assert world.cluster.serves(uri)
    assert world.cluster.revision == world.gitops.tip()


def releases(world: World, since: str) -> list[str]:
    """What the commits of the GitOps repository did after one of them, the newest first."""
    return git(world.gitops.url, "log", "--format=%(trailers:key=Mlp-Action,valueonly,separator=)", f"{since}..main").split()


def test_a_run_that_fails_in_one_job_after_the_other(released: World) -> None:
    """Before its release: data, training, gate, image; each attempt keeps what the one before got done."""
    world, number = released, next(released.numbers)
    users.tune(world.code, n_estimators=80)
    before, answer = world.standing(), world.predict()
    store, containers = Outage(world.front, STORE), Outage(world.front, CONTAINERS)

    run = world.runner.run(number, listeners=[At("features", store.begin)])
    store.end()
    failed(run, "features")

    for attempt, step, code in ((2, TRAIN, 1), (3, DECIDE, 4)):
        disk = FullDisk(world.runner.temporary(world.runner.place(number, attempt)))
        # One machine stands in for those of all jobs: the disk is full for one of them.
        run = alone.rerun(world, run, attempt, [At("fit", disk.begin, step), At("rollback", disk.end)])
        failed(run, "fit", attempt)
        assert run.jobs["fit"].codes == {step: code}
        assert "No space left on device" in run.text("fit")
        assert world.standing() == before
    assert "evaluate, for the champion: ended with exit code 1" in run.jobs["fit"].summary
    trained = run.jobs["fit"].outputs["run_id"]

    run = alone.rerun(world, run, 4, [At("transformer", containers.begin)])
    containers.end()
    failed(run, "transformer", 4)
    assert (run.jobs["fit"].outputs["reuse"], run.jobs["fit"].outputs["run_id"]) == ("true", trained)
    assert (world.gitops.tip(), world.champion(), world.predict()) == (before[0], before[1], answer)

    promoted(world, alone.rerun(world, run, 5), 2)
    assert releases(world, before[0]) == ["release"]


def test_a_deploy_that_was_lost_is_run_again(candidate: Candidate, ready: World) -> None:
    """Nobody had approved, or the machine was gone before the push: both leave the same."""
    tip = ready.gitops.tip()
    promoted(ready, alone.rerun(ready, candidate.lost, 2), 2)
    assert releases(ready, tip) == ["release"]


def test_a_release_that_is_in_git_already_is_not_written_again(candidate: Candidate, ready: World) -> None:
    """The machine was gone right after the push, and no rollback ran, for GitHub was gone, too."""
    tip = ready.gitops.tip()
    commit = alone.push_and_lose(ready, candidate)
    run = alone.rerun(ready, candidate.lost, 2)
    promoted(ready, run, 2)
    assert run.jobs["rollout"].outputs["commit"] == commit
    assert releases(ready, tip) == ["release"]


@pytest.mark.extra
def test_a_release_whose_rollback_failed_too(candidate: Candidate, ready: World) -> None:
    """Both jobs are killed: a rerun of them ends the rollback, and one of all jobs releases."""
    tip, before, answer = ready.gitops.tip(), ready.champion(), ready.predict()
    ready.cluster.holds = True
    killers = [At(job, partial(faults.kill, f"{script}.py"), step, "waiting: ") for job, script, step in WATCHERS]
    run = alone.rerun(ready, candidate.lost, 2, killers)
    ready.cluster.holds = False
    assert (run.jobs["live"].result, run.jobs["rollback"].result) == ("failure", "failure")
    assert run.outcome == "rollback_failed"
    assert releases(ready, tip) == ["rollback", "release"]

    run = alone.rerun(ready, run, 3)
    assert (run.jobs["live"].codes, run.jobs["rollback"].result) == ({VERIFY: 5}, "success")
    assert "Run all jobs again" in run.jobs["live"].outputs["reason"]
    assert run.outcome == "rolled_back"
    assert (ready.champion(), ready.predict()) == (before, answer)
    assert releases(ready, tip) == ["rollback", "release"]

    promoted(ready, ready.runner.run(candidate.number, attempt=4), 2)
    assert releases(ready, tip) == ["release", "rollback", "release"]
