"""Each of the seven services is really broken in turn: the run ends before anything is trained."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from stand import s3, tracking
from stand.engines import ACT, LOCAL
from stand.names import BUCKET, GITHUB, app_token
from stand.world import World

Break = Callable[[World], None]


def refuse(secret: str) -> Break:
    """The credentials are no longer good."""

    def act(world: World) -> None:
        world.runner.secrets[secret] = "no-longer-good"

    return act


def deny_writes(world: World) -> None:
    world.servers["s3"].stop()
    world.servers["s3"] = s3.server(world.folder / "s3", read_only=True)
    world.servers["s3"].start()


def lose_the_data(_: World) -> None:
    store = s3.client()
    for found in store.list_objects_v2(Bucket=BUCKET, Prefix="dvc/churn/")["Contents"]:
        store.delete_object(Bucket=BUCKET, Key=found["Key"])


def take_the_right_to_push(world: World) -> None:
    world.front.git(GITHUB, world.folder / "git", {app_token("write"): "read"})


def forget_the_application(world: World) -> None:
    world.cluster.exists = False


def uninstall_kserve(world: World) -> None:
    world.cluster.has_kserve = False


CASES: dict[str, tuple[Break, dict[str, str]]] = {
    "mlflow": (refuse("MLFLOW_PASSWORD"), {"mlflow": "answered 401"}),
    "s3": (deny_writes, {"s3": "cannot write s3://acme-ml/"}),
    "dvc": (lose_the_data, {"dvc": "the remote lacks data/churn.csv"}),
    "container_registry": (refuse("GITHUB_TOKEN"), {"container_registry": "no push to acme/churn-transformer: 401"}),
    "git": (take_the_right_to_push, {"git": "no push to main"}),
    "argocd": (forget_the_application, {"argocd": "there is no application churn-prod", "kserve": "there is no application churn-prod"}),
    "argocd-token": (refuse("ARGOCD_TOKEN"), {"argocd": "the token is not valid", "kserve": "the token is not valid"}),
    "kserve": (uninstall_kserve, {"kserve": "KServe is not installed"}),
}


@pytest.fixture
def world(unreleased: World) -> World:
    """A world whose object store takes writes."""
    if "--readonly" in unreleased.servers["s3"].command:
        unreleased.servers["s3"].stop()
        unreleased.servers["s3"] = s3.server(unreleased.folder / "s3")
        unreleased.servers["s3"].start()
    return unreleased


LOCALLY = [pytest.param(LOCAL, case, marks=[pytest.mark.extra] if case != "mlflow" else []) for case in CASES]


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("engine", "case"), [*((ACT, case) for case in CASES), *LOCALLY], indirect=["engine"])
def test_a_failed_check_ends_the_run(world: World, case: str) -> None:
    harm, expected = CASES[case]
    before = world.standing()
    harm(world)
    run = world.run()
    assert not run.green
    others = dict.fromkeys(run.jobs, "skipped")
    assert run.results() == others | {"checks": "failure", "outcome": "failure"}
    assert run.outcome == "failed"
    rows = dict(re.findall(r"^\| (\w+) \| failed \| (.*) \|$", run.jobs["checks"].summary, re.MULTILINE))
    assert rows.keys() == expected.keys()
    for check, why in expected.items():
        assert why in rows[check]
    assert world.standing() == before
    assert [found.name for found in tracking.client().search_experiments()] == ["Default"]
