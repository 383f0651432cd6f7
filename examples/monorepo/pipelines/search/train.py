"""Train the ranking model, measure it on the frozen queries, log it to MLflow as ONNX."""

from pathlib import Path

import mlflow
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import yaml
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.metrics import ndcg_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
FEATURES = ["text_match", "clicks", "price", "age", "in_stock"]
# Old on purpose: the server's ONNX runtime may be years older than these tools.
OPSET = 15


def inputs(rows: pd.DataFrame) -> np.ndarray:
    """Return the matrix that the model reads, one row per product."""
    return rows[FEATURES].to_numpy(dtype="float32")


def export(model: Pipeline) -> onnx.ModelProto:
    """Convert to ONNX, with a first dimension of any length."""
    example = np.zeros((1, len(FEATURES)), dtype="float32")
    return to_onnx(model, example, target_opset=OPSET)


def relevance(model: onnx.ModelProto, rows: pd.DataFrame) -> np.ndarray:
    """Score products with the file that will be served, not with what it was converted from."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    [scores] = session.run(None, {session.get_inputs()[0].name: inputs(rows)})
    return scores.ravel()


def ndcg(rows: pd.DataFrame, scores: np.ndarray) -> float:
    """Compute nDCG@5, the mean over the queries; 1 is the ideal order."""
    queries = rows.assign(score=scores).groupby("query")
    return float(np.mean([ndcg_score([q["grade"]], [q["score"]], k=5) for _, q in queries]))


def main() -> None:
    """Train, measure, log."""
    params = yaml.safe_load((HERE / "params.yaml").read_text(encoding="utf-8"))
    judgements = pd.read_csv(HERE / "data/judgements.csv")
    holdout = pd.read_csv(HERE / "data/holdout.csv")
    model = make_pipeline(StandardScaler(), MLPRegressor(**params))
    mlflow.set_experiment("search")
    with mlflow.start_run():
        mlflow.log_params(params)
        served = export(model.fit(inputs(judgements), judgements["grade"]))
        scores = relevance(served, holdout)
        mlflow.log_metric("ndcg", ndcg(holdout, scores))
        signature = infer_signature(inputs(holdout), scores.reshape(-1, 1))
        mlflow.onnx.log_model(
            served,
            name="model",
            signature=signature,
            onnx_execution_providers=["CPUExecutionProvider"],
            pip_requirements=[f"mlflow=={mlflow.__version__}", f"onnx=={onnx.__version__}"],
        )


if __name__ == "__main__":
    main()
