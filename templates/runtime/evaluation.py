"""What a model is worth: measured now by the user's evaluate, or logged when it was trained."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import artifacts
import bootstrap
import usercode
from common import CandidateError
from registry import Registry, Run

EXACT = 1e-6  # relative: how closely the predictions must give the reported metric


@dataclass(frozen=True)
class Evaluate:
    """Configuration: the user's command."""

    argv: list[str]
    data: str
    seconds: float = 3600.0


@dataclass(frozen=True)
class Worth:
    """The metrics of one model, and those that its predictions give for any weights of the rows."""

    metrics: dict[str, float]
    measured: dict[str, bootstrap.Measured] = field(default_factory=dict[str, bootstrap.Measured])
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What is asked about a model: the metrics that rules read, and whether its predictions are needed."""

    whose: Literal["candidate", "champion"]
    metrics: list[str]
    predictions: bool


def by_command(command: Evaluate, uri: str, question: Question) -> Worth:
    """Run the user's evaluate for one model."""
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        metrics, table = Path(folder) / "metrics.json", Path(folder) / "predictions.csv"
        names = {"MLP_MODEL_URI": uri, "MLP_DATA": str(Path(command.data).resolve()), "MLP_METRICS": str(metrics)}
        if question.predictions:
            names["MLP_PREDICTIONS"] = str(table)
        if wrong := usercode.call(command.argv, usercode.environment(names), command.seconds):
            raise CandidateError(f"evaluate, for the {question.whose}: {wrong}")
        text = table.read_text(encoding="utf-8") if table.exists() else None
        return _worth(_read_metrics(metrics, question.whose), text, question)


def _read_metrics(path: Path, whose: str) -> dict[str, float]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): _number(value) for name, value in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CandidateError(f"evaluate, for the {whose}: MLP_METRICS is no JSON object of numbers: {error}") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def logged(registry: Registry, run: Run, question: Question) -> Worth:
    """Take the metrics that training logged; of several values nobody can tell which is the model's."""
    for name in question.metrics:
        if name in run.metrics and len(set(registry.metric_values(run.run_id, name))) > 1:
            raise CandidateError(
                f"{name} of the {question.whose} was logged with several values: log the released model's under a name of its own"
            )
    text = artifacts.read_run_file(run.run_id, "predictions.csv") if question.predictions else None
    return _worth(run.metrics, text, question)


def _worth(metrics: dict[str, float], text: str | None, question: Question) -> Worth:
    whose = question.whose
    for name in question.metrics:
        _check(metrics, name, whose)
    if not question.predictions:
        return Worth(metrics)
    if text is None:
        raise CandidateError(f"there are no predictions of the {whose}, which `confidence` needs")
    table = bootstrap.read(text, whose)
    measured = {name: found for name in question.metrics if (found := bootstrap.measured(name, table, whose))}
    for name, found in measured.items():
        _check_same(name, found(bootstrap.once(table.rows)), metrics[name], whose)
    return Worth(metrics, measured, tuple(table.columns["label"]))


def _check(metrics: dict[str, float], name: str, whose: str) -> None:
    if name not in metrics:
        raise CandidateError(f"the {whose} has no metric {name}; it has {', '.join(sorted(metrics)) or 'none'}")
    if not math.isfinite(metrics[name]):
        raise CandidateError(f"{name} of the {whose} is {metrics[name]}")


def _check_same(name: str, given: float, reported: float, whose: str) -> None:
    if not math.isclose(given, reported, rel_tol=EXACT, abs_tol=1e-9):
        raise CandidateError(f"the predictions of the {whose} give {name} = {given:g}, but {reported:g} was reported")
