"""A company with real Argo CD, Kubernetes API and KServe, set up as docs/serving.md says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stand import git, world
from stand.certificates import BUNDLE
from stand.front import Front
from stand.kubernetes import argocd, cluster, kserve
from stand.kubernetes.api import Object
from stand.kubernetes.kubelet import Kubelet
from stand.kubernetes.ports import Ports
from stand.kubernetes.processes import Processes
from stand.names import ARGOCD, GITHUB, GITOPS, REGION, SECRETS, STORE
from stand.paths import EXAMPLE
from stand.pods import Starter, Traffic
from stand.world import PORTS, Company

NAME, NAMESPACE, SERVICE = "churn-prod", "ml-prod", "churn"
FIRST_PORT = 18000
LOOK_SECONDS = 0.5
SHORT = ("within  = 10min", "within  = 2min")  # of a pipeline, for what never becomes live
# What Argo CD reads the repository with; not one of the pipeline's.
TOKEN = "ghs_of_argo_cd"
APPLICATION = ("argoproj.io/v1alpha1", "Application", argocd.NAMESPACE, NAME)
STORAGE = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "churn-storage",
        "namespace": NAMESPACE,
        "annotations": {
            "serving.kserve.io/s3-endpoint": STORE,
            "serving.kserve.io/s3-usehttps": "1",
            "serving.kserve.io/s3-region": REGION,
        },
    },
    "stringData": {"AWS_ACCESS_KEY_ID": SECRETS["S3_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": SECRETS["S3_SECRET_KEY"]},
}
REPOSITORY = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "ml-gitops",
        "namespace": argocd.NAMESPACE,
        "labels": {"argocd.argoproj.io/secret-type": "repository"},
    },
    "stringData": {"type": "git", "url": f"https://{GITHUB}/{GITOPS}.git", "username": "argocd", "password": TOKEN},
}
POLICY = {"policy.churn-prod.csv": f"p, proj:{NAME}:pipeline, clusters, get, https://kubernetes.default.svc, allow"}


@dataclass
class FullCluster:
    """The cluster with one application and its InferenceService."""

    control: cluster.Cluster
    argocd: argocd.ArgoCD
    processes: Processes
    kubelet: Kubelet
    traffic: Traffic
    repositories: Path
    front: Front

    def application(self) -> Object:
        """Return the Application as the API server has it."""
        return self.control.api.get(*APPLICATION) or {}

    @property
    def synced(self) -> list[str]:
        """The commits that Argo CD has synced, the newest last."""
        return [str(entry["revision"]) for entry in self._status().get("history") or []]

    def at(self) -> str:
        """The commit that the cluster is in sync with, empty if it is not."""
        sync = self._status().get("sync") or {}
        return str(sync.get("revision", "")) if sync.get("status") == "Synced" else ""

    def serves(self, uri: str) -> bool:
        """Whether a model is rolled out, and nothing else."""
        pods = self.control.api.list("v1", "Pod", NAMESPACE, "component=predictor")["items"]
        return [_storage_uri(pod) for pod in pods] == [uri] and all(_is_ready(pod) for pod in pods)

    def refresh(self) -> None:
        """Have Argo CD look at git now, instead of within its three minutes."""
        annotations = {"argocd.argoproj.io/refresh": "normal"}
        self.control.api.patch(self.application(), {"metadata": {"annotations": annotations}})

    def service(self) -> Object:
        """Return the InferenceService as the API server has it, empty if there is none."""
        return self.control.api.get("serving.kserve.io/v1beta1", "InferenceService", NAMESPACE, SERVICE) or {}

    def wait(self, what: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait for a state."""
        end = time.monotonic() + seconds
        while not what():
            self.processes.check()
            if time.monotonic() > end:
                raise TimeoutError(f"{self._status()} {self.kubelet.problems[-3:]}")
            time.sleep(LOOK_SECONDS)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Let Argo CD read git no more: its token is revoked."""
        self.front.git(GITHUB, self.repositories, git.TOKENS)
        try:
            yield
        finally:
            self.front.git(GITHUB, self.repositories, git.TOKENS | {TOKEN: "read"})

    @contextmanager
    def held_traffic(self) -> Iterator[None]:
        """Let the old pods answer, though the new ones are ready."""
        self.traffic.hold()
        try:
            yield
        finally:
            self.traffic.resume()

    @contextmanager
    def admitting_only(self, uri: str) -> Iterator[None]:
        """Refuse every InferenceService with another model, as a company's policy may."""
        manifests = _policy(uri)
        for manifest in manifests:
            self.control.api.apply(manifest)
        try:
            yield
        finally:
            for manifest in reversed(manifests):
                self.control.api.delete(manifest["apiVersion"], manifest["kind"], "", manifest["metadata"]["name"])

    def _status(self) -> Object:
        return dict(self.application().get("status") or {})


@dataclass
class FullWorld(Company):
    """A company with a real cluster."""

    cluster: FullCluster = field(kw_only=True)


def _storage_uri(pod: Object) -> str:
    return str(pod["spec"]["initContainers"][0]["args"][0])


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return {"Ready": "True"}.items() <= {one["type"]: one["status"] for one in conditions}.items()


def _policy(uri: str) -> list[Object]:
    version, meta = "admissionregistration.k8s.io/v1", {"name": "one-model"}
    kind = {"apiGroups": ["serving.kserve.io"], "apiVersions": ["v1beta1"], "resources": ["inferenceservices"]}
    rule = {**kind, "operations": ["CREATE", "UPDATE"]}
    check = {"expression": f"object.spec.predictor.model.storageUri == '{uri}'", "message": "this model is not allowed here"}
    policy = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [check]}
    binding = {"policyName": meta["name"], "validationActions": ["Deny"]}
    return [
        {"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": policy},
        {"apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": binding},
    ]


@contextmanager
def running(folder: Path) -> Iterator[FullWorld]:
    """A world with all servers up and nothing in it but code and data."""
    with world.company(folder) as made, platform(folder, made.front) as found:
        token = made.runner.secrets["ARGOCD_TOKEN"] = found.argocd.project_token(NAME, "pipeline")
        found.wait(lambda: found.argocd.knows_cluster(token))
        yield FullWorld(**vars(made), cluster=found)


@contextmanager
def platform(folder: Path, front: Front) -> Iterator[FullCluster]:
    """Everything in the cluster that an administrator sets up once."""
    ports, place = Ports.block(FIRST_PORT), folder / "kubernetes"
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(place / "logs"))
        control = cluster.start(processes, place / "cluster", ports)
        kserve.start(processes, control, ports)
        argo = argocd.start(processes, control, ports, {GITHUB: BUNDLE.read_bytes()})
        front.proxy(ARGOCD, argo.url)
        front.git(GITHUB, folder / "git", git.TOKENS | {TOKEN: "read"})
        traffic = Traffic(front)
        starter = Starter(control.api, NAMESPACE, place / "pods", iter(PORTS), traffic)
        set_up(control)
        kubelet = stack.enter_context(Kubelet(control.api, NAMESPACE, starter))
        yield FullCluster(control, argo, processes, kubelet, traffic, folder / "git", front)


def set_up(control: cluster.Cluster) -> None:
    """Do what docs/serving.md says under *The cluster*."""
    control.namespace(NAMESPACE)
    control.api.apply(STORAGE)
    control.api.apply(REPOSITORY)
    control.api.apply_files(EXAMPLE / f"argocd/mlp/{NAME}.yaml")
    policies = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-rbac-cm", "namespace": argocd.NAMESPACE}}
    control.api.patch(policies, {"data": POLICY})
