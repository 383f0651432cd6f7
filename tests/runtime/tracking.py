"""Puts runs, models and champions into the real MLflow server, faster than a training script would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

SNAPSHOT = "5" * 64


@dataclass(frozen=True)
class Trained:
    """A run with its logged model."""

    run_id: str
    model_id: str


class Tracking:
    """What a training script leaves behind."""

    def __init__(self, model: Path, run_id: str) -> None:
        self.client: Any = MlflowClient()
        self.model = model
        self.run_id = run_id
        self.name = f"churn-{run_id}"  # of the registered model: one a test

    def tags(self) -> dict[str, str]:
        run = f"acme/churn/{self.run_id}"
        return {"mlp.pipeline": "churn", "mlp.stage": "fit", "mlp.run": run, "mlp.snapshot": SNAPSHOT}

    def run(self, metrics: dict[str, float] | None = None, *, status: str = "FINISHED", experiment: str = "0", **tags: str) -> str:
        """A run, with the tags that MLFLOW_RUN_CONTEXT gives it."""
        dotted = {name.replace("_", "."): value for name, value in tags.items()}
        run_id = self.client.create_run(experiment, tags=self.tags() | dotted).info.run_id
        for name, value in (metrics or {}).items():
            self.client.log_metric(run_id, name, value)
        self.client.set_terminated(run_id, status)
        return str(run_id)

    def add_model(self, run_id: str, files: Path | None = None, *, empty: bool = False) -> str:
        """A logged model of a run."""
        experiment = self.client.get_run(run_id).info.experiment_id
        model = self.client.create_logged_model(experiment, name="model", source_run_id=run_id)
        if not empty:
            self.client.log_model_artifacts(model.model_id, str(files or self.model))
        self.client.finalize_logged_model(model.model_id, "READY")
        self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
        return str(model.model_id)

    def trained(self, metrics: dict[str, float] | None = None, files: Path | None = None, **options: str) -> Trained:
        """A run and its one model."""
        run_id = self.run(metrics, **options)
        return Trained(run_id, self.add_model(run_id, files))

    def champion(self, metrics: dict[str, float] | None = None, alias: str = "champion", **tags: str) -> tuple[Trained, str]:
        """A champion that an earlier run of the pipeline left, and its version."""
        trained = self.trained(metrics, None, mlp_run="acme/churn/1", **tags)
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            self.client.create_registered_model(self.name)
        version = self.client.create_model_version(self.name, f"models:/{trained.model_id}", trained.run_id, model_id=trained.model_id)
        self.client.set_registered_model_alias(self.name, alias, version.version)
        return trained, str(version.version)

    def read(self, run_id: str, name: str) -> str:
        """A file that the pipeline left in a run."""
        import mlflow.artifacts

        return str(mlflow.artifacts.load_text(f"runs:/{run_id}/mlp/{name}"))
