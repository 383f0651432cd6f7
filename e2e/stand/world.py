"""Everything that the emitted pipeline meets, in one folder."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from gitops.world import Origin

from stand import cluster, containers, git, s3, state, tracking, users
from stand.cluster import Cluster
from stand.front import Front
from stand.names import CODE, CONTAINERS, GITHUB, GITOPS, SECRETS, SERVICE, STORE, TRACKING, VARIABLES
from stand.paths import UV, python
from stand.process import Command, Server
from stand.runner import Run, Runner

PORTS = range(20000, 60000, 10)


@dataclass
class Company:
    """One company's platform without its cluster, and one pipeline on it."""

    folder: Path
    front: Front
    servers: dict[str, Server]
    code: Origin
    gitops: Origin
    runner: Runner
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    def run(self, **options: Any) -> Run:
        """Run the pipeline once."""
        return self.runner.run(next(self.numbers), **options)

    def champion(self) -> int | None:
        """The version that the alias names."""
        aliases = tracking.client().get_registered_model("churn").aliases if self.versions() else {}
        return int(aliases["champion"]) if "champion" in aliases else None

    def versions(self) -> list[int]:
        """The registered versions."""
        return sorted(int(found.version) for found in tracking.client().search_model_versions("name='churn'"))

    def bear_with_a_busy_machine(self) -> None:
        """Compile the pipeline with a latency that a machine can keep on which another world is at work, too."""
        users.compile_pipeline(self.code, "{ p95 = 80ms }", "{ p95 = 5s }")

    def standing(self) -> tuple[str, int | None, list[int]]:
        """What a run that releases nothing leaves as it was: the GitOps repository, the alias, the versions."""
        return self.gitops.tip(), self.champion(), self.versions()

    def predict(self) -> list[float]:
        """What the service answers now to the golden rows."""
        rows = self.code.read("smoke/rows.json").encode()
        url = f"https://{SERVICE}/v2/models/churn/infer"
        answer = requests.post(url, data=rows, headers={"Content-Type": "application/json"}, timeout=20)
        answer.raise_for_status()
        return [float(number) for output in answer.json()["outputs"] for number in output["data"]]

    def uri(self) -> str:
        """What the release in git names."""
        return git.trailers(self.gitops).get("Mlp-Storage-Uri", "")


@dataclass
class World(Company):
    """A company with the stand-in for a cluster."""

    cluster: Cluster = field(kw_only=True)

    def save(self, place: Path) -> None:
        """Keep what there is now."""
        with self.cluster.still():
            state.save(self.folder, place)

    def restore(self, place: Path) -> None:
        """Take over what was kept, here or in another world, with every server in order."""
        with self.cluster.still():
            state.restore(place, self.folder)
            for origin in (self.code, self.gitops):
                git.attach(origin)
        self.front.mend()
        route(self.front, self.folder)
        self.runner.secrets, self.runner.variables = dict(SECRETS), dict(VARIABLES)


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """A world with all servers up and nothing in it but code and data."""
    with company(folder) as made, cluster.running(folder / "cluster", made.gitops, made.front, iter(PORTS)) as platform:
        yield World(**vars(made), cluster=platform)


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """All servers but a cluster's."""
    front = Front(folder)
    servers = {"s3": s3.server(folder / "s3"), "containers": containers.server(folder / "containers"),
               "tracking": tracking.server(folder / "tracking"), "front": front.server}  # fmt: skip
    route(front, folder)
    with ExitStack() as stack:
        for server in servers.values():
            server.launch()
            stack.callback(server.stop)
        for server in servers.values():
            server.wait()
        repositories = git.make_both(folder / "git")
        fill(repositories[CODE], folder)
        yield Company(folder, front, servers, repositories[CODE], repositories[GITOPS], Runner(folder / "runs", repositories[CODE]))


def route(front: Front, folder: Path) -> None:
    """Lead the names to the servers."""
    front.proxy(STORE, f"http://127.0.0.1:{s3.PORT}")
    front.proxy(CONTAINERS, f"http://127.0.0.1:{containers.PORT}")
    front.proxy(TRACKING, f"http://127.0.0.1:{tracking.PORT}")
    front.git(GITHUB, folder / "git", git.TOKENS)


def fill(code: Origin, folder: Path) -> None:
    """Make the bucket and the pipeline's user; push the example's data with DVC."""
    os.environ.update(tracking.CLIENT)
    s3.make_bucket()
    tracking.add_user()
    subprocess.run([python("stand"), "scripts/make_data.py"], cwd=code.work, check=True)
    push_data(code, folder)


def push_data(code: Origin, folder: Path) -> None:
    """Push data/churn.csv with DVC, as its owner does; the pointer to it is left to be committed."""
    project: Command = [UV / "uv", "run", "--quiet", "--offline", "--project", ".github/mlp", "--locked", "--only-group", "data"]
    env = {**os.environ, **s3.CREDENTIALS, "UV_PROJECT_ENVIRONMENT": str(folder / "data-environment"), "UV_PYTHON": str(python("stand"))}
    for command in (["add", "--quiet", "data/churn.csv"], ["push", "--quiet"]):
        subprocess.run([*project, "dvc", *command], cwd=code.work, env=env, check=True)
