"""What the service must answer to a request: training's own features, put to the approved model."""

import json
import os
import sys
from pathlib import Path

import mlflow
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from features import derive
from scoring import probabilities


def main() -> None:
    """Read MLP_MODEL_URI and MLP_ROWS, write MLP_EXPECTED."""
    request = json.loads(Path(os.environ["MLP_ROWS"]).read_text(encoding="utf-8"))
    rows = pd.DataFrame({tensor["name"]: tensor["data"] for tensor in request["inputs"]})
    model = mlflow.pyfunc.load_model(os.environ["MLP_MODEL_URI"])
    expected = {"predictions": probabilities(model.predict, derive(rows)).tolist()}
    Path(os.environ["MLP_EXPECTED"]).write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main()
