"""etcd, the API server and the controller manager: a cluster without nodes."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import trustme

from .api import Api
from .ports import Ports
from .processes import Processes

ROOT = Path(__file__).resolve().parents[3]
BIN = ROOT / "target/e2e/bin"
MANIFESTS = ROOT / "target/e2e/kubernetes"

HOST = "127.0.0.1"
# What turns a Deployment into pods, keeps a namespace usable, and deletes what lost its owner. The rest needs nodes.
CONTROLLERS = (
    "deployment-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
)


@dataclass(frozen=True)
class Cluster:
    """A running API server, and how to reach it."""

    api: Api
    kubeconfig: Path
    authority: trustme.CA
    folder: Path

    def define(self, folder: Path) -> None:
        """Apply the custom resource definitions of a folder, and wait until all are served."""
        self.api.apply_files(*sorted(folder.iterdir()))
        for definition in self.api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition", "")["items"]:
            spec = definition["spec"]
            for version in (one["name"] for one in spec["versions"] if one["served"]):
                self.api.list(f"{spec['group']}/{version}", spec["names"]["kind"], "")

    def namespace(self, name: str) -> None:
        """Create a namespace."""
        self.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def start(processes: Processes, folder: Path, ports: Ports) -> Cluster:
    """Start a cluster; its files are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, token = trustme.CA(), secrets.token_hex(16)
    _certificates(folder, authority)
    # One line a user: token, name, id, groups.
    (folder / "tokens.csv").write_text(f'{token},stand,stand,"system:masters"\n', encoding="ascii")
    api = Api(f"https://{HOST}:{ports.api}", token, folder / "ca.pem")
    kubeconfig = _kubeconfig(folder, api)
    processes.start("etcd", _etcd(folder, ports))
    processes.start("kube-apiserver", _api_server(folder, ports))
    processes.wait_until("the API server is ready", api.ready, seconds=120)
    processes.start("kube-controller-manager", _controller_manager(folder, ports, kubeconfig))
    return Cluster(api, kubeconfig, authority, folder)


def _certificates(folder: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert(HOST, "localhost", "kubernetes.default.svc")
    server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    # Signs service accounts' tokens; any key does.
    authority.issue_cert("accounts.invalid").private_key_pem.write_to_path(str(folder / "accounts.pem"))


def _kubeconfig(folder: Path, api: Api) -> Path:
    """Write how to reach the API server; JSON is YAML."""
    path = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "stand", "cluster": {"server": api.url, "certificate-authority": str(api.ca)}}],
        "users": [{"name": "stand", "user": {"token": api.token}}],
        "contexts": [{"name": "stand", "context": {"cluster": "stand", "user": "stand"}}],
        "current-context": "stand",
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _etcd(folder: Path, ports: Ports) -> list[str | Path]:
    clients, peers = f"http://{HOST}:{ports.etcd}", f"http://{HOST}:{ports.etcd_peers}"
    return [
        BIN / "etcd",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",  # its data need not survive the machine
    ]


def _api_server(folder: Path, ports: Ports) -> list[str | Path]:
    return [
        BIN / "kube-apiserver",
        f"--etcd-servers=http://{HOST}:{ports.etcd}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        "--endpoint-reconciler-type=none",  # nothing in this cluster reaches the API server through a Service
        f"--secure-port={ports.api}",
        f"--tls-cert-file={folder / 'server.pem'}",
        f"--tls-private-key-file={folder / 'server.pem'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={folder / 'accounts.pem'}",
        f"--service-account-key-file={folder / 'accounts.pem'}",
        "--service-cluster-ip-range=10.0.0.0/24",
    ]


def _controller_manager(folder: Path, ports: Ports, kubeconfig: Path) -> list[str | Path]:
    return [
        BIN / "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--bind-address={HOST}",
        f"--secure-port={ports.controllers}",
        f"--cert-dir={folder / 'controller-manager'}",
        f"--root-ca-file={folder / 'ca.pem'}",
        "--leader-elect=false",
    ]
