"""Take this run's release back: revert its commit and only that, wait until the old model serves, test it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from argocd import ArgoCD
from common import Deadline, RaceError, ServiceError, config, output, outputs, run, summary, table, warning
from deploy import this_run
from gitrepo import Clone, Commit, Remote, land
from registry import Registry
from release import Release, from_trailers, in_place, target
from rollout import Rollout
from smoke import Model, Report, golden_file, run_all
from verify import REGISTRY_SECONDS, Config


class Champions(Registry):
    """The registry, with the one call that only a rollback needs."""

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        self._call("DELETE", "/registered-models/alias", again=True, name=name, alias=alias)


@dataclass
class Rollback:
    """The rollback of one run's release on one clone."""

    config: Config
    clone: Clone
    run: str

    def __post_init__(self) -> None:
        self.target = target(self.config.manifest, self.config.environment)
        self.identity = self.config.identity
        self.trailers = self.identity.trailers("rollback") | {"Mlp-Run": self.run}

    def ours(self) -> list[Commit]:
        """Release commits of this run, newest first; found by trailer, since a deploy may have pushed and then died."""
        return self.clone.log(self.clone.fetch(), self.identity.trailers("release") | {"Mlp-Run": self.run})

    def base(self, ours: list[Commit]) -> str:
        """The commit before this run's release; a re-run may have written that in several commits."""
        parents = [self.clone.parent(commit.sha) for commit in ours]
        return next((parent for parent in parents if self.at(parent).run != self.run), parents[-1])

    def at(self, commit: str) -> Release:
        """The release in place at a commit."""
        return in_place(self.clone, commit, self.target, self.identity)

    def edit(self, tip: str, ours: Commit, base: str) -> str | None:
        """Build the revert on `tip`; None if it is there already."""
        now, mine, before = self.at(tip), from_trailers(ours.trailers), self.at(base)
        if now.uri == before.uri and now.uri != mine.uri:
            return None
        if (now.uri, now.run) != (mine.uri, mine.run):
            raise RaceError(f"{now.uri or 'nothing'} (version {now.version or 'unknown'}) was released since then: left as it is")
        changes = self.target.undo(self.clone.at(tip), self.clone.at(ours.sha), self.clone.at(base))
        subject = f"Roll back {self.config.pipeline} {mine.version} in {self.config.environment} to {before.version or 'before'}"
        return self.clone.commit(tip, changes, subject, self.trailers | {"Mlp-Reverts": ours.sha})

    def reverted_in(self, ours: Commit) -> str:
        """The commit that took the release back, ours or (for want of one) the tip."""
        tip = self.clone.fetch()
        found = self.clone.log(tip, {"Mlp-Reverts": ours.sha})
        return found[0].sha if found else tip


def check(given: Config, clone: Clone, commit: str, restored: Release, report: Report) -> None:
    """Wait until the release before is live and test it."""
    deadline = Deadline(given.within_seconds)
    goal = given.goal(commit, restored)
    rollout = Rollout(ArgoCD(given.application, deadline), clone, goal, given.poll_seconds, ends_stuck=True)
    live = rollout.wait(deadline)
    report.rows.append(("rollout", f"{restored.uri} is live" if restored.uri else "the InferenceService is gone"))
    if restored.uri:
        endpoint, model = given.endpoint(live, deadline), known_model(given, restored)
        run_all(endpoint, given.smoke, model, given.poll_seconds, report)


def known_model(given: Config, restored: Release) -> Model | None:
    """The restored model, if its golden predictions are known: it may be older than the smoke test."""
    golden = given.smoke.golden
    if not golden or not restored.mlflow_run:
        return None
    if not golden.reference and golden_file(restored.mlflow_run) is None:
        return None
    return given.model(restored)


def restore_alias(given: Config, commit: str, mine: Release, restored: Release) -> None:
    """Move the alias back where verification had moved it; the next preflight repairs what fails here."""
    name, alias = given.model_name, given.alias
    try:
        registry = Champions(Deadline(REGISTRY_SECONDS))
        registry.tag_version(name, mine.version, f"mlp.rolled_back.{given.environment}", commit)
        if not alias or (registry.aliases(name) or {}).get(alias) != mine.version:
            return
        if restored.version:
            registry.set_alias(name, alias, restored.version)
        else:
            registry.delete_alias(name, alias)
    except ServiceError as error:
        warning(f"the service is rolled back, but the registry does not say so: {error}")


def roll_back(given: Config, clone: Clone, report: Report) -> None:
    """Revert, wait, test, and put the alias back."""
    rollback = Rollback(given, clone, this_run())
    ours = rollback.ours()
    if not ours:
        report.rows.append(("release", "this run released nothing"))
        outputs({"result": "nothing", "commit": "", "restored_uri": "", "restored_version": ""})
        return
    base = rollback.base(ours)
    try:
        landed = land(clone, lambda tip: rollback.edit(tip, ours[0], base))
    except RaceError:
        output("result", "superseded")
        raise
    commit = landed or rollback.reverted_in(ours[0])
    restored = rollback.at(commit)
    report.rows.append(("git", f"{commit} " + ("reverts" if landed else "had reverted") + f" {ours[0].sha}"))
    result = "restored" if restored.uri else "removed"
    outputs({"result": result, "commit": commit, "restored_uri": restored.uri, "restored_version": restored.version})
    restore_alias(given, commit, from_trailers(ours[0].trailers), restored)
    check(given, clone, commit, restored, report)


def main() -> None:
    """Roll back, and show how far it came."""
    given, report = config(Config), Report()
    try:
        with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
            roll_back(given, Clone(Remote.from_env(), Path(folder) / "gitops.git"), report)
    finally:
        title = f"### Rollback of {given.pipeline} in {given.environment}"
        summary(f"{title}\n\n{table(['step', 'result'], report.rows)}")


if __name__ == "__main__":
    run(main)
