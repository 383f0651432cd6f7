"""Paired bootstrap: how sure a comparison of two models on the same rows is."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common import CandidateError

Floats = NDArray[np.float64]
Estimator = Callable[[Floats, Floats, Floats], float]  # labels, predictions, weights of the rows


@dataclass(frozen=True)
class Table:
    """The predictions of one model: columns of text, all of one length."""

    columns: dict[str, list[str]]
    rows: int


def read(text: str, whose: str) -> Table:
    """Read a predictions CSV."""
    head, *lines = list(csv.reader(io.StringIO(text))) or [[]]
    if not {"label", "prediction"} <= set(head):
        raise CandidateError(f"the predictions of the {whose} need the columns label and prediction")
    if bad := next((n for n, line in enumerate(lines, 2) if len(line) != len(head)), None):
        raise CandidateError(f"the predictions of the {whose}: line {bad} has not {len(head)} values")
    if not lines:
        raise CandidateError(f"the predictions of the {whose} are empty")
    return Table({name: [line[i] for line in lines] for i, name in enumerate(head)}, len(lines))


def resamples(rows: int, samples: int, seed: int = 0) -> Iterator[Floats]:
    """How often each row is drawn, for each resample."""
    generator = np.random.default_rng(seed)  # fixed: the same predictions give the same decision
    for _ in range(samples):
        yield np.bincount(generator.integers(0, rows, rows), minlength=rows).astype(np.float64)


def once(rows: int) -> Floats:
    """The weights of the data as it is."""
    return np.ones(rows)


# --- metrics of weighted rows ------------------------------------------------------------------------


def _mean(values: Floats, weights: Floats) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total else math.nan


def auc(labels: Floats, ranks: Floats, weights: Floats) -> float:
    """Area under the ROC curve: the share of pairs in the right order, ties counting half."""
    group = ranks.astype(np.intp)
    positive = np.bincount(group, weights * labels)
    negative = np.bincount(group, weights * (1.0 - labels))
    pairs = float(positive.sum()) * float(negative.sum())
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2.0)).sum()) / pairs if pairs else math.nan


def accuracy(labels: Floats, predictions: Floats, weights: Floats) -> float:
    """Share of right answers; a score counts as the class on its side of one half."""
    classes = np.where(np.mod(predictions, 1.0) == 0.0, predictions, np.round(predictions))
    return _mean((classes == labels).astype(np.float64), weights)


def log_loss(labels: Floats, scores: Floats, weights: Floats) -> float:
    """Cross-entropy of a binary outcome, in nats."""
    tiny = float(np.finfo(np.float64).eps)
    safe = np.clip(scores, tiny, 1.0 - tiny)
    return _mean(-(labels * np.log(safe) + (1.0 - labels) * np.log(1.0 - safe)), weights)


def mse(labels: Floats, predictions: Floats, weights: Floats) -> float:
    """Mean squared error; of probabilities, the Brier score."""
    return _mean((predictions - labels) ** 2, weights)


def rmse(labels: Floats, predictions: Floats, weights: Floats) -> float:
    """Root of the mean squared error."""
    return math.sqrt(mse(labels, predictions, weights))


def mae(labels: Floats, predictions: Floats, weights: Floats) -> float:
    """Mean absolute error."""
    return _mean(np.abs(predictions - labels), weights)


ESTIMATORS: dict[str, Estimator] = {
    "auc": auc,
    "roc_auc": auc,
    "accuracy": accuracy,
    "log_loss": log_loss,
    "brier": mse,
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
}
BINARY = frozenset({"auc", "roc_auc", "log_loss", "brier"})


@dataclass(frozen=True)
class Measured:
    """One metric of one model as a function of the rows' weights."""

    labels: Floats
    predictions: Floats
    mask: Floats
    estimator: Estimator

    def __call__(self, weights: Floats) -> float:
        """Return the metric for these weights."""
        return self.estimator(self.labels, self.predictions, weights * self.mask)


def measured(metric: str, table: Table, whose: str) -> Measured | None:
    """Metric `auc` or slice `auc/region/eu` of a model; None if its predictions cannot give it."""
    name, *slice_ = metric.split("/", 2)
    mask = _mask(slice_, table)
    if mask is None:
        return None
    if name in table.columns and name not in ("label", "prediction"):
        values = _numbers(table, name, whose)
        return Measured(values, values, mask, lambda _, v, w: _mean(v, w))
    if name not in ESTIMATORS:
        return None
    labels, predictions = (_coded(table, column, name, whose) for column in ("label", "prediction"))
    if ESTIMATORS[name] is auc:
        predictions = np.unique(predictions, return_inverse=True)[1].astype(np.float64)
    return Measured(labels, predictions, mask, ESTIMATORS[name])


def _mask(slice_: list[str], table: Table) -> Floats | None:
    if not slice_:
        return np.ones(table.rows)
    if len(slice_) != 2 or slice_[0] not in table.columns:
        return None
    return np.array([1.0 if v == slice_[1] else 0.0 for v in table.columns[slice_[0]]])


def _coded(table: Table, column: str, metric: str, whose: str) -> Floats:
    if metric != "accuracy" or _is_numeric(table):
        values = _numbers(table, column, whose)
        if metric in BINARY and column == "label" and not set(np.unique(values)) <= {0.0, 1.0}:
            raise CandidateError(f"{metric} of the {whose}: the labels must be 0 and 1")
        return values
    codes = {text: float(n) for n, text in enumerate(sorted({*table.columns["label"], *table.columns["prediction"]}))}
    return np.array([codes[text] for text in table.columns[column]])


def _is_numeric(table: Table) -> bool:
    try:
        return all(math.isfinite(float(v)) for c in ("label", "prediction") for v in table.columns[c])
    except ValueError:
        return False


def _numbers(table: Table, column: str, whose: str) -> Floats:
    try:
        values = np.array([float(v) for v in table.columns[column]])
    except ValueError as error:
        raise CandidateError(f"the predictions of the {whose}, column {column}: {error}") from None
    if not np.isfinite(values).all():
        raise CandidateError(f"the predictions of the {whose}, column {column}: a value is not finite")
    return values
