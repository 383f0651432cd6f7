"""How a fraud model is measured: one definition for training and for the gate."""

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

FEATURES = ["log_amount", "night", "abroad", "account_age", "recent"]
LABEL = "fraud"
SLICE = "channel"


def rows_of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Select the payments of one split."""
    return table[table["split"] == split].reset_index(drop=True)


def inputs(rows: pd.DataFrame) -> np.ndarray:
    """Return the matrix that the model reads."""
    # No column names: the server builds its matrix without them, and XGBoost insists on equality.
    return rows[FEATURES].to_numpy(dtype="float32")


def metrics(rows: pd.DataFrame, scores: np.ndarray) -> dict[str, float]:
    """Compute what the pipeline promises: over all payments, and for each channel on its own."""
    scores = scores.astype("float64")
    found = {
        "auc": roc_auc_score(rows[LABEL], scores),
        "log_loss": log_loss(rows[LABEL], scores),
    }
    for name, part in rows.groupby(SLICE):
        found[f"auc/{SLICE}/{name}"] = roc_auc_score(part[LABEL], scores[part.index])
    return {name: float(value) for name, value in found.items()}
