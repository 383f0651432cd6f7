"""Around the training step: bring the snapshot before it, find the candidate after it."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import snapshot
from common import CandidateError, ConfigError, config, env, optional_env, output, outputs, run, summary, table
from registry import Model, Registry, Run


@dataclass(frozen=True)
class Settings:
    """Configuration of both subcommands."""

    pipeline: str
    stage: str
    metrics: list[str]
    snapshot: str | None = None
    holdout: str | None = None

    def tags(self) -> dict[str, str]:
        """The tags by which this run of the pipeline knows its candidate."""
        data = optional_env("SNAPSHOT_SHA256") if self.snapshot else ""
        return {
            "mlp.pipeline": self.pipeline,
            "mlp.stage": self.stage,
            "mlp.run": f"{env('GITHUB_REPOSITORY')}/{env('GITHUB_RUN_ID')}",
            "mlp.snapshot": data or f"git:{env('GITHUB_SHA')}",
        }


def prepare() -> None:
    """Bring the snapshot; look for a candidate that an earlier attempt of this run finished."""
    settings = config(Settings)
    if settings.snapshot:
        snapshot.ensure(Path(settings.snapshot))
    registry = Registry()
    earlier = _finished(registry, settings)
    reuse = _reusable(registry, earlier, settings)
    if not reuse:
        for item in earlier:
            registry.tag_run(item.run_id, "mlp.discarded", "a re-run could not use it and trained again")
    output("reuse", "true" if reuse else "false")
    output("run_context", json.dumps(settings.tags()))


def _reusable(registry: Registry, earlier: list[Run], settings: Settings) -> bool:
    if not earlier:
        return False
    try:
        candidate, _ = _candidate(registry, earlier)
        _check_metrics(candidate, settings)
    except CandidateError as error:
        print(f"training again: {error}")
        return False
    if candidate.tags.get("mlp.snapshot") != settings.tags()["mlp.snapshot"]:
        print("training again: the data is another now")
        return False
    print(f"reusing {candidate.run_id}, which an earlier attempt finished")
    return True


def finish() -> None:
    """Find the candidate and check that it has what was promised."""
    settings = config(Settings)
    registry = Registry()
    candidate, model = _candidate(registry, _finished(registry, settings))
    _check_metrics(candidate, settings)
    if settings.holdout:
        registry.tag_run(candidate.run_id, "mlp.holdout", snapshot.sha256(Path(settings.holdout)))
    _describe(candidate, model, settings)
    outputs({"run_id": candidate.run_id, "model_id": model.model_id})


def _finished(registry: Registry, settings: Settings) -> list[Run]:
    tags = {key: value for key, value in settings.tags().items() if key != "mlp.snapshot"}
    runs = registry.runs(tags)
    usable = [r for r in runs if r.status == "FINISHED" and not r.tags.keys() & {"mlflow.parentRunId", "mlp.discarded"}]
    return [r for r in usable if r.model_ids]


def _candidate(registry: Registry, runs: list[Run]) -> tuple[Run, Model]:
    if len(runs) != 1:
        names = ", ".join(f"{r.run_id} ({r.tags.get('mlflow.runName', '')})" for r in runs) or "none"
        raise CandidateError(f"exactly one finished top-level MLflow run with a logged model is wanted from training; found {names}")
    return runs[0], _model(registry, runs[0])


def _model(registry: Registry, candidate: Run) -> Model:
    models = [m for i in candidate.model_ids if (m := registry.model(i)) and m.status == "LOGGED_MODEL_READY"]
    marked = [m for m in models if m.tags.get("mlp.candidate") == "true"]
    chosen = marked or models
    if len(chosen) != 1:
        names = ", ".join(f"{m.model_id} ({m.name})" for m in chosen) or "none"
        raise CandidateError(f"run {candidate.run_id} must log one model, or tag one with mlp.candidate = true; found {names}")
    return chosen[0]


def _check_metrics(candidate: Run, settings: Settings) -> None:
    known = candidate.metrics
    for name in settings.metrics:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise CandidateError(f"run {candidate.run_id} did not log the promised metric {name}; it logged {there}")
        if not math.isfinite(known[name]):
            raise CandidateError(f"run {candidate.run_id} logged {name} = {known[name]}")


def _describe(candidate: Run, model: Model, settings: Settings) -> None:
    rows = [("run", candidate.run_id), ("model", model.model_id), *((m, f"{candidate.metrics[m]:g}") for m in settings.metrics)]
    summary("### Candidate\n\n" + table(["", ""], rows))


def main() -> None:
    """Run the subcommand."""
    commands = {"prepare": prepare, "finish": finish}
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in commands:
        raise ConfigError("usage: train.py prepare | finish")
    commands[name]()


if __name__ == "__main__":
    run(main)
