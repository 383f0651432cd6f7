"""Train the fraud model and log it to MLflow, together with its metrics."""

import os
from pathlib import Path

import mlflow
import pandas as pd
import xgboost
import yaml
from mlflow.models import infer_signature

from scoring import LABEL, inputs, metrics, rows_of

HERE = Path(__file__).parent


def fit(rows: pd.DataFrame, params: dict) -> xgboost.Booster:
    """Boost trees, on the device that the pipeline names."""
    settings = {**params["booster"], "device": os.environ.get("FRAUD_DEVICE", "cpu")}
    matrix = xgboost.DMatrix(inputs(rows), rows[LABEL])
    return xgboost.train(settings, matrix, num_boost_round=params["rounds"])


def log(model: xgboost.Booster, example: pd.DataFrame) -> None:
    """Log the model in the one file that KServe's XGBoost server reads."""
    features = inputs(example)
    mlflow.xgboost.log_model(
        model,
        name="model",
        model_format="ubj",
        signature=infer_signature(features, model.predict(xgboost.DMatrix(features))),
        pip_requirements=[f"mlflow=={mlflow.__version__}", f"xgboost=={xgboost.__version__}"],
    )


def main() -> None:
    """Train, measure, log."""
    params = yaml.safe_load((HERE / "params.yaml").read_text(encoding="utf-8"))
    table = pd.read_parquet(HERE / "data/features.parquet")
    train, test = rows_of(table, "train"), rows_of(table, "test")
    mlflow.set_experiment("fraud")
    with mlflow.start_run():
        mlflow.log_params({**params["booster"], "rounds": params["rounds"]})
        model = fit(train, params)
        mlflow.log_metrics(metrics(test, model.predict(xgboost.DMatrix(inputs(test)))))
        log(model, test)


if __name__ == "__main__":
    main()
