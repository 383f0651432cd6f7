"""Rollback: our release and nothing else, however the run ended, as often as it is called."""

from __future__ import annotations

from typing import Any

import pytest

from gitops.releases import Pipeline, uri
from gitops.world import PATCH_CONFIG, Origin, git

RELEASE = "apps/churn/overlays/prod/release"
FILES = [f"{RELEASE}/kustomization.yaml", f"{RELEASE}/release.yaml"]


def content(origin: Origin) -> list[str]:
    return [origin.read(name) for name in FILES]


def test_the_old_model_serves_again(pipeline: Pipeline) -> None:
    pipeline.process = True
    pipeline.champion(1)
    before = content(pipeline.origin)
    deployed = pipeline.deploy(2, champion=1)
    pipeline.cluster.settle()
    pipeline.models.client.set_registered_model_alias(pipeline.models.name, "champion", "2")  # verified, then died
    result = pipeline.rollback()
    assert result.code == 0, result.log
    assert content(pipeline.origin) == before
    reverted = {"result": "restored", "commit": pipeline.origin.tip(), "restored_uri": uri(1), "restored_version": "1"}
    assert result.outputs == reverted | {"changed": "true"}
    assert pipeline.cluster.deployed["uri"] == uri(1)
    assert f"Mlp-Reverts: {deployed.outputs['commit']}" in pipeline.origin.message()
    assert pipeline.models.aliases() == {"champion": "1"}
    assert pipeline.models.tags(2)["mlp.rolled_back.prod"] == result.outputs["commit"]
    for step in ("git", "rollout", "ready", "golden", "contract", "latency"):
        assert f"| {step} |" in result.summary
    count = pipeline.origin.count()
    again = pipeline.rollback()
    assert (again.code, again.outputs, pipeline.origin.count()) == (0, reverted | {"changed": "false"}, count)


def test_a_first_deploy_is_removed(pipeline: Pipeline) -> None:
    pipeline.deploy(1)
    pipeline.cluster.settle()
    pipeline.models.client.set_registered_model_alias(pipeline.models.name, "champion", "1")
    result = pipeline.rollback()
    assert result.code == 0, result.log
    assert result.outputs["result"] == "removed"
    assert pipeline.cluster.live == {}
    assert "$patch: delete" in pipeline.origin.read(FILES[1])
    assert pipeline.models.aliases() == {}
    assert pipeline.deploy(2, run=1001).outputs["previous_version"] == ""


