"""The outcome: what the run came to, and whether it is red."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitops.cluster import serve
from gitops.world import Script

CONFIG: dict[str, Any] = {
    "pipeline": "churn",
    "gates": ["fit"],
    "exports": ["winner"],
    "releases": [{"environment": "prod", "deploy": "rollout", "verify": "live", "rollback": "rollback"}],
}


def job(state: str = "success", /, **outputs: str) -> dict[str, Any]:
    return {"result": state, "outputs": outputs}


def needs(**jobs: Any) -> dict[str, Any]:
    """A run in which all went well, but for `jobs`."""
    return {
        "checks": job(),
        "features": job(snapshot_sha256="ab"),
        "fit": job(approved="true", reason="auc 0.91 >= 0.90", champion_version="6"),
        "winner": job(model_version="7", storage_uri="s3://ml/m-7"),
        "transformer": job(),
        "rollout": job(commit="c0ffee", changed="true", previous_version="6"),
        "live": job(verified="true", p95_seconds="0.042", reason=""),
        "rollback": job("skipped"),
    } | jobs


SKIPPED = {name: job("skipped") for name in ("winner", "transformer", "rollout", "live", "rollback")}
LOST = SKIPPED | {"fit": job(approved="false", reason="auc 0.89 < 0.90", champion_version="6")}
RESTORED = job(result="restored", commit="beef", restored_version="6")
BAD = job("failure", reason="smoke test golden: 3 differ")
CUT = job("cancelled")


@pytest.mark.parametrize(
    ("jobs", "outcome", "said"),
    [
        ({}, "promoted", ["version 7 at s3://ml/m-7", "replacing version 6", "p95 42.0 ms", "c0ffee", "auc 0.91"]),
        (LOST, "kept_champion", ["version 6 stays the champion: auc 0.89 &lt; 0.90"]),
        ({"live": BAD, "rollback": RESTORED}, "rolled_back", ["smoke test golden: 3 differ", "version 6 serves again", "beef"]),
        ({"live": CUT, "rollback": RESTORED}, "rolled_back", ["verification ended as cancelled"]),
        ({"live": BAD, "rollback": job(result="removed", commit="beef")}, "rolled_back", ["removed again"]),
        ({"live": BAD, "rollback": job("failure", commit="beef")}, "rollback_failed", ["git: beef"]),
        ({"live": BAD, "rollback": job("failure")}, "rollback_failed", ["not reverted"]),
        ({"live": BAD, "rollback": job(result="superseded")}, "failed", ["newer release"]),
        ({"live": CUT, "rollback": job(result="verified")}, "failed", ["an earlier attempt verified it"]),
        (LOST | {"rollback": CUT}, "kept_champion", ["version 6 stays"]),
        ({"rollout": job("failure"), "live": job("skipped"), "rollback": job(result="nothing")}, "failed", ["without an output"]),
        (
            {"rollout": job("cancelled"), "live": job("skipped"), "rollback": job(result="nothing")},
            "cancelled",
            ["deploy ended as cancelled"],
        ),
        (SKIPPED | {"checks": job("failure"), "features": job("skipped"), "fit": job("skipped")}, "failed", ["| checks |"]),
        (SKIPPED | {"fit": job("failure")}, "failed", ["| fit |"]),
        (SKIPPED | {"fit": job("cancelled")}, "cancelled", ["| fit |"]),
        (SKIPPED | {"transformer": job("failure"), "winner": needs()["winner"]}, "failed", ["| transformer |"]),
        (dict.fromkeys(needs(), job("skipped")), "cancelled", ["the gate was never reached"]),
        ({name: job("skipped") for name in ("rollout", "live")}, "cancelled", ["the deploy was never begun"]),
        (SKIPPED | {"fit": job(reason="better")}, "failed", ["its decision did not arrive"]),
    ],
)
def test_outcome(script: Script, jobs: dict[str, Any], outcome: str, said: list[str]) -> None:
    result = script("outcome", CONFIG, {"NEEDS": json.dumps(needs(**jobs))})
    assert result.outputs == {"outcome": outcome}
    assert result.code == (0 if outcome in ("promoted", "kept_champion", "passed") else 1)
    for text in said:
        assert text in result.summary


@pytest.mark.parametrize(
    ("rollback", "outcome"),
    [
        (job(result="nothing", changed="false"), "kept_champion"),
        (job(result="verified", changed="false"), "kept_champion"),
        (job(result="superseded", changed="false"), "kept_champion"),
        (RESTORED | {"outputs": RESTORED["outputs"] | {"changed": "false"}}, "kept_champion"),
        (RESTORED | {"outputs": RESTORED["outputs"] | {"changed": "true"}}, "rolled_back"),
        (job("failure"), "rollback_failed"),
        (CUT, "rollback_failed"),
    ],
)
def test_a_later_attempt_that_loses_tells_of_the_release_before(script: Script, rollback: Any, outcome: str) -> None:
    lost = {"NEEDS": json.dumps(needs(**(LOST | {"rollback": rollback}))), "GITHUB_RUN_ATTEMPT": "2"}
    assert script("outcome", CONFIG, lost).outputs == {"outcome": outcome}


def test_the_worst_environment_counts(script: Script) -> None:
    staging = {"environment": "staging", "deploy": "try", "verify": "tried", "rollback": "untry"}
    config = CONFIG | {"releases": [staging, *CONFIG["releases"]]}
    jobs = needs(live=BAD, rollback=RESTORED) | {"try": job(commit="a"), "tried": job(), "untry": job("skipped")}
    result = script("outcome", config, {"NEEDS": json.dumps(jobs)}, process=True)
    assert (result.code, result.outputs["outcome"]) == (1, "rolled_back")
    assert "| staging | live with commit a, the first release |" in result.summary


@pytest.mark.parametrize(("environment", "outcome"), [("prod", "rejected"), ("staging", "failed")])
def test_a_refused_approval_is_told_apart(script: Script, environment: str, outcome: str) -> None:
    reviews = [
        {"state": "approved", "environments": [{"name": "prod"}], "user": {"login": "bob"}, "comment": ""},
        {"state": "rejected", "environments": [{"name": environment}], "user": {"login": "ada"}, "comment": "not on a Friday"},
    ]
    asked: list[str] = []

    def answer(request: Any, _: bytes) -> tuple[int, Any]:
        asked.append(f"{request.path} {request.headers['Authorization']}")
        return 200, reviews

    github = serve(answer)
    jobs = needs(rollout=job("failure"), live=job("skipped"), rollback=job(result="nothing"))
    env = {"NEEDS": json.dumps(jobs), "GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}"}
    result = script("outcome", CONFIG, env)
    github.shutdown()
    github.server_close()
    assert asked == ["/repos/acme/churn/actions/runs/1000/approvals Bearer t0ken"]
    assert (result.code, result.outputs["outcome"]) == (1, outcome)
    assert ("ada refused the approval: not on a Friday" in result.summary) is (outcome == "rejected")


def test_when_github_does_not_answer_the_outcome_still_comes(script: Script) -> None:
    jobs = needs(rollout=job("failure"), live=job("skipped"), rollback=job(result="nothing"))
    env = {"NEEDS": json.dumps(jobs), "GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": "http://127.0.0.1:9"}
    assert script("outcome", CONFIG, env).outputs["outcome"] == "failed"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"fit": 1}', json.dumps({"fit": job()})])
def test_needs_that_do_not_fit_are_refused(script: Script, text: str) -> None:
    assert script("outcome", CONFIG, {"NEEDS": text}).code == 2


def test_an_output_cannot_write_into_the_page(script: Script) -> None:
    jobs = needs(**LOST | {"fit": job(approved="false", reason="<b>x</b> | y\n## Promoted")})
    page = script("outcome", CONFIG, {"NEEDS": json.dumps(jobs)}).summary
    assert "&lt;b>x&lt;/b> \\| y ## Promoted" in page  # no tag opens without `<`
    assert "<b" not in page
