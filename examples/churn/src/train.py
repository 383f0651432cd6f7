"""Train the churn model and log it to MLflow, together with its metrics."""

from pathlib import Path

import mlflow
import pandas as pd
import sklearn
import yaml
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from scoring import FEATURES, LABEL, metrics, rows_of

DATA = Path("data/features.parquet")


def untrained(params: dict) -> Pipeline:
    """Encode the categories, fill the gaps in the numbers, boost trees."""
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["region", "contract"]),
        remainder=SimpleImputer(strategy="median"),
    )
    return make_pipeline(encode, GradientBoostingClassifier(**params))


def log(model: Pipeline, rows: pd.DataFrame) -> None:
    """Log the model so that the serving runtime can load it."""
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(rows[FEATURES], model.predict_proba(rows[FEATURES])),
        # Callers need the probability, not the class.
        pyfunc_predict_fn="predict_proba",
        # MLServer 1.7 cannot read the skops files that MLflow writes by default.
        serialization_format="cloudpickle",
        pip_requirements=[f"mlflow=={mlflow.__version__}", f"scikit-learn=={sklearn.__version__}"],
    )


def main() -> None:
    """Train, measure, log."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["train"]
    table = pd.read_parquet(DATA)
    train, test = rows_of(table, "train"), rows_of(table, "test")
    mlflow.set_experiment("churn")
    with mlflow.start_run():
        mlflow.log_params(params)
        model = untrained(params).fit(train[FEATURES], train[LABEL])
        mlflow.log_metrics(metrics(model.predict_proba, test))
        log(model, test)


if __name__ == "__main__":
    main()
