"""The container registry: the CNCF's distribution, with a password."""

from __future__ import annotations

from pathlib import Path

import requests
import yaml

from stand.names import ACTOR, CONTAINERS, SECRETS
from stand.paths import BIN
from stand.process import Server

PORT = 5000
# bcrypt of the run's token, at the lowest cost.
PASSWORD_HASH = "$2b$04$v3.ZQhvGr8sm3OujqP6QDOqNidVGQLMPsGMpD3D1Xb7MW4usYI7zS"


def server(folder: Path) -> Server:
    """A registry that keeps its images below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    users, config = folder / "users", folder / "config.yaml"
    users.write_text(f"{ACTOR}:{PASSWORD_HASH}\n")
    settings = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"127.0.0.1:{PORT}", "host": f"https://{CONTAINERS}", "secret": "shared-by-nobody"},
        "auth": {"htpasswd": {"realm": CONTAINERS, "path": str(users)}},
    }
    config.write_text(yaml.safe_dump(settings))
    return Server([BIN / "registry", "serve", config], f"http://127.0.0.1:{PORT}", folder / "registry.log")


def digests(repository: str) -> dict[str, str]:
    """Tag → digest of every image in a repository, e.g. `acme/churn-transformer`."""
    found = _get(f"/v2/{repository}/tags/list")
    tags = found.json().get("tags") or [] if found.ok else []
    return {tag: _get(f"/v2/{repository}/manifests/{tag}").headers["Docker-Content-Digest"] for tag in tags}


def _get(path: str) -> requests.Response:
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"}
    return requests.get(f"https://{CONTAINERS}{path}", auth=(ACTOR, SECRETS["GITHUB_TOKEN"]), headers=accept, timeout=20)
