"""What each serving runtime reads of an MLflow model, and in which layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from common import CandidateError

Layout = dict[str, Path]  # path to serve → file of the model; None where the directory is served as it is
PICKLES = (".pkl", ".pickle", ".joblib")


@dataclass(frozen=True)
class Content:
    """A downloaded MLflow model."""

    root: Path
    mlmodel: dict[str, Any]

    def flavour(self, name: str) -> dict[str, Any]:
        """Settings of a flavour, which must be there."""
        flavours = self.mlmodel.get("flavors") or {}
        if name not in flavours:
            raise CandidateError(f"the model has no {name} flavour, only {', '.join(sorted(flavours)) or 'none'}")
        return dict(flavours[name])

    def file(self, name: str) -> Path:
        """A file (or directory) of the model, which must be there and inside it."""
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()) or not path.exists():
            raise CandidateError(f"the model names {name!r}, which is not among its files")
        return path


def open_model(root: Path) -> Content:
    """Read the MLmodel file."""
    file = root / "MLmodel"
    if not file.is_file():
        raise CandidateError("the logged model is empty: it has no MLmodel file")
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise CandidateError("the MLmodel file is no mapping")
    return Content(root, data)


def _mlflow(model: Content, _: str) -> Layout | None:
    model.flavour("python_function")
    if "sklearn" in (model.mlmodel.get("flavors") or {}):
        _refuse_skops(model.flavour("sklearn"))
    return None


def _sklearn(model: Content, _: str) -> Layout | None:
    settings = model.flavour("sklearn")
    _refuse_skops(settings)
    file = model.file(str(settings.get("pickled_model", "model.pkl")))
    if file.suffix not in PICKLES:
        raise CandidateError(f"the sklearn runtime reads .pkl, .pickle and .joblib files, not {file.name}")
    alone = len([p for p in model.root.iterdir() if p.suffix in PICKLES]) == 1
    return None if alone else {file.name: file}  # the runtime refuses to choose between several


def _refuse_skops(settings: dict[str, Any]) -> None:
    """MLflow 3 saves scikit-learn models in this form by default; the serving runtimes cannot read it."""
    form = str(settings.get("serialization_format", ""))
    if form not in ("cloudpickle", "pickle"):
        raise CandidateError(
            f"the model is serialised as {form or 'unknown'}, which the serving runtime cannot read: "
            'log it with serialization_format="cloudpickle"'
        )


def _xgboost(model: Content, _: str) -> Layout | None:
    file = model.file(str(model.flavour("xgboost").get("data", "model.ubj")))
    if file.suffix not in (".bst", ".json", ".ubj"):
        raise CandidateError(f'the xgboost runtime reads .bst, .json and .ubj files, not {file.name}: log with model_format="ubj"')
    return {file.name: file}  # alone: any further .json in the directory would be taken for a second model


def _onnx(model: Content, service: str) -> Layout | None:
    settings = model.flavour("onnx")
    file = model.file(str(settings.get("data", "model.onnx")))
    main = file / "model.onnx" if file.is_dir() else file
    extra = [p for p in main.parent.iterdir() if p.is_file() and p != main] if file.is_dir() else []
    return {f"{service}/1/model.onnx": main, **{f"{service}/1/{p.name}": p for p in extra}}  # Triton's repository


def _huggingface(model: Content, _: str) -> Layout | None:
    settings = model.flavour("transformers")
    binary = model.file(str(settings.get("model_binary", "model")))
    parts = [binary, *(p for p in sorted((model.root / "components").glob("*")) if p.is_dir())]
    layout = {p.relative_to(part).as_posix(): p for part in reversed(parts) for p in part.rglob("*") if p.is_file()}
    if "config.json" not in layout:
        raise CandidateError("the transformers model has no config.json")
    return layout


FORMATS: dict[str, Callable[[Content, str], Layout | None]] = {
    "mlflow": _mlflow,
    "sklearn": _sklearn,
    "xgboost": _xgboost,
    "onnx": _onnx,
    "huggingface": _huggingface,
}
