"""The preflight checks, one function each: silence is success, a Failure says what to do about it."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import yaml
from botocore.config import Config

import gitrepo
import store
from common import ConfigError, Deadline, ServiceError, env, optional_env
from registry import Registry
from web import Service


@dataclass(frozen=True)
class Nothing:
    """Configuration of a check that needs none."""


@dataclass(frozen=True)
class Mlflow:
    """Configuration: the registered model."""

    model: str


@dataclass(frozen=True)
class Dvc:
    """Configuration: what must be complete in the remote."""

    targets: list[str]
    remote: str | None = None


@dataclass(frozen=True)
class Images:
    """Configuration: repositories to push to."""

    images: list[str]


@dataclass(frozen=True)
class Git:
    """Configuration: the path to deploy to."""

    path: str
    must_exist: bool = False


@dataclass(frozen=True)
class Application:
    """Configuration: an Argo CD application, and the path it must watch."""

    name: str
    path: str | None = None


@dataclass(frozen=True)
class Argocd:
    """Configuration: the applications to deploy through."""

    applications: list[Application]


@dataclass(frozen=True)
class Checks:
    """Configuration: the wanted checks."""

    mlflow: Mlflow | None = None
    s3: Nothing | None = None
    dvc: Dvc | None = None
    container_registry: Images | None = None
    git: Git | None = None
    argocd: Argocd | None = None
    kserve: Nothing | None = None


def check_mlflow(wanted: Mlflow, deadline: Deadline) -> str:
    """Read the registered model and probe the right to write; `/health` would need no credentials."""
    registry = Registry(deadline, attempts=2)
    there = registry.aliases(wanted.model)
    if there is not None and not registry.may_write(wanted.model):
        raise ServiceError(f"MLflow: these credentials may read {wanted.model}, but not write to it")
    return "readable and writable" if there is not None else f"reachable; {wanted.model} will be created"


def check_s3(_: Nothing, deadline: Deadline) -> str:
    """Write, read and delete a probe object: a readable store may still refuse writes."""
    name = env("MLP_STORE_BUCKET")
    uri = f"s3://{name}/mlp/.probe/{secrets.token_hex(8)}"
    limit = max(1, int(deadline.left() / 5))
    limits = Config(connect_timeout=min(5, limit), read_timeout=limit, retries={"mode": "standard", "max_attempts": 2})
    objects, content = store.Store(limits), secrets.token_bytes(32)
    objects.write(uri, content)
    found = objects.read(uri)
    objects.delete(uri)
    if found != content:
        raise ServiceError(f"object store: {uri} did not give back what was written")
    return f"read and write in {name}"


def check_dvc(wanted: Dvc, deadline: Deadline) -> str:
    """Ask what the remote lacks; DVC's exit code would be 0 either way."""
    remote = ["--remote", wanted.remote] if wanted.remote else []
    command = [sys.executable, "-m", "dvc", "data", "status", "--not-in-remote", "--json", *remote, "--", *_outputs(wanted.targets)]
    done = _run(command, deadline, "dvc")
    if done.returncode != 0:
        raise ServiceError(f"DVC: {(done.stderr or done.stdout).strip()[-500:]}")
    if missing := json.loads(done.stdout).get("not_in_remote", []):
        raise ServiceError(f"DVC: the remote lacks {', '.join(missing[:5])} ({len(missing)} in all): run `dvc push`")
    return f"{len(wanted.targets)} targets complete in the remote"


def _outputs(targets: list[str]) -> list[str]:
    """The paths that the targets stand for: of a `.dvc` file, DVC would say that nothing is missing."""
    return [path for target in targets for path in (_tracked(Path(target)) if target.endswith(".dvc") else [target])]


