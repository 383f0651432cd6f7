from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
import pytest

from conftest import RUNTIME


class Spy:
    """A model whose answer tells what it was given."""

    def predict(self, given: Any) -> Any:
        if isinstance(given, pd.DataFrame):
            return given.assign(total=given.sum(axis=1, numeric_only=True))[[given.columns[0], "total"]]
        return given.sum(axis=1)


@pytest.fixture
def predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], Any]:
    """Run predict.py with the spy as the model."""
    rows, output = tmp_path / "rows.json", tmp_path / "output.json"
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda _: Spy())
    monkeypatch.setattr(sys, "argv", ["predict.py", "model", str(rows), str(output)])
    monkeypatch.setattr(sys, "path", [str(RUNTIME), *sys.path])

    def call(request: dict[str, Any]) -> Any:
        rows.write_text(json.dumps(request))
        runpy.run_path(str(RUNTIME / "predict.py"), run_name="__main__")
        return json.loads(output.read_text())

    return call


def tensor(name: str, data: list[Any], *shape: int, datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": data}


@pytest.mark.parametrize(
    ("request_", "outputs"),
    [
        ({"inputs": [tensor("x", [1, 2, 3, 4], 2, 2)]}, {"predict": [3.0, 7.0]}),
        ({"inputs": [tensor("x", [[1, 2], [3, 4]], 2, 2, datatype="INT64")]}, {"predict": [3, 7]}),
        ({"inputs": [tensor("a", [1, 2], 2), tensor("b", [3, 4], 2)]}, {"a": [1, 2], "total": [4, 6]}),
        ({"inputs": [tensor("a", ["x", "y"], 2, 1, datatype="BYTES"), tensor("b", [3, 4], 2, 1)]}, {"a": ["x", "y"], "total": [3, 4]}),
        ({"instances": [[1, 2], [3, 4]]}, {"predict": [3, 7]}),
        ({"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, {"a": [1, 3], "total": [3, 7]}),
    ],
)
def test_a_request_becomes_what_the_model_server_would_pass(
    predict: Callable[[dict[str, Any]], Any], request_: dict[str, Any], outputs: dict[str, Any]
) -> None:
    assert predict(request_) == outputs
