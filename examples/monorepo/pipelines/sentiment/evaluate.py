"""Measure one sentiment model; the gate runs this for candidate and champion alike."""

import json
import os
from pathlib import Path

import mlflow
import pandas as pd

from scoring import CLASSES, metrics, split


def main() -> None:
    """Read MLP_MODEL_URI and MLP_DATA, write MLP_METRICS and MLP_PREDICTIONS."""
    _, test = split(pd.read_csv(os.environ["MLP_DATA"]))
    model = mlflow.pyfunc.load_model(os.environ["MLP_MODEL_URI"])
    found = list(model.predict(list(test["text"]))["label"])
    values = metrics(test, found)
    Path(os.environ["MLP_METRICS"]).write_text(json.dumps(values), encoding="utf-8")
    if target := os.environ.get("MLP_PREDICTIONS"):
        scored = {"label": test["label"], "prediction": [CLASSES.index(name) for name in found]}
        pd.DataFrame(scored).to_csv(target, index=False)


if __name__ == "__main__":
    main()
