"""The real Argo CD and KServe take what mlp emits for the example `churn`; the scripts read what they say.

    e2e/kubernetes/install
    PYTHONPATH=e2e:tests/runtime:templates/runtime e2e/kubernetes/alone github.com pytest e2e/tests/test_kubernetes.py

Only the kubelet is a stand-in, and what it starts here are switches instead of model servers.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argocd import ArgoCD
from checks import Application as Watched
from checks import Argocd, check_argocd, check_kserve
from common import CandidateError, Deadline, ServiceError
from git_server import serving
from gitops.world import Origin, git
from gitrepo import Clone, Remote
from release import Manifest, Owned, Release
from rollout import Goal, Rollout

from stand.kubernetes import argocd, cluster, kserve
from stand.kubernetes.kubelet import Kubelet, Pod
from stand.kubernetes.ports import Ports
from stand.kubernetes.processes import Processes

EXAMPLE = Path(__file__).parents[2] / "examples/churn"
HOST, NAME, NAMESPACE, SERVICE = "github.com", "churn-prod", "ml-prod", "churn"
IMAGE = "ghcr.io/acme/churn-transformer"
# Argo CD lets a project's token see no cluster that is not the project's own.
POLICY = f"p, proj:{NAME}:pipeline, clusters, get, https://kubernetes.default.svc, allow"
# As the README has it created, once in the namespace.
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "churn-storage",
        "namespace": NAMESPACE,
        "annotations": {"serving.kserve.io/s3-endpoint": "minio.example.com", "serving.kserve.io/s3-usehttps": "1"},
    },
    "stringData": {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"},
}
MANIFEST = Manifest(SERVICE, path="apps/churn", image=IMAGE)
ERROR = "ModuleNotFoundError: No module named 'lightgbm'"
SERVICES = ("serving.kserve.io/v1beta1", "InferenceService")
URI = "s3://acme-ml/models/churn/{}"


@dataclass
class Switch:
    """A server that is as the test says."""

    pod: Pod
    up: bool = True
    error: str = ""
    stopped: bool = False

    def ready(self) -> bool:
        """Tell what the test said."""
        return self.up and not self.error

    def failure(self) -> str:
        """Tell what the test said."""
        return self.error

    def stop(self) -> None:
        """Remember it."""
        self.stopped = True


@dataclass
class Servers:
    """Everything that was started; predictors of a URI in `errors` fail, in `slow` do not get ready."""

    errors: dict[str, str] = field(default_factory=dict[str, str])
    slow: set[str] = field(default_factory=set[str])
    started: list[Switch] = field(default_factory=list[Switch])

    def start(self, pod: Pod) -> Switch:
        """Start one."""
        server = Switch(pod, pod.storage_uri not in self.slow, self.errors.get(pod.storage_uri, ""))
        self.started.append(server)
        return server

    def running(self) -> list[str]:
        """Return the URIs of the predictors that run."""
        return sorted(one.pod.storage_uri for one in self.started if not one.stopped and one.pod.component == "predictor")


@dataclass
class World:
    """A cluster with everything in it, and the repository that it follows."""

    cluster: cluster.Cluster
    processes: Processes
    argocd: argocd.ArgoCD
    origin: Origin
    clone: Clone
    servers: Servers

    def release(self, release: Release) -> str:
        """Commit a release as the deploy script does."""
        tip = self.clone.fetch()
        changes = Owned(MANIFEST, "prod").write(self.clone.at(tip), release)
        return self.origin.push(changes, "Release")

    def rollout(self, commit: str, release: Release, *, ends_stuck: bool = False) -> Rollout:
        """Return the wait of the verify script."""
        image = f"{IMAGE}@{release.digest}" if release.digest else ""
        goal = Goal(commit, NAMESPACE, SERVICE, release.uri, image)
        return Rollout(self.client(), self.clone, goal, poll_seconds=1.0, ends_stuck=ends_stuck)

    def client(self) -> ArgoCD:
        """Return Argo CD as the scripts see it."""
        return ArgoCD(NAME, Deadline(180.0))

    def service(self) -> dict[str, Any]:
        """Return the InferenceService as the API server has it."""
        return self.cluster.api.get(*SERVICES, NAMESPACE, SERVICE) or {}

    def application(self) -> dict[str, Any]:
        """Return the Application as the API server has it."""
        return self.cluster.api.get("argoproj.io/v1alpha1", "Application", "argocd", NAME) or {}


def released(number: int) -> Release:
    """Return a release with every field."""
    digest = f"sha256:{number:064x}"
    return Release(URI.format(number), str(number), digest, f"acme/churn/{number}", f"{number:032x}", "d" * 64, "c" * 40)


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(1)


def gitops(root: Path) -> Origin:
    """Create the GitOps repository with what a build makes, before any release."""
    url, work = root / "acme/ml-gitops.git", root / "work"
    url.parent.mkdir(parents=True)
    git(root, "init", "--quiet", "--bare", "--initial-branch=main", str(url))
    git(url, "config", "uploadpack.allowFilter", "true")
    git(root, "clone", "--quiet", str(url), str(work))
    git(work, "checkout", "--quiet", "-b", "main")
    shutil.copytree(EXAMPLE / "deploy/mlp/churn", work / "apps/churn")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Manifests")
    git(work, "push", "--quiet", "origin", "main")
    return Origin(url, work)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything, as an administrator sets it up once."""
    assert socket.gethostbyname(HOST) == "127.0.0.1", "run this with e2e/kubernetes/alone"
    folder, ports, servers = tmp_path_factory.mktemp("kubernetes"), Ports.block(21000), Servers()
    origin = gitops(folder / "git")
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(folder / "logs"))
        control = cluster.start(processes, folder / "cluster", ports)
        stack.enter_context(serving(folder / "git", HOST, control.authority))
        kserve.start(processes, control, ports)
        trusted = {HOST: control.authority.cert_pem.bytes()}
        argo = argocd.start(processes, control, ports, trusted)
        control.namespace(NAMESPACE)
        control.api.apply(SECRET)
        stack.enter_context(Kubelet(control.api, NAMESPACE, servers.start))
        clone = Clone(Remote(f"file://{origin.url}", "main"), folder / "clone")
        made = World(control, processes, argo, origin, clone, servers)
        control.api.apply_files(EXAMPLE / f"argocd/mlp/{NAME}.yaml")
        argo.allow(POLICY)
        os.environ |= {
            "ARGOCD_SERVER": argo.url,
            "ARGOCD_AUTH_TOKEN": argo.project_token(NAME, "pipeline"),
            "GITOPS_URL": "https://github.com/acme/ml-gitops",
            "GITOPS_BRANCH": "main",
        }
        yield made
        print(processes.memory())


