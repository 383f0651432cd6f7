"""Argo CD: redis, repository server, application controller and API server, set up as its own manifests do."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import requests

from .cluster import BIN, HOST, MANIFESTS, Cluster
from .ports import Ports
from .processes import Processes

NAMESPACE = "argocd"
IN_CLUSTER = "https://kubernetes.default.svc"
SECONDS = 60


@dataclass(frozen=True)
class ArgoCD:
    """A running Argo CD."""

    url: str  # without TLS, as behind an ingress
    cluster: Cluster
    home: Path

    def ready(self) -> bool:
        """Tell whether the API server answers, and has made the first administrator's password."""
        try:
            healthy = requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False
        return healthy and self.cluster.api.get("v1", "Secret", NAMESPACE, "argocd-initial-admin-secret") is not None

    def project_token(self, project: str, role: str) -> str:
        """Create a token as the README says: `argocd proj role create-token`."""
        command = ["argocd", "proj", "role", "create-token", project, role, "--token-only", "--plaintext"]
        command += ["--server", self.url.removeprefix("http://")]
        env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.home), "ARGOCD_AUTH_TOKEN": self._session()}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.strip()

    def knows_cluster(self, token: str) -> bool:
        """Tell whether Argo CD says which kinds its own cluster has: it does so some seconds after its first application."""
        headers = {"Authorization": f"Bearer {token}"}
        response = requests.get(f"{self.url}/api/v1/clusters/{quote(IN_CLUSTER, safe='')}", headers=headers, timeout=SECONDS)
        return response.ok and bool(response.json().get("info", {}).get("apiVersions"))

    def allow(self, policy: str) -> None:
        """Set the policies of Argo CD as a whole, beside those of its projects."""
        meta = {"name": "argocd-rbac-cm", "namespace": NAMESPACE}
        self.cluster.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"policy.csv": policy}})

    def _session(self) -> str:
        secret = self.cluster.api.get("v1", "Secret", NAMESPACE, "argocd-initial-admin-secret") or {}
        password = base64.b64decode(secret["data"]["password"]).decode()
        login = {"username": "admin", "password": password}
        response = requests.post(f"{self.url}/api/v1/session", json=login, timeout=SECONDS)
        response.raise_for_status()
        return str(response.json()["token"])


def start(processes: Processes, cluster: Cluster, ports: Ports, trusted: Mapping[str, bytes]) -> ArgoCD:
    """Start Argo CD; `trusted` has the certificates (PEM) of the git servers that it is to trust, by host."""
    api, config = cluster.api, MANIFESTS / "argocd"
    cluster.define(config / "crds")
    cluster.namespace(NAMESPACE)
    api.apply_files(*sorted((config / "config").iterdir()), namespace=NAMESPACE)
    home = cluster.folder / "argocd"
    env = _environment(home, cluster, trusted)
    processes.start("redis", _redis(home, ports))
    for name, arguments in _parts(ports).items():
        processes.start(name, [BIN / name, *arguments], env)
    argocd = ArgoCD(f"http://{HOST}:{ports.argocd}", cluster, home)
    processes.wait_until("Argo CD answers", argocd.ready, seconds=120)
    return argocd


def _environment(home: Path, cluster: Cluster, trusted: Mapping[str, bytes]) -> dict[str, str]:
    """Write the files that Argo CD's containers would have mounted."""
    folders = {name: home / name for name in ("tls", "ssh", "tmp", "plugins")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for host, certificate in trusted.items():
        (folders["tls"] / host).write_bytes(certificate)
    return {
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",  # where the repository server finds kustomize
        "TMPDIR": str(folders["tmp"]),
        "KUBECONFIG": str(cluster.kubeconfig),
        "ARGOCD_FAKE_IN_CLUSTER": "true",  # https://kubernetes.default.svc is what the kubeconfig says
        "ARGOCD_TLS_DATA_PATH": str(folders["tls"]),
        "ARGOCD_SSH_DATA_PATH": str(folders["ssh"]),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folders["plugins"]),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_ASK_PASS_SOCK": str(home / "ask-pass.sock"),  # else in /tmp, where every world's repository server would take it away
    }


def _redis(home: Path, ports: Ports) -> list[str]:
    in_memory = ["--save", "", "--appendonly", "no"]
    return ["redis-server", "--port", str(ports.redis), "--bind", HOST, "--dir", str(home), *in_memory]


def _parts(ports: Ports) -> dict[str, list[str]]:
    redis = ["--redis", f"{HOST}:{ports.redis}"]
    served = [*redis, "--repo-server", f"{HOST}:{ports.repo_server}", "--namespace", NAMESPACE]
    listening = ["--address", HOST, "--metrics-address", HOST]
    return {
        "argocd-repo-server": [
            *redis,
            *listening,
            *("--port", str(ports.repo_server)),
            *("--metrics-port", str(ports.repo_server_metrics)),
        ],
        "argocd-application-controller": [*served, "--metrics-port", str(ports.argocd_controller_metrics)],
        "argocd-server": [
            *served,
            *listening,
            "--insecure",
            *("--port", str(ports.argocd)),
            *("--metrics-port", str(ports.argocd_metrics)),
        ],
    }
