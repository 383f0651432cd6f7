from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from conftest import KEYS, Result, Step
from servers import ADMIN, Api, s3_server
from tracking import Tracking

JSON = {"Content-Type": "application/json"}
SERVICE = {"service": "churn", "path": "apps/churn"}


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=dev", "-c", "user.email=dev@acme.example"]
    return subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def gitops(tmp_path: Path) -> dict[str, str]:
    """A GitOps repository, and the connection to it."""
    url, work = tmp_path / "gitops.git", tmp_path / "gitops"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(url))
    git(url, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", str(url), str(work))
    git(work, "checkout", "--quiet", "-b", "main")
    commit(work, {"apps/other/kustomization.yaml": "resources: []\n"})
    return {"GITOPS_URL": f"file://{url}", "GITOPS_BRANCH": "main"}


def commit(work: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(content)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "change")
    git(work, "push", "--quiet", "origin", "main")


def answer(status: int, body: Any, **headers: str) -> Any:
    return lambda _, __: (status, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}, json.dumps(body).encode())


def check(step: Step, wanted: dict[str, Any], *envs: dict[str, str], seconds: float = 20, **more: Any) -> Result:
    return step("preflight", {"pipeline": "churn", "seconds": seconds, "checks": wanted} | more, *envs)


# --- mlflow, s3, dvc -------------------------------------------------------------------------------------


def test_mlflow(step: Step, tracking: Tracking, mlflow_env: dict[str, str]) -> None:
    done = check(step, {"mlflow": {"model": tracking.name}}, mlflow_env)
    assert done.code == 0, done.log
    assert "will be created" in done.summary
    tracking.champion()
    assert "readable and writable" in check(step, {"mlflow": {"model": tracking.name}}, mlflow_env).summary
    assert tracking.client.get_registered_model(tracking.name).aliases == {"champion": "1"}


def test_mlflow_credentials(step: Step, tracking: Tracking, mlflow_env: dict[str, str]) -> None:
    from mlflow.server import get_app_client

    tracking.champion()
    users: Any = get_app_client("basic-auth", mlflow_env["MLFLOW_TRACKING_URI"])
    users.create_user(f"reader-{tracking.run_id}", "only-reads-1234")
    reader = {"MLFLOW_TRACKING_USERNAME": f"reader-{tracking.run_id}", "MLFLOW_TRACKING_PASSWORD": "only-reads-1234"}
    done = check(step, {"mlflow": {"model": tracking.name}}, mlflow_env, reader)
    assert done.code == 3
    assert "may read" in done.log
    assert check(step, {"mlflow": {"model": tracking.name}}, mlflow_env, {"MLFLOW_TRACKING_PASSWORD": "wrong-password"}).code == 3
    assert ADMIN[1] not in done.log


