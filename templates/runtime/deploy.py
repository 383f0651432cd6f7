"""Release a model: write its URI into the GitOps repository and push; `publish` brings the manifests only."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from common import ConfigError, RaceError, config, env, optional_env, outputs, run, summary, table
from gitrepo import Clone, Remote, land
from publish import mirror
from release import Identity, Manifest, Release, in_place, may_replace, target, trailers_of

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LOCATION = re.compile(r"[a-z][a-z0-9+]*://\S+")


@dataclass(frozen=True)
class Config:
    """MLP_CONFIG."""

    pipeline: str
    environment: str
    manifest: Manifest
    source: str | None = None
    replaces: Literal["champion", "older"] = "champion"


@dataclass
class Deploy:
    """One deploy on one clone; `edit` builds the commits on whatever tip the branch has."""

    config: Config
    clone: Clone
    new: Release
    champion: str = ""
    published: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.identity = Identity(self.config.pipeline, self.config.environment)
        self.target = target(self.config.manifest, self.config.environment)

    def edit(self, tip: str) -> str | None:
        """Build publish and release commit on `tip`; None if both are there already."""
        now = in_place(self.clone, tip, self.target, self.identity)
        adopted = bool(self.clone.log(tip, self.identity.trailers("release")))
        may_replace(now, self.new, self.config.replaces, self.champion, adopted=adopted)
        base = tip if self.superseded(tip) else self.publish(tip) or tip
        changes = self.target.write(self.clone.at(base), self.new)
        subject = f"Release {self.config.pipeline} {self.new.version} to {self.config.environment}"
        head = self.clone.commit(base, changes, subject, trailers_of(self.new, self.identity)) or base
        return None if head == tip else head

    def publish(self, tip: str) -> str | None:
        """Build the commit that brings the manifests; None if they are there already."""
        path = self.config.manifest.path
        if not self.config.source or not path:
            return None
        changes = mirror(self.clone, tip, Path(self.config.source), path, self.config.manifest.service)
        subject = f"Publish the manifests of {self.config.pipeline} from {self.new.source[:12]}"
        trailers = self.identity.trailers("publish") | {"Mlp-Run": self.new.run, "Mlp-Source": self.new.source}
        return self.clone.commit(tip, changes, subject, trailers)

    def superseded(self, tip: str) -> bool:
        """Whether a later run has published its manifests: ours would be a step back."""
        ours = _run_number(self.new.run)
        commits = self.clone.log(tip, {"Mlp-Pipeline": self.config.pipeline, "Mlp-Action": "publish"})
        theirs = (_run_number(commit.trailers.get("Mlp-Run", "")) for commit in commits[:1])
        return any(repository == ours[0] and number > ours[1] for repository, number in theirs)

    def edit_manifests(self, tip: str) -> str | None:
        """Build the publish commit alone."""
        if self.superseded(tip):
            raise RaceError("a later run has published its manifests already")
        return self.publish(tip)


def _run_number(name: str) -> tuple[str, int]:
    repository, _, number = name.rpartition("/")
    return repository, int(number) if number.isdigit() else 0


def this_run() -> str:
    """The name of this run, the same in every attempt."""
    return f"{env('GITHUB_REPOSITORY')}/{env('GITHUB_RUN_ID')}"


def new_release(manifest: Manifest) -> Release:
    """Read the release from the outputs of the jobs before."""
    new = Release(
        uri=env("STORAGE_URI"),
        version=env("MODEL_VERSION"),
        digest=env("IMAGE_DIGEST") if manifest.image else "",
        run=this_run(),
        mlflow_run=env("RUN_ID"),
        data=optional_env("SNAPSHOT_SHA256"),
        source=optional_env("GITHUB_SHA"),
    )
    if not LOCATION.fullmatch(new.uri):
        raise ConfigError(f"STORAGE_URI {new.uri!r} is nothing that KServe can load (scheme://…)")
    if not new.version.isdecimal():
        raise ConfigError(f"MODEL_VERSION {new.version!r} is not a number")
    if manifest.image and not DIGEST.fullmatch(new.digest):
        raise ConfigError(f"IMAGE_DIGEST {new.digest!r} is not a sha256 digest")
    return new


def release(deploy: Deploy) -> None:
    """Land the release and say what it replaced."""
    landed = land(deploy.clone, deploy.edit)
    tip = deploy.clone.fetch()
    wanted = deploy.identity.trailers("release") | {"Mlp-Run": deploy.new.run}
    commits = deploy.clone.log(tip, wanted)
    before = Release()
    if commits:
        before = in_place(deploy.clone, deploy.clone.parent(commits[0].sha), deploy.target, deploy.identity)
    commit = landed or (commits[0].sha if commits else tip)
    changed = "true" if landed else "false"
    outputs({"commit": commit, "changed": changed, "previous_uri": before.uri, "previous_version": before.version})
    _tell(deploy, commit, before)


def _tell(deploy: Deploy, commit: str, before: Release) -> None:
    rows = [
        ("model version", before.version or "-", deploy.new.version),
        ("model", before.uri or "-", deploy.new.uri),
        ("transformer", before.digest or "-", deploy.new.digest or "-"),
    ]
    head = ["", "before", "now"]
    title = f"### Released {deploy.config.pipeline} to {deploy.config.environment}"
    summary(f"{title}\n\n{table(head, rows)}\n\nCommit `{commit}`")


def manifests(deploy: Deploy) -> None:
    """Land the manifests alone."""
    if not deploy.config.source:
        raise ConfigError("publish needs `source` in its configuration")
    landed = land(deploy.clone, deploy.edit_manifests)
    outputs({"commit": landed or "", "changed": "true" if landed else "false"})
    summary(f"Manifests of {deploy.config.pipeline}: " + (f"published as `{landed}`" if landed else "nothing changed"))


def main() -> None:
    """Deploy, or `publish`."""
    command = sys.argv[1:]
    if command not in ([], ["publish"]):
        raise ConfigError("usage: deploy.py [publish]")
    given = config(Config)
    source = Release(run=this_run(), source=optional_env("GITHUB_SHA"))
    new = source if command else new_release(given.manifest)
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        clone = Clone(Remote.from_env(), Path(folder) / "gitops.git")
        deploy = Deploy(given, clone, new, optional_env("CHAMPION_VERSION"))
        manifests(deploy) if command else release(deploy)


if __name__ == "__main__":
    run(main)
