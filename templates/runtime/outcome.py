"""Say in one place how the run ended; fails exactly when the run failed, so that it can be the one required check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from common import ConfigError, Deadline, Failure, ServiceError, config, env, optional_env, output, run, summary, table
from web import Service

# The first that occurs is the outcome; those up to `cancelled` make the run red.
ORDER = ["rollback_failed", "rolled_back", "failed", "rejected", "cancelled", "kept_champion", "promoted", "passed"]
GREEN = frozenset({"kept_champion", "promoted", "passed"})
TITLES = {
    "rollback_failed": "Rollback failed: look at the service now",
    "rolled_back": "Rolled back",
    "failed": "Failed",
    "rejected": "Approval refused",
    "cancelled": "Cancelled",
    "kept_champion": "Kept the champion",
    "promoted": "Promoted",
    "passed": "Passed",
}


@dataclass(frozen=True)
class ReleaseJobs:
    """Configuration: the jobs of one environment's release."""

    environment: str
    deploy: str
    verify: str | None = None
    rollback: str | None = None


@dataclass(frozen=True)
class Config:
    """MLP_CONFIG."""

    pipeline: str
    gates: list[str] = field(default_factory=list[str])
    exports: list[str] = field(default_factory=list[str])
    releases: list[ReleaseJobs] = field(default_factory=list[ReleaseJobs])


@dataclass(frozen=True)
class Job:
    """How a job ended."""

    result: str = "skipped"
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def says(self, name: str) -> str:
        """Return an output, empty if the job did not set it."""
        return self.outputs.get(name, "")


@dataclass(frozen=True)
class Line:
    """One thing that happened: its part in the outcome, and the sentence for the reader."""

    outcome: str
    what: str
    text: str


class Run:
    """The jobs of the run, as `toJSON(needs)` tells them."""

    def __init__(self, given: Config, needs: object, refusals: Mapping[str, str]) -> None:
        self.config = given
        self.jobs = _jobs(needs)
        self.refusals = refusals
        wanted = [*given.gates, *given.exports, *(j for r in given.releases for j in (r.deploy, r.verify, r.rollback))]
        if absent := sorted({job for job in wanted if job and job not in self.jobs}):
            raise ConfigError(f"NEEDS does not tell of {', '.join(absent)}")

    def job(self, name: str | None) -> Job:
        """Return a job; one that does not exist counts as skipped."""
        return self.jobs[name] if name else Job()

    def lines(self) -> Iterator[Line]:
        """Everything worth telling, in the order in which it happened."""
        release_jobs = {job for r in self.config.releases for job in (r.deploy, r.verify, r.rollback)}
        for name, job in self.jobs.items():
            if name not in release_jobs and job.result in ("failure", "cancelled"):
                yield Line("failed" if job.result == "failure" else "cancelled", name, f"the job ended as {job.result}")
        for name in self.config.gates:
            yield from self._gate(name)
        for name in self.config.exports:
            if version := self.job(name).says("model_version"):
                yield Line("passed", name, f"version {version} at {self.job(name).says('storage_uri')}")
        for release in self.config.releases:
            yield from self._release(release)

    def _gate(self, name: str) -> Iterator[Line]:
        gate = self.job(name)
        if gate.says("approved") == "false":
            champion = gate.says("champion_version")
            kept = f"version {champion} stays the champion" if champion else "nothing is released"
            yield Line("kept_champion", name, f"{kept}: {gate.says('reason')}")
        elif gate.says("approved") == "true":
            yield Line("passed", name, gate.says("reason"))

    def _release(self, release: ReleaseJobs) -> Iterator[Line]:
        deploy, verify, rollback = (self.job(j) for j in (release.deploy, release.verify, release.rollback))
        if deploy.result == "skipped":
            return
        where = release.environment
        if deploy.result == "success" and (not release.verify or verify.result == "success"):
            yield Line("promoted", where, _promoted(deploy, verify))
            return
        yield self._broken(release, deploy, verify)
        if rollback.result == "success" and rollback.says("result") in ("restored", "removed"):
            yield Line("rolled_back", where, _restored(rollback))
        elif rollback.says("result") == "superseded":
            yield Line("failed", where, "a newer release is in place, so nothing was rolled back")
        elif rollback.result in ("failure", "cancelled"):
            yield Line(
                "rollback_failed", where, f"the rollback ended as {rollback.result}; git: {rollback.says('commit') or 'not reverted'}"
            )

    def _broken(self, release: ReleaseJobs, deploy: Job, verify: Job) -> Line:
        where = release.environment
        if deploy.result == "success":
            state = "cancelled" if verify.result == "cancelled" else "failed"
            return Line(state, where, f"verification ended as {verify.result}: {verify.says('reason') or 'it gave no reason'}")
        if deploy.result == "failure" and not deploy.outputs and where in self.refusals:
            return Line("rejected", where, self.refusals[where])
        started = "" if deploy.outputs else " without an output: its approval was refused, or it failed early"
        return Line("cancelled" if deploy.result == "cancelled" else "failed", where, f"the deploy ended as {deploy.result}{started}")