@pytest.fixture
def strict_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server that checks keys after two requests: the one that waits for it, and the one that makes the bucket."""
    monkeypatch.setenv("INITIAL_NO_AUTH_ACTION_COUNT", "2")
    with s3_server(tmp_path) as url:
        client: Any = boto3.client("s3", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
        client.create_bucket(Bucket="guarded")
        yield url


def test_s3(step: Step, store_env: dict[str, str], strict_s3: str) -> None:
    assert check(step, {"s3": {}}, store_env).code == 0
    refused = check(step, {"s3": {}}, KEYS, {"AWS_ENDPOINT_URL_S3": strict_s3, "MLP_STORE_BUCKET": "guarded"})
    assert refused.code == 3
    assert "InvalidAccessKeyId" in refused.log
    missing = check(step, {"s3": {}}, store_env, {"MLP_STORE_BUCKET": "no-such-bucket"})
    assert missing.code == 3
    assert "NoSuchBucket" in missing.log


def test_dvc(step: Step, clone: Path, store_env: dict[str, str], run_id: str) -> None:
    wanted = {"dvc": {"remote": "storage", "targets": ["data.csv.dvc"]}}
    done = check(step, wanted, store_env, seconds=60)
    assert done.code == 0, done.log
    client: Any = boto3.client("s3")
    for item in client.list_objects_v2(Bucket=store_env["MLP_STORE_BUCKET"], Prefix=f"dvc/{run_id}/")["Contents"]:
        client.delete_object(Bucket=store_env["MLP_STORE_BUCKET"], Key=item["Key"])
    done = check(step, wanted, store_env, seconds=60)
    assert done.code == 3
    assert "the remote lacks data.csv" in done.log
    assert check(step, {"dvc": {"targets": ["gone.csv.dvc"]}}, store_env).code == 2


# --- container registry ----------------------------------------------------------------------------------


@pytest.fixture
def images(api: Api) -> dict[str, str]:
    """A registry that wants a token for the repository, as ghcr.io does."""
    realm = f'Bearer realm="{api.url}/token",service="registry",scope="repository:acme/app:pull,push"'

    def token(_: Any, request: Any) -> Any:
        basic = base64.b64encode(b"bot:pass").decode()
        good = request.headers.get("Authorization") == f"Basic {basic}"
        return (200, JSON, b'{"token": "t0"}') if good else (401, {}, b"")

    def upload(_: Any, request: Any) -> Any:
        if request.headers.get("Authorization") != "Bearer t0":
            return 401, {"WWW-Authenticate": realm}, b""
        return 202, {"Location": "/v2/acme/app/blobs/uploads/u1?state=x"}, b""

    api.on("GET", r"/token\?.*", token)
    api.on("POST", "/v2/acme/app/blobs/uploads/", upload)
    api.on("DELETE", r"/v2/acme/app/blobs/uploads/u1.*", lambda _, __: (204, {}, b""))
    return {"REGISTRY_URL": f"{api.url}/acme", "REGISTRY_USERNAME": "bot", "REGISTRY_PASSWORD": "pass"}


def test_container_registry(step: Step, api: Api, images: dict[str, str]) -> None:
    done = check(step, {"container_registry": {"images": ["app"]}}, images)
    assert done.code == 0, done.log
    assert ("DELETE", "/v2/acme/app/blobs/uploads/u1?state=x") in [(m, p) for m, p, _ in api.seen]
    assert any("scope=repository%3Aacme%2Fapp%3Apull%2Cpush" in path for _, path, _ in api.seen)


def test_container_registry_refuses(step: Step, api: Api, images: dict[str, str]) -> None:
    wrong = check(step, {"container_registry": {"images": ["app"]}}, images, {"REGISTRY_PASSWORD": "hush"})
    assert wrong.code == 3
    assert "hush" not in wrong.log
    api.on("POST", "/v2/acme/app/blobs/uploads/", answer(403, {"errors": [{"code": "DENIED"}]}))
    denied = check(step, {"container_registry": {"images": ["app"]}}, images)
    assert denied.code == 3
    assert "no push to acme/app: 403" in denied.log


# --- GitOps repository -----------------------------------------------------------------------------------


def test_git(step: Step, gitops: dict[str, str], tmp_path: Path) -> None:
    wanted = {"git": {"path": "apps/other", "must_exist": True}}
    done = step("preflight", {"pipeline": "churn", "checks": wanted}, gitops, process=True)
    assert done.code == 0, done.log
    assert "may push to main |" in done.summary
    assert "apps/churn will be created" in check(step, {"git": {"path": "apps/churn"}}, gitops).summary
    missing = check(step, {"git": {"path": "apps/churn", "must_exist": True}}, gitops)
    assert missing.code == 2
    assert "apps/churn does not exist on main" in missing.log
    assert check(step, {"git": {"path": "apps"}}, gitops, {"GITOPS_URL": f"file://{tmp_path}/gone.git"}).code in (2, 3)
    before = git(tmp_path / "gitops", "ls-remote", "origin")
    assert before.count("\n") == 1  # HEAD and main: rehearsing leaves nothing behind


# --- Argo CD and KServe ----------------------------------------------------------------------------------


@pytest.fixture
def argo(api: Api, gitops: dict[str, str]) -> dict[str, str]:
    """An Argo CD server that knows one application."""
    source = {"repoURL": gitops["GITOPS_URL"].removesuffix(".git"), "targetRevision": "main", "path": "apps/churn/overlays/prod"}
    cluster = "https://kubernetes.default.svc"
    spec = {"project": "churn", "source": source, "destination": {"server": cluster, "namespace": "ml"}}
    api.on("GET", "/api/v1/applications/.*", answer(403, {"error": "permission denied"}))
    api.on("GET", "/api/v1/applications/churn-prod", answer(200, {"spec": spec}))
    api.on("GET", "/api/v1/account/can-i/applications/(get|sync)/churn/churn-prod", answer(200, {"value": "yes"}))
    versions = ["v1", "apps/v1", "serving.kserve.io/v1beta1", "serving.kserve.io/v1beta1/InferenceService"]
    api.on("GET", rf"/api/v1/clusters/{quote(cluster, safe='')}\?id.type=url", answer(200, {"info": {"apiVersions": versions}}))
    return {**gitops, "ARGOCD_SERVER": api.url, "ARGOCD_AUTH_TOKEN": "argo-token"}


APPLICATIONS = {"applications": [{"name": "churn-prod", "path": "apps/churn/overlays/prod"}]}


def test_argocd_and_kserve(step: Step, api: Api, argo: dict[str, str]) -> None:
    done = check(step, {"argocd": APPLICATIONS, "kserve": {}}, argo)
    assert done.code == 0, done.log
    assert "argo-token" not in done.log + done.summary


@pytest.mark.parametrize(
    ("change", "wanted", "says"),
    [
        ({}, {"applications": [{"name": "gone"}]}, "there is no application gone"),
        ({}, {"applications": [{"name": "churn-prod", "path": "apps/else"}]}, "watches the path apps/churn/overlays/prod"),
        ({"GITOPS_URL": "https://github.com/acme/other.git"}, APPLICATIONS, "not the GitOps repository"),
        ({"GITOPS_BRANCH": "release"}, APPLICATIONS, "watches the revision main"),
    ],
)
def test_argocd_watches_something_else(step: Step, argo: dict[str, str], change: dict[str, str], wanted: dict[str, Any], says: str) -> None:
    done = check(step, {"argocd": wanted}, argo, change)
    assert done.code == 3, done.log
    assert says in done.log


def test_argocd_refuses(step: Step, api: Api, argo: dict[str, str]) -> None:
    api.on("GET", "/api/v1/account/can-i/applications/sync/.*", answer(200, {"value": "no"}))
    assert "may not sync churn-prod" in check(step, {"argocd": APPLICATIONS}, argo).log
    api.on("GET", "/api/v1/applications/.*", answer(401, {}))
    assert "the token is not valid" in check(step, {"argocd": APPLICATIONS}, argo).log


def test_a_token_that_may_not_look_at_the_cluster_is_told_how(step: Step, api: Api, argo: dict[str, str]) -> None:
    api.on("GET", "/api/v1/clusters/.*", answer(403, {"error": "permission denied"}))
    done = check(step, {"argocd": APPLICATIONS, "kserve": {}}, argo)
    assert done.code == 3
    assert ":pipeline, clusters, get, https://" in done.summary


def test_an_argo_cd_that_has_just_started_is_asked_again(step: Step, api: Api, argo: dict[str, str]) -> None:
    unknown, known = answer(200, {"info": {}}), answer(200, {"info": {"apiVersions": ["serving.kserve.io/v1beta1"]}})
    replies = iter([unknown])

    def reply(found: object, request: object) -> Any:
        return next(replies, known)(found, request)

    api.on("GET", "/api/v1/clusters/.*", reply)
    assert check(step, {"argocd": APPLICATIONS, "kserve": {}}, argo).code == 0
    api.on("GET", "/api/v1/clusters/.*", unknown)
    done = check(step, {"argocd": APPLICATIONS, "kserve": {}}, argo, seconds=5)
    assert "does not know the API versions" in done.summary


def test_kserve_is_absent_or_unreachable(step: Step, api: Api, argo: dict[str, str]) -> None:
    api.on("GET", "/api/v1/clusters/.*", answer(200, {"info": {"apiVersions": ["v1", "serving.kserve.io/v1alpha1"]}}))
    assert "KServe is not installed" in check(step, {"argocd": APPLICATIONS, "kserve": {}}, argo).log
    cluster = {"KUBE_API_SERVER": api.url, "KUBE_TOKEN": "kube"}
    assert "KServe is not installed" in check(step, {"kserve": {}}, cluster).log
    api.on("GET", "/apis/serving.kserve.io/v1beta1", answer(200, {"kind": "APIResourceList"}))
    assert check(step, {"kserve": {}}, cluster).code == 0
    down = check(step, {"kserve": {}}, {"KUBE_API_SERVER": "http://127.0.0.1:9", "KUBE_TOKEN": "kube"})
    assert down.code == 3
    assert "does not answer" in down.log


def test_kserve_without_a_cluster_says_what_to_do(step: Step, argo: dict[str, str]) -> None:
    done = check(step, {"kserve": {}}, argo, skipped={"argocd": "not reachable from the runners"})
    assert done.code == 2
    assert "let Argo CD be checked too" in done.log
    assert "or skip this check with a reason" in done.log


# --- all together ----------------------------------------------------------------------------------------


def test_checks_run_side_by_side_and_all_failures_are_said(step: Step, api: Api, gitops: dict[str, str]) -> None:
    def hang(*_: object) -> Any:
        time.sleep(8)
        return 200, JSON, b"{}"

    api.on("GET", "/.*", hang)
    envs = {**gitops, "ARGOCD_SERVER": api.url, "ARGOCD_AUTH_TOKEN": "t", "KUBE_API_SERVER": api.url, "KUBE_TOKEN": "t"}
    envs |= {"MLFLOW_TRACKING_URI": api.url}
    wanted = {"mlflow": {"model": "churn"}, "argocd": APPLICATIONS, "kserve": {}, "git": {"path": "apps/other"}}
    start = time.monotonic()
    done = check(step, wanted, envs, seconds=4, skipped={"s3": "no store | here"})
    assert time.monotonic() - start < 30  # one after the other would take longer than that on a busy machine
    assert done.code == 3
    for name in ("mlflow", "argocd", "kserve"):
        assert f"| {name} | failed |" in done.summary
    assert "| git | ok |" in done.summary
    assert "| s3 | skipped | no store \\| here |" in done.summary


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"checks": {"s3": {}}, "skipped": {"s3": "x"}}, "both wanted and skipped"),
        ({"checks": {}, "skipped": {"s4": "x"}}, "no check s4 to skip"),
        ({"checks": {"s4": {}}}, "unknown key s4"),
    ],
)
def test_refuses_a_wrong_configuration(step: Step, config: dict[str, Any], says: str) -> None:
    done = step("preflight", {"pipeline": "churn", **config})
    assert done.code == 2
    assert says in done.log


# --- champion --------------------------------------------------------------------------------------------


def release(version: str, run: str = "") -> dict[str, str]:
    name = "apps/churn/overlays/prod/release"
    lines = ["kind: InferenceService", "metadata:", "  annotations:", f"    mlp/model-version: '{version}'", f"    mlp/run: '{run}'"]
    lines += ["spec:", "  predictor:", "    model:", "      storageUri: s3://ml-store/x"]
    return {f"{name}/release.yaml": "\n".join(lines) + "\n", f"{name}/kustomization.yaml": "kind: Component\n"}


def test_the_alias_follows_what_git_says(
    step: Step, tracking: Tracking, mlflow_env: dict[str, str], gitops: dict[str, str], tmp_path: Path
) -> None:
    tracking.champion(alias="other")
    tracking.champion()
    champions = [{"model": tracking.name, "alias": "champion", "environment": "prod", "manifest": SERVICE}]

    def alias() -> str:
        return str(tracking.client.get_model_version_by_alias(tracking.name, "champion").version)

    assert check(step, {}, mlflow_env, gitops, champions=champions).code == 0
    assert alias() == "2"  # nothing is released yet
    commit(tmp_path / "gitops", release("1"))
    tracking.client.set_model_version_tag(tracking.name, "1", "mlp.verified.prod", "c0ffee")
    done = check(step, {}, mlflow_env, gitops, champions=champions)
    assert done.code == 0, done.log
    assert alias() == "1"
    assert "::warning::the alias champion" in done.log
    assert "::warning" not in check(step, {}, mlflow_env, gitops, champions=champions).log
    commit(tmp_path / "gitops", release("99"))
    assert "not in the registry" in check(step, {}, mlflow_env, gitops, champions=champions).log
    assert alias() == "1"


def test_a_release_that_nobody_verified_is_no_champion(
    step: Step, tracking: Tracking, mlflow_env: dict[str, str], gitops: dict[str, str], tmp_path: Path
) -> None:
    tracking.champion(alias="other")
    tracking.champion()
    champion = {"model": tracking.name, "alias": "champion", "environment": "prod", "manifest": SERVICE}
    commit(tmp_path / "gitops", release("1"))

    def done(*champions: object, **env: str) -> Any:
        result = check(step, {}, mlflow_env | env, gitops, champions=list(champions))
        assert tracking.client.get_model_version_by_alias(tracking.name, "champion").version in (2, "2")
        return result

    stopped = done(champion)
    assert stopped.code == 5
    assert "run all jobs of its run again, or revert its commit" in stopped.log
    commit(tmp_path / "gitops", release("1", run="acme/churn/77"))
    assert "run all jobs of acme/churn/77 again" in done(champion).log
    own = done(champion, GITHUB_RUN_ID="77")
    assert (own.code, "it is rolled back" in own.log) == (0, True), own.log
    unguarded = check(step, {}, mlflow_env, gitops, champions=[champion | {"verified": False}])
    assert (unguarded.code, "was moved from 2 to version 1" in unguarded.log) == (0, True), unguarded.log
