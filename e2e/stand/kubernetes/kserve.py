"""KServe's controller with its webhooks, in Standard mode."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import requests
import yaml

from .cluster import BIN, HOST, MANIFESTS, Cluster
from .ports import Ports
from .processes import Processes

NAMESPACE = "kserve"
CONFIG = MANIFESTS / "kserve"


def start(processes: Processes, cluster: Cluster, ports: Ports) -> None:
    """Start the controller, and what it needs in the cluster."""
    api = cluster.api
    cluster.define(CONFIG / "crds")
    cluster.namespace(NAMESPACE)
    api.apply_files(CONFIG / "config/configmap.yaml", namespace=NAMESPACE)
    temporary = _certificate(cluster)
    env = {"KUBECONFIG": str(cluster.kubeconfig), "POD_NAMESPACE": NAMESPACE, "TMPDIR": str(temporary)}
    processes.start("kserve-manager", [BIN / "kserve-manager", *_arguments(ports)], env)
    processes.wait_until("KServe's webhooks listen", lambda: _ready(ports), seconds=120)
    for webhooks in _webhooks(cluster, ports):
        api.apply(webhooks)
    api.apply_files(CONFIG / "config/runtimes.yaml", CONFIG / "config/storagecontainer.yaml")


def _arguments(ports: Ports) -> list[str]:
    return [
        f"--webhook-port={ports.kserve_webhooks}",
        f"--metrics-addr={HOST}:{ports.kserve_metrics}",
        f"--health-probe-addr={HOST}:{ports.kserve_health}",
    ]


def _certificate(cluster: Cluster) -> Path:
    """Write the webhooks' certificate where the controller looks for it; return its folder for temporary files."""
    temporary = cluster.folder / "kserve"
    folder = temporary / "k8s-webhook-server/serving-certs"
    folder.mkdir(parents=True)
    issued = cluster.authority.issue_cert(HOST)
    issued.private_key_pem.write_to_path(str(folder / "tls.key"))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(folder / "tls.crt"), append=True)
    return temporary


def _ready(ports: Ports) -> bool:
    try:
        return requests.get(f"http://{HOST}:{ports.kserve_health}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def _webhooks(cluster: Cluster, ports: Ports) -> list[dict[str, Any]]:
    """Return KServe's webhook configurations, with what a Service and cert-manager would fill in."""
    bundle = base64.b64encode(cluster.authority.cert_pem.bytes()).decode()
    configurations = list(yaml.load_all((CONFIG / "webhooks.yaml").read_bytes(), Loader=yaml.CSafeLoader))
    for configuration in filter(None, configurations):
        for webhook in configuration["webhooks"]:
            path = webhook["clientConfig"]["service"]["path"]
            webhook["clientConfig"] = {"url": f"https://{HOST}:{ports.kserve_webhooks}{path}", "caBundle": bundle}
    return [one for one in configurations if one]
