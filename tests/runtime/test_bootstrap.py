from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bootstrap
import numpy as np
import pytest
import rules
import verdict
from common import CandidateError
from evaluation import Worth
from sklearn import metrics

RULE = rules.Rule("auc > champion.auc", [">", "auc", ["champion", "auc"]])


def predictions(labels: Any, scores: Any, **columns: Any) -> bootstrap.Table:
    every = {"label": labels, "prediction": scores, **columns}
    return bootstrap.Table({name: [str(v) for v in values] for name, values in every.items()}, len(labels))


def value(metric: str, table: bootstrap.Table) -> float:
    found = bootstrap.measured(metric, table, "candidate")
    assert found is not None
    return found(np.ones(table.rows))


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("auc", metrics.roc_auc_score),
        ("log_loss", metrics.log_loss),
        ("brier", metrics.brier_score_loss),
        ("mse", metrics.mean_squared_error),
        ("rmse", metrics.root_mean_squared_error),
        ("mae", metrics.mean_absolute_error),
        ("accuracy", lambda y, s: metrics.accuracy_score(y, s > 0.5)),
    ],
)
def test_metrics_agree_with_scikit_learn(name: str, reference: Callable[[Any, Any], float]) -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 300)
    scores = np.round(np.clip(labels * 0.3 + generator.random(300) * 0.7, 0, 1), 2)  # with ties
    assert value(name, predictions(labels, scores)) == pytest.approx(reference(labels, scores), rel=1e-9)


def test_weights_count_rows_as_often() -> None:
    generator = np.random.default_rng(2)
    labels, scores = generator.integers(0, 2, 60), np.round(generator.random(60), 1)
    drawn = generator.integers(0, 60, 60)
    found = bootstrap.measured("auc", predictions(labels, scores), "candidate")
    assert found is not None
    weighted = found(np.bincount(drawn, minlength=60).astype(float))
    assert weighted == pytest.approx(metrics.roc_auc_score(labels[drawn], scores[drawn]))


def test_slices_classes_and_columns() -> None:
    labels, scores, region = [0, 1, 0, 1], [0.1, 0.9, 0.8, 0.2], ["eu", "eu", "us", "us"]
    table = predictions(labels, scores, region=region, cost=[1, 2, 3, 6])
    assert value("auc/region/eu", table) == 1.0
    assert value("auc/region/us", table) == 0.0
    assert value("cost", table) == 3.0
    assert bootstrap.measured("auc/country/de", table, "candidate") is None
    assert bootstrap.measured("latency_p95", table, "candidate") is None
    assert value("accuracy", predictions(["cat", "dog"], ["cat", "cat"])) == 0.5


@pytest.mark.parametrize("text", ["", "label\n1\n", "label,prediction\n", "label,prediction\n1\n"])
def test_refuses_what_is_no_table(text: str) -> None:
    with pytest.raises(CandidateError):
        bootstrap.read(text, "candidate")


@pytest.mark.parametrize(("labels", "scores"), [(["x", "y"], [0, 1]), ([0, 2], [0, 1]), ([0, 1], [0, "nan"])])
def test_refuses_values_that_give_no_metric(labels: Any, scores: Any) -> None:
    with pytest.raises(CandidateError):
        bootstrap.measured("auc", predictions(labels, scores), "candidate")


def worth(labels: Any, scores: Any) -> Worth:
    table = predictions(labels, scores)
    found = bootstrap.measured("auc", table, "candidate")
    assert found is not None
    return Worth({"auc": found(np.ones(len(labels)))}, {"auc": found}, tuple(table.columns["label"]))


def promoted(gain: float, confidence: verdict.Confidence | None, trials: int) -> int:
    """How often a candidate wins whose scores are shifted by `gain` towards the truth."""
    count = 0
    for seed in range(trials):
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, 2, 400)
        ours, theirs = (labels * (1.0 + extra) + generator.normal(size=400) for extra in (gain, 0.0))
        count += verdict.judge([RULE], worth(labels, ours), worth(labels, theirs), confidence)[0].holds
    return count


def test_confidence_tells_gain_from_noise() -> None:
    sure = verdict.Confidence(0.95, 200)
    assert promoted(0.0, None, 60) >= 15  # noise alone wins about every second time
    assert promoted(0.0, sure, 60) <= 8  # one in twenty is what 95 % allows
    assert promoted(0.8, sure, 20) >= 18


def test_the_same_predictions_give_the_same_decision() -> None:
    assert [w.tolist() for w in bootstrap.resamples(5, 3)] == [w.tolist() for w in bootstrap.resamples(5, 3)]
    assert all(w.sum() == 5 for w in bootstrap.resamples(5, 3))


def test_refuses_to_compare_other_rows() -> None:
    one, other = worth([0, 1, 1], [0.1, 0.2, 0.3]), worth([1, 0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(CandidateError, match="not about the same rows"):
        verdict.judge([RULE], one, other, verdict.Confidence(0.95, 100))


def test_a_resample_without_a_class_is_no_evidence() -> None:
    rule = rules.Rule("x", ["not", ["<", "auc", ["champion", "auc"]]])
    few = worth([0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4])
    result = verdict.judge([rule], few, few, verdict.Confidence(0.95, 400))[0]
    assert result.share is not None
    assert 0.6 < result.share < 0.75  # 0.75^4 of the resamples lack the negative, 0.25^4 the positives
    assert not result.holds