def _jobs(needs: object) -> dict[str, Job]:
    if not isinstance(needs, dict) or not all(isinstance(job, dict) and "result" in job for job in needs.values()):
        raise ConfigError("NEEDS is not what toJSON(needs) gives")
    return {str(name): Job(str(job["result"]), dict(job.get("outputs") or {})) for name, job in needs.items()}


def _promoted(deploy: Job, verify: Job) -> str:
    before = deploy.says("previous_version")
    p95 = f", p95 {float(verify.says('p95_seconds')) * 1000:.1f} ms" if verify.says("p95_seconds") else ""
    return f"live with commit {deploy.says('commit')}, " + (f"replacing version {before}" if before else "the first release") + p95


def _restored(rollback: Job) -> str:
    version = rollback.says("restored_version")
    if rollback.says("result") == "removed":
        return f"the InferenceService was removed again (commit {rollback.says('commit')})"
    return f"{'version ' + version if version else rollback.says('restored_uri')} serves again (commit {rollback.says('commit')})"


def refusals() -> dict[str, str]:
    """Environments whose approval was refused in this run, with who and why; empty where GitHub cannot be asked."""
    token = optional_env("GITHUB_TOKEN")
    if not token:
        return {}
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    try:
        github = Service("GitHub", optional_env("GITHUB_API_URL", "https://api.github.com"), headers, deadline=Deadline(30.0))
        path = f"/repos/{env('GITHUB_REPOSITORY')}/actions/runs/{env('GITHUB_RUN_ID')}/approvals"
        return dict(_refused(github.json("GET", path)))
    except ServiceError as error:
        print(f"approvals are unknown: {error}")
        return {}


def _refused(reviews: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for review in reviews:
        if review.get("state") == "rejected":
            who, why = (review.get("user") or {}).get("login", "somebody"), review.get("comment") or "no comment"
            yield from ((str(e["name"]), f"{who} refused the approval: {why}") for e in review.get("environments", []))


def main() -> None:
    """Tell, and fail if the run did."""
    given = config(Config)
    try:
        needs = json.loads(env("NEEDS"))
    except ValueError as error:
        raise ConfigError(f"NEEDS is not JSON: {error}") from None
    lines = list(Run(given, needs, refusals()).lines())
    outcome = min([line.outcome for line in lines], key=ORDER.index, default="passed")
    output("outcome", outcome)
    rows = [(line.what, line.text) for line in lines]
    summary(f"## {TITLES[outcome]}: {given.pipeline}\n\n{table(['where', 'what'], rows)}")
    if outcome not in GREEN:
        raise Failure(f"{given.pipeline}: {TITLES[outcome].lower()}")


if __name__ == "__main__":
    run(main)