def _tracked(pointer: Path) -> list[str]:
    try:
        data = yaml.safe_load(pointer.read_text(encoding="utf-8"))
        return [(pointer.parent / data.get("wdir", ".") / out["path"]).as_posix() for out in data["outs"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise ConfigError(f"DVC: {pointer} is no DVC file: {error}") from None


def _run(command: list[str], deadline: Deadline, what: str, **options: Any) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=deadline.left(), **options)
    except subprocess.TimeoutExpired:
        raise ServiceError(f"{what} took too long") from None


# --- container registry --------------------------------------------------------------------------------


def check_container_registry(wanted: Images, deadline: Deadline) -> str:
    """Open an upload in each repository and cancel it: who is logged in may still not push."""
    address = env("REGISTRY_URL")
    url = address if "://" in address else f"https://{address}"
    scheme, _, rest = url.partition("://")
    host, _, prefix = rest.strip("/").partition("/")
    for image in wanted.images:
        _probe_push(f"{scheme}://{host}", "/".join(filter(None, [prefix, image])), deadline)
    return f"may push {', '.join(wanted.images)}"


def _probe_push(host: str, repository: str, deadline: Deadline) -> None:
    path = f"/v2/{repository}/blobs/uploads/"
    plain = Service("container registry", host, deadline=deadline, attempts=2)
    answer = plain.request("POST", path, again=True)
    if answer.status_code == 401:
        plain = _logged_in(plain, answer.headers.get("WWW-Authenticate", ""), repository, deadline)
        answer = plain.request("POST", path, again=True)
    if answer.status_code != 202:
        raise ServiceError(f"container registry: no push to {repository}: {answer.status_code} {answer.text[:200].strip()}")
    if location := answer.headers.get("Location"):
        plain.request("DELETE", urljoin(f"{host}{path}", location))


def _logged_in(service: Service, challenge: str, repository: str, deadline: Deadline) -> Service:
    """Answer the challenge: basic, or a bearer token for this repository."""
    basic = (env("REGISTRY_USERNAME"), env("REGISTRY_PASSWORD"))
    scheme, _, rest = challenge.partition(" ")
    if scheme.lower() != "bearer":
        return Service("container registry", service.url, basic=basic, deadline=deadline, attempts=2)
    fields = dict(item.split("=", 1) for item in rest.split(",") if "=" in item)
    asked = {name.strip(): value.strip('" ') for name, value in fields.items()}
    tokens = Service("container registry login", asked.get("realm", ""), basic=basic, deadline=deadline, attempts=2)
    query = {"service": asked.get("service", ""), "scope": f"repository:{repository}:pull,push"}
    found = tokens.json("GET", "", params=query)
    token = found.get("token") or found.get("access_token", "")
    headers = {"Authorization": f"Bearer {token}"}
    return Service("container registry", service.url, headers, deadline=deadline, attempts=2)


# --- GitOps repository ---------------------------------------------------------------------------------


def check_git(wanted: Git, deadline: Deadline) -> str:
    """Clone, look for the path, and rehearse a push: reading alone needs less than writing."""
    remote = gitrepo.Remote.from_env()
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        clone = gitrepo.Clone(remote, Path(folder) / "gitops")
        there = bool(clone.files(clone.fetch(), wanted.path))
        command = ["git", "--git-dir", f"{folder}/gitops", "push", "--dry-run", "origin", f"HEAD:refs/heads/{remote.branch}"]
        done = _run(command, deadline, "git push --dry-run", env=gitrepo.environment(remote))
    if done.returncode != 0:
        raise ServiceError(f"GitOps repository: no push to {remote.branch}: {gitrepo.last_line(done.stderr)}")
    if wanted.must_exist and not there:
        raise ConfigError(f"GitOps repository: {wanted.path} does not exist on {remote.branch}")
    return f"may push to {remote.branch}" + ("" if there else f"; {wanted.path} will be created")


# --- Argo CD and KServe --------------------------------------------------------------------------------


def _argocd(deadline: Deadline) -> Service:
    headers = {"Authorization": f"Bearer {env('ARGOCD_AUTH_TOKEN')}"}
    return Service("Argo CD", env("ARGOCD_SERVER"), headers, attempts=2, deadline=deadline)


def check_argocd(wanted: Argocd, deadline: Deadline) -> str:
    """Each application exists, watches what we deploy to, and may be synced by us."""
    server = _argocd(deadline)
    for item in wanted.applications:
        application = _application(server, item.name)
        _check_source(application, item)
        project = application["spec"].get("project", "default")
        for action in ("get", "sync"):
            place = f"/api/v1/account/can-i/applications/{action}/{quote(project, safe='')}/{quote(item.name, safe='')}"
            if server.json("GET", place).get("value") != "yes":
                raise ServiceError(f"Argo CD: the token may not {action} {item.name} in project {project}")
    return ", ".join(item.name for item in wanted.applications)


def _application(server: Service, name: str) -> Any:
    answer = server.request("GET", f"/api/v1/applications/{quote(name, safe='')}")
    if answer.status_code == 401:
        raise ServiceError("Argo CD: the token is not valid")
    if answer.status_code in (403, 404):  # it says 403 for what is not there, so as not to give names away
        raise ServiceError(f"Argo CD: there is no application {name}, or the token may not see it (`mlp setup` says how to create it)")
    server.expect(answer)
    return answer.json()


def _check_source(application: Any, item: Application) -> None:
    spec = application["spec"]
    source = spec.get("source") or (spec.get("sources") or [{}])[0]
    found = source.get("repoURL", "")
    if _repository(found) != _repository(env("GITOPS_URL")):
        raise ServiceError(f"Argo CD: {item.name} watches {found}, not the GitOps repository {env('GITOPS_URL')}")
    branch = source.get("targetRevision") or "HEAD"
    if branch not in ("HEAD", env("GITOPS_BRANCH"), f"refs/heads/{env('GITOPS_BRANCH')}"):
        raise ServiceError(f"Argo CD: {item.name} watches the revision {branch}, not {env('GITOPS_BRANCH')}")
    if item.path and source.get("path", "").strip("/") != item.path.strip("/"):
        raise ServiceError(f"Argo CD: {item.name} watches the path {source.get('path')}, not {item.path}")


def _repository(url: str) -> str:
    """One spelling for https, ssh and scp-like addresses of a repository."""
    text = url.removesuffix("/").removesuffix(".git").lower()
    text = text.partition("://")[2] or text.replace(":", "/", 1)
    return text.rpartition("@")[2]


KSERVE = "serving.kserve.io/v1beta1"


def check_kserve(applications: list[Application], deadline: Deadline) -> str:
    """The cluster knows InferenceServices; asked directly where we may, else through Argo CD."""
    if optional_env("KUBE_API_SERVER"):
        return _kserve_by_cluster(deadline)
    if not applications:
        raise ConfigError("KServe: neither KUBE_API_SERVER nor an Argo CD application says which cluster to ask")
    return _kserve_by_argocd(applications[0].name, deadline)


def _kserve_by_cluster(deadline: Deadline) -> str:
    headers = {"Authorization": f"Bearer {env('KUBE_TOKEN')}"}
    server = Service("Kubernetes", env("KUBE_API_SERVER"), headers, attempts=2, deadline=deadline)
    answer = server.request("GET", f"/apis/{KSERVE}")
    if answer.status_code == 404:
        raise ServiceError(f"KServe is not installed: the cluster does not serve {KSERVE}")
    server.expect(answer)
    return "installed"


def _kserve_by_argocd(name: str, deadline: Deadline) -> str:
    server = _argocd(deadline)
    destination = _application(server, name)["spec"].get("destination", {})
    key, kind = (destination["server"], "url") if destination.get("server") else (destination.get("name", ""), "name")
    path = f"/api/v1/clusters/{quote(key, safe='')}"
    found = server.json("GET", path, params={"id.type": kind}).get("info", {}).get("apiVersions") or []
    if not found:
        raise ServiceError(f"Argo CD does not know the API versions of the cluster {key}")
    if not any(version == KSERVE or version.startswith(f"{KSERVE}/") for version in found):
        raise ServiceError(f"KServe is not installed: the cluster {key} does not serve {KSERVE}")
    return "installed"