def test_a_run_that_released_nothing_touches_nothing(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    tip = pipeline.origin.tip()
    result = pipeline.rollback(run=1001)
    assert (result.code, result.outputs["result"], pipeline.origin.tip()) == (0, "nothing", tip)


def test_a_newer_release_stays(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    pipeline.deploy(3, champion=2, run=1001)
    tip = pipeline.origin.tip()
    result = pipeline.rollback()
    assert (result.code, result.outputs["result"], pipeline.origin.tip()) == (0, "superseded", tip)
    assert "version 3" in result.log


def test_somebody_elses_uri_stays(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    tip = pipeline.origin.push({FILES[1]: pipeline.origin.read(FILES[1]).replace(uri(2), "s3://ml/by-hand")})
    result = pipeline.rollback()
    assert (result.outputs["result"], pipeline.origin.tip()) == ("superseded", tip)


def verified(pipeline: Pipeline) -> Any:
    """A release that the run's first attempt verified."""
    pipeline.champion(1)
    deployed = pipeline.deploy(2, champion=1)
    pipeline.cluster.settle()
    assert pipeline.verify(deployed, 2).code == 0
    return deployed


@pytest.mark.parametrize("result", ["skipped", "cancelled"])
def test_what_an_earlier_attempt_verified_stays(pipeline: Pipeline, result: str) -> None:
    tip = verified(pipeline).outputs["commit"]
    done = pipeline.rollback(GITHUB_RUN_ATTEMPT="2", VERIFY_RESULT=result)
    assert done.code == 0, done.log
    assert (done.outputs["result"], done.outputs["changed"], pipeline.origin.tip()) == ("verified", "false", tip)
    assert pipeline.models.aliases() == {"champion": "2"}


def test_unless_its_verification_fails_now(pipeline: Pipeline) -> None:
    verified(pipeline)
    done = pipeline.rollback(GITHUB_RUN_ATTEMPT="2", VERIFY_RESULT="failure")
    assert (done.code, done.outputs["result"]) == (0, "restored"), done.log
    assert pipeline.models.aliases() == {"champion": "1"}


def test_in_a_first_attempt_the_tag_alone_does_not_count(pipeline: Pipeline) -> None:
    verified(pipeline)
    done = pipeline.rollback(GITHUB_RUN_ATTEMPT="1", VERIFY_RESULT="cancelled")
    assert (done.code, done.outputs["result"]) == (0, "restored"), done.log


def test_a_later_attempt_takes_back_what_the_first_could_not(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    pipeline.cluster.settle()
    assert pipeline.rollback(GITOPS_URL="/nowhere").code == 2
    done = pipeline.rollback(GITHUB_RUN_ATTEMPT="2", VERIFY_RESULT="skipped")
    assert (done.code, done.outputs["result"], done.outputs["changed"]) == (0, "restored", "true"), done.log
    assert pipeline.cluster.deployed["uri"] == uri(1)


def test_what_was_taken_back_is_not_called_verified(pipeline: Pipeline) -> None:
    verified(pipeline)
    assert pipeline.rollback(VERIFY_RESULT="cancelled").outputs["changed"] == "true"
    done = pipeline.rollback(GITHUB_RUN_ATTEMPT="2", VERIFY_RESULT="skipped")
    assert (done.outputs["result"], done.outputs["changed"]) == ("restored", "false")


def test_a_registry_that_is_down_does_not_cost_a_verified_release(pipeline: Pipeline) -> None:
    tip = verified(pipeline).outputs["commit"]
    away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "GITHUB_RUN_ATTEMPT": "2", "VERIFY_RESULT": "skipped"}
    assert pipeline.rollback(**away).code == 3
    assert pipeline.origin.tip() == tip


def test_later_edits_of_others_stay(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    edited = pipeline.origin.read(FILES[1]).replace("  annotations:\n", "  annotations:\n    team: risk  # added by hand\n")
    pipeline.origin.push({FILES[1]: edited, "other/app.yaml": "a: 1\n"})
    result = pipeline.rollback()
    assert result.code == 0, result.log
    text = pipeline.origin.read(FILES[1])
    assert uri(1) in text
    assert "team: risk  # added by hand" in text
    assert 'mlp/model-version: "1"' in text
    assert uri(2) not in text
    assert f"sha256:{1:064d}" in pipeline.origin.read(FILES[0])
    assert pipeline.origin.read("other/app.yaml") == "a: 1\n"


def test_a_hanging_sync_is_ended(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    deployed = pipeline.deploy(2, champion=1)
    pipeline.cluster.hangs_on = {deployed.outputs["commit"]}
    pipeline.cluster.settle()
    result = pipeline.rollback()
    assert result.code == 0, result.log
    assert pipeline.cluster.terminated == [deployed.outputs["commit"]]
    assert pipeline.cluster.deployed["uri"] == uri(1)


def test_from_a_model_that_does_not_load(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.cluster.unloadable = {uri(2)}
    pipeline.deploy(2, champion=1)
    pipeline.cluster.settle()
    pipeline.cluster.stale_status = "BlockedByFailedLoad"  # until the old pods are back
    pipeline.cluster.rolling = 20
    result = pipeline.rollback()
    assert result.code == 0, result.log


def test_a_rerun_that_released_twice_goes_back_before_both(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    pipeline.deploy(2, champion=1, IMAGE_DIGEST=f"sha256:{9:064d}")
    result = pipeline.rollback()
    assert result.code == 0, result.log
    assert result.outputs["restored_version"] == "1"


def test_the_second_attempt_can_release_and_roll_back_again(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    before = content(pipeline.origin)
    for _ in range(2):
        pipeline.deploy(2, champion=1)
        assert pipeline.rollback().outputs["restored_version"] == "1"
    assert content(pipeline.origin) == before
    assert (
        git(pipeline.origin.url, "log", "--format=%s", "-4", "main").splitlines()
        == [
            "Roll back churn 2 in prod to 1",
            "Release churn 2 to prod",
        ]
        * 2
    )


def test_a_revert_by_hand_is_recognised(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    deployed = pipeline.deploy(2, champion=1)
    git(pipeline.origin.work, "pull", "--quiet", "--ff-only", "origin", "main")
    git(pipeline.origin.work, "revert", "--no-edit", deployed.outputs["commit"])
    git(pipeline.origin.work, "push", "--quiet", "origin", "HEAD:main")
    count = pipeline.origin.count()
    result = pipeline.rollback()
    assert (result.code, result.outputs["result"], pipeline.origin.count()) == (0, "restored", count)


def test_an_old_model_that_fails_too_is_red(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    pipeline.cluster.behaviour[uri(1)] = lambda path, _: (500, {}) if path.endswith("infer") else None
    result = pipeline.rollback()
    assert result.code == 4
    assert result.outputs["result"] == "restored"
    assert uri(1) in pipeline.origin.read(FILES[1])


def test_git_is_reverted_even_when_the_registry_is_down(pipeline: Pipeline) -> None:
    pipeline.champion(1)
    pipeline.deploy(2, champion=1)
    del pipeline.config["smoke"]["golden"]
    pipeline.config["smoke"]["contract"] = {}
    result = pipeline.rollback(MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert result.code == 0, result.log
    assert "the registry does not say so" in result.log
    assert uri(1) in pipeline.origin.read(FILES[1])


def test_values_in_an_existing_manifest(pipeline: Pipeline, origin: Origin) -> None:
    text = (
        "kind: InferenceService  # ours\nmetadata: {name: churn}\nspec: {predictor: {minReplicas: 1, model: {storageUri: s3://ml/old}}}\n"
    )
    origin.push({"services/release.yaml": text, "services/kustomization.yaml": "resources: [release.yaml]\n"})
    pipeline.cluster.release = "services"
    pipeline.deploy_config = PATCH_CONFIG
    pipeline.config["manifest"] = PATCH_CONFIG["manifest"]
    pipeline.deploy(1)
    later = origin.read("services/release.yaml").replace("minReplicas: 1", "minReplicas: 2")
    origin.push({"services/release.yaml": later})
    result = pipeline.rollback()
    assert result.code == 0, result.log
    assert origin.read("services/release.yaml") == text.replace("minReplicas: 1", "minReplicas: 2")
    assert result.outputs["restored_uri"] == "s3://ml/old"
