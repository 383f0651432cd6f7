"""Train a classifier of irises and log it to MLflow."""

import mlflow
import sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score


def main() -> None:
    """Measure by cross-validation, then train on everything."""
    measurements, species = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=1000)
    mlflow.set_experiment("hello")
    with mlflow.start_run():
        accuracy = cross_val_score(model, measurements, species, cv=5).mean()
        mlflow.log_metric("accuracy", accuracy)
        model.fit(measurements, species)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(measurements, species),
            # MLServer 1.7 cannot read the skops files that MLflow writes by default.
            serialization_format="cloudpickle",
            pip_requirements=[
                f"mlflow=={mlflow.__version__}",
                f"scikit-learn=={sklearn.__version__}",
            ],
        )


if __name__ == "__main__":
    main()
