"""Measure one fraud model on one data set; the gate runs this for candidate and champion alike."""

import json
import os
from pathlib import Path

import mlflow
import pandas as pd

from scoring import LABEL, SLICE, inputs, metrics, rows_of


def main() -> None:
    """Read MLP_MODEL_URI and MLP_DATA, write MLP_METRICS and MLP_PREDICTIONS."""
    test = rows_of(pd.read_parquet(os.environ["MLP_DATA"]), "test")
    scores = mlflow.pyfunc.load_model(os.environ["MLP_MODEL_URI"]).predict(inputs(test))
    values = metrics(test, scores)
    Path(os.environ["MLP_METRICS"]).write_text(json.dumps(values), encoding="utf-8")
    if target := os.environ.get("MLP_PREDICTIONS"):
        # The slice is a column, so that the rules on slices can be resampled too.
        scored = {"label": test[LABEL], "prediction": scores, SLICE: test[SLICE]}
        pd.DataFrame(scored).to_csv(target, index=False)


if __name__ == "__main__":
    main()