def test_before_the_first_release_nothing_is_there(world: World) -> None:
    commit = world.origin.tip()
    assert world.rollout(commit, Release()).wait(Deadline(120.0)) == {}
    seen = world.client().application(refresh=False)
    assert (seen.synced, seen.revisions) == (True, (commit,))


def test_a_release_is_rolled_out(world: World) -> None:
    release = released(1)
    commit = world.release(release)
    live = world.rollout(commit, release).wait(Deadline(180.0))
    assert live["status"]["url"] == "http://churn-ml-prod.example.com"
    assert world.servers.running() == [release.uri]
    wait_for(lambda: world.service()["status"]["modelStatus"]["transitionStatus"] == "UpToDate")


def test_the_old_pods_serve_until_the_new_ones_are_ready(world: World) -> None:
    release = released(2)
    world.servers.slow.add(release.uri)
    commit = world.release(release)
    with pytest.raises(ServiceError, match="of 1 pods are new, 1 old"):
        world.rollout(commit, release).wait(Deadline(20.0))
    assert world.servers.running() == [URI.format(1), release.uri]
    for server in world.servers.started:
        server.up = True
    world.rollout(commit, release).wait(Deadline(120.0))
    assert world.servers.running() == [release.uri]


def test_an_update_that_does_not_load_leaves_the_old_model(world: World) -> None:
    release = released(3)
    world.servers.errors[release.uri] = ERROR
    commit = world.release(release)
    with pytest.raises(ServiceError, match="1 of 1 pods are new, 1 old"):
        world.rollout(commit, release).wait(Deadline(20.0))
    assert world.servers.running() == [URI.format(2), release.uri]
    # KServe looks at the containers only while the service is not ready, and the old pods keep it ready.
    assert world.service()["status"]["modelStatus"]["transitionStatus"] == "UpToDate"


def test_a_revert_brings_the_old_model_back(world: World) -> None:
    release = released(2)
    commit = world.release(release)
    world.rollout(commit, release, ends_stuck=True).wait(Deadline(120.0))
    assert world.servers.running() == [release.uri]


def test_nothing_drifts(world: World) -> None:
    service, application = world.service(), world.application()
    for _ in range(5):
        assert world.client().application(refresh=True).synced
        time.sleep(2)
    assert world.service()["metadata"]["resourceVersion"] == service["metadata"]["resourceVersion"]
    assert world.application()["status"]["operationState"] == application["status"]["operationState"], "no further sync"


def test_a_sync_that_never_succeeds_is_ended(world: World) -> None:
    path = "apps/churn/overlays/prod/release/release.yaml"
    good = world.origin.read(path)
    # KServe's webhook refuses it, and Argo CD tries again and again.
    world.origin.push({path: good.replace("  predictor:\n", "  predictor:\n    minReplicas: 3\n")})
    wait_for(lambda: "cannot be greater" in world.client().application(refresh=True).message)
    assert world.client().application(refresh=False).operating
    commit = world.origin.push({path: good})
    world.rollout(commit, released(2), ends_stuck=True).wait(Deadline(120.0))


@pytest.mark.usefixtures("world")
def test_preflight_finds_everything() -> None:
    watched = Watched(NAME, "apps/churn/overlays/prod")
    assert check_argocd(Argocd([watched]), Deadline(30.0)) == NAME
    assert check_kserve([watched], Deadline(30.0)) == "installed"


def test_the_token_survives_a_new_build(world: World) -> None:
    world.cluster.api.apply_files(EXAMPLE / f"argocd/mlp/{NAME}.yaml")
    time.sleep(3)
    assert world.client().application(refresh=False).synced


def test_a_revert_of_the_first_release_removes_the_service(world: World) -> None:
    commit = world.release(Release())
    assert world.rollout(commit, Release()).wait(Deadline(120.0)) == {}
    wait_for(lambda: world.servers.running() == [])


def test_a_first_model_that_does_not_load_fails_early(world: World) -> None:
    release = released(4)
    world.servers.errors[release.uri] = ERROR
    commit = world.release(release)
    with pytest.raises(CandidateError, match=r"BlockedByFailedLoad.*lightgbm"):
        world.rollout(commit, release).wait(Deadline(90.0))
