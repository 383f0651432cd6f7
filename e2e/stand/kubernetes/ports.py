"""The loopback ports of the Kubernetes side."""

from __future__ import annotations

from typing import NamedTuple


class Ports(NamedTuple):
    """One port for each server."""

    etcd: int
    etcd_peers: int
    api: int
    controllers: int
    redis: int
    repo_server: int
    repo_server_metrics: int
    argocd: int
    argocd_metrics: int
    argocd_controller_metrics: int
    kserve_webhooks: int
    kserve_metrics: int
    kserve_health: int

    @classmethod
    def block(cls, first: int) -> Ports:
        """Return ports that follow one another."""
        return cls(*range(first, first + len(cls._fields)))
