"""Predictions of a model for the rows of one inference request.

Runs in the project's own environment (the one that trained the model), so it imports nothing of the pipeline:

    python predict.py MODEL_DIRECTORY ROWS_JSON OUTPUT_JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.pop(0)  # the names of the pipeline's scripts must not hide the project's modules

import numpy as np
import pandas as pd
from mlflow import pyfunc


def features(request: dict[str, Any]) -> Any:
    """What the model server would hand to the model: V1 `instances`, or V2 `inputs`."""
    if "instances" in request:
        return _instances(request["instances"])
    inputs = request["inputs"]
    if len(inputs) == 1 and len(inputs[0]["shape"]) > 1:
        return _tensor(inputs[0])
    return _frame({item["name"]: _flat(item["data"]) for item in inputs})


def _instances(rows: list[Any]) -> Any:
    if isinstance(rows[0], dict):
        return _frame({name: [row[name] for row in rows] for name in rows[0]})
    return np.array(rows)


def _tensor(item: dict[str, Any]) -> Any:
    return np.array(_flat(item["data"]), dtype=_dtype(item["datatype"])).reshape(item["shape"])


def _dtype(datatype: str) -> str:
    return {"BOOL": "bool", "BYTES": "str", "FP16": "float16", "FP32": "float32", "FP64": "float64"}.get(datatype, datatype.lower())


def _frame(columns: dict[str, list[Any]]) -> Any:
    return pd.DataFrame(columns)


def _flat(data: Any) -> list[Any]:
    return [v for item in data for v in _flat(item)] if isinstance(data, list) else [data]


def outputs(result: Any) -> dict[str, list[Any]]:
    """Output → its values, flattened in row-major order; one that has no name is called `predict`."""
    if hasattr(result, "columns"):  # a DataFrame
        result = {str(name): result[name] for name in result.columns}
    if isinstance(result, dict):
        named = {name: _flat(_plain(values)) for name, values in result.items()}
        return named if len(named) > 1 else {"predict": next(iter(named.values()), [])}
    return {"predict": _flat(_plain(result))}


def _plain(values: Any) -> list[Any]:
    found = values.tolist() if hasattr(values, "tolist") else values
    return list(found)


def main() -> None:
    """Load, predict, write."""
    model, request, output = sys.argv[1:]
    loaded = pyfunc.load_model(model)
    found = loaded.predict(features(json.loads(Path(request).read_text(encoding="utf-8"))))
    Path(output).write_text(json.dumps(outputs(found), allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main()
