"""Wait until the release is live, ask the model itself, then call it verified and move the champion alias."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from argocd import ArgoCD, Object
from common import Deadline, Failure, RaceError, config, env, optional_env, output, outputs, run, summary, table
from gitrepo import Clone, Remote
from registry import Registry
from release import Identity, Manifest, Release, in_place, target
from rollout import Goal, Rollout
from smoke import Endpoint, Model, Report, Smoke, run_all

REGISTRY_SECONDS = 60.0


@dataclass(frozen=True)
class Config:
    """MLP_CONFIG of verify and rollback."""

    pipeline: str
    environment: str
    manifest: Manifest
    application: str
    namespace: str
    model_name: str
    within_seconds: float
    protocol: Literal["v1", "v2"]
    smoke: Smoke
    alias: str | None = None
    poll_seconds: float = 5.0

    @property
    def identity(self) -> Identity:
        """Whose releases these are."""
        return Identity(self.pipeline, self.environment)

    def goal(self, commit: str, release: Release) -> Goal:
        """What is live once this release is."""
        image = f"{self.manifest.image}@{release.digest}" if self.manifest.image and release.uri and release.digest else ""
        return Goal(commit, self.namespace, self.manifest.service, release.uri, image)

    def model(self, release: Release) -> Model:
        """The model of a release, in the registry."""
        return Model(f"models:/{self.model_name}/{release.version}", release.mlflow_run)

    def endpoint(self, live: Object, deadline: Deadline) -> Endpoint:
        """Where the live model answers."""
        url = optional_env("SERVING_ENDPOINT") or str((live.get("status") or {}).get("url", ""))
        return Endpoint(url, self.manifest.service, self.protocol, deadline)


def released(given: Config, clone: Clone) -> Release:
    """Return the release at the tip, which must still be the one that this run wrote."""
    tip, commit, uri = clone.fetch(), env("RELEASE_COMMIT"), optional_env("STORAGE_URI")
    if not clone.contains(tip, commit):
        raise RaceError(f"{commit} is not on the branch {env('GITOPS_BRANCH')}")
    found = in_place(clone, tip, target(given.manifest, given.environment), given.identity)
    if uri and found.uri != uri:
        raise RaceError(f"git has {found.uri or 'no release'} instead of {uri}: it was rolled back or superseded. Run all jobs again")
    return found


def check(given: Config, clone: Clone, report: Report) -> Release:
    """Wait for the release and test it."""
    deadline = Deadline(given.within_seconds)
    release = released(given, clone)
    goal = given.goal(env("RELEASE_COMMIT"), release)
    live = Rollout(ArgoCD(given.application, deadline), clone, goal, given.poll_seconds).wait(deadline)
    report.rows.append(("rollout", f"{release.uri or 'nothing deployed'} is live"))
    if release.uri and given.smoke != Smoke(ready=False):
        endpoint = given.endpoint(live, deadline)
        run_all(endpoint, given.smoke, given.model(release), given.poll_seconds, report)
    return release


def promote(given: Config, release: Release) -> str:
    """Tag the version as verified by this commit; the environment's champion is now this version."""
    registry = Registry(Deadline(REGISTRY_SECONDS))
    registry.tag_version(given.model_name, release.version, f"mlp.verified.{given.environment}", env("RELEASE_COMMIT"))
    if not given.alias:
        return f"version {release.version} is verified"
    registry.set_alias(given.model_name, given.alias, release.version)
    return f"version {release.version} is verified and now {given.alias}"


def verify(given: Config, clone: Clone, report: Report) -> None:
    """Check, and promote what is still the release afterwards."""
    release = check(given, clone, report)
    if optional_env("STORAGE_URI"):
        released(given, clone)
        report.rows.append(("registry", promote(given, release)))
    outputs({"verified": "true", "p95_seconds": report.p95_seconds, "reason": ""})


def main() -> None:
    """Verify, and show how far it came."""
    given, report = config(Config), Report()
    try:
        with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
            verify(given, Clone(Remote.from_env(), Path(folder) / "gitops.git"), report)
    except Failure as failure:
        output("reason", str(failure))
        raise
    finally:
        title = f"### Verification of {given.pipeline} in {given.environment}"
        summary(f"{title}\n\n{table(['test', 'result'], report.rows)}")


if __name__ == "__main__":
    run(main)
