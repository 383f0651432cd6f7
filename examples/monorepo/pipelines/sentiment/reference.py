"""What the service must answer: KServe's Hugging Face server gives the number of the class."""

import json
import os
from pathlib import Path

import mlflow

from scoring import CLASSES


def main() -> None:
    """Read MLP_MODEL_URI and MLP_ROWS, write MLP_EXPECTED."""
    request = json.loads(Path(os.environ["MLP_ROWS"]).read_text(encoding="utf-8"))
    model = mlflow.pyfunc.load_model(os.environ["MLP_MODEL_URI"])
    found = model.predict(request["instances"])["label"]
    expected = {"predictions": [CLASSES.index(name) for name in found]}
    Path(os.environ["MLP_EXPECTED"]).write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    main()
