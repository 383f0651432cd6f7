"""How a churn model is measured: one definition for training and for the gate."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

FEATURES = [
    "region",
    "contract",
    "tenure",
    "monthly_charges",
    "average_charge",
    "calls_per_year",
]
LABEL = "churned"
REQUESTS = 200

# Class probabilities, one row per customer; the second column is churn.
Predict = Callable[[pd.DataFrame], np.ndarray]


def rows_of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Select the customers of one split."""
    return table[table["split"] == split].reset_index(drop=True)


def probabilities(predict: Predict, rows: pd.DataFrame) -> np.ndarray:
    """Return the probability of churn of each customer."""
    return np.asarray(predict(rows[FEATURES]))[:, 1]


def latency_p95(predict: Predict, rows: pd.DataFrame) -> float:
    """Time requests of one customer each; the 95th percentile, in milliseconds."""
    seconds = []
    for number in range(REQUESTS):
        row = rows[FEATURES].iloc[[number % len(rows)]]
        started = time.perf_counter()
        predict(row)
        seconds.append(time.perf_counter() - started)
    return float(np.percentile(seconds, 95) * 1000)


def metrics(predict: Predict, rows: pd.DataFrame) -> dict[str, float]:
    """Compute the metrics that the pipeline promises."""
    return {
        "auc": float(roc_auc_score(rows[LABEL], probabilities(predict, rows))),
        "latency_p95": latency_p95(predict, rows),
    }
