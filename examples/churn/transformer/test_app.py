"""The transformer, with the predictor replaced by a function."""

import asyncio
import json
from pathlib import Path

import pytest
from kserve import InferInput, InferOutput, InferRequest, InferResponse
from kserve.errors import InvalidInput

from app import ChurnTransformer

ROWS = json.loads((Path(__file__).parents[1] / "smoke/rows.json").read_text(encoding="utf-8"))


class Predicted(ChurnTransformer):
    """Answers with the share of one year that has passed."""

    async def predict(self, payload: InferRequest, *_: object) -> InferResponse:
        """Answer without a network, and remember the question."""
        self.sent = {tensor.name: tensor for tensor in payload.inputs}
        shares = [tenure / 100 for tenure in self.sent["tenure"].data]
        both = [value for share in shares for value in (1 - share, share)]
        return InferResponse(
            "1", "churn", [InferOutput("output-1", [len(shares), 2], "FP64", both)]
        )


def request(**changed: list) -> InferRequest:
    """Make the smoke test's request, with some columns changed."""
    inputs = [
        InferInput(
            tensor["name"],
            tensor["shape"],
            tensor["datatype"],
            changed.get(tensor["name"], tensor["data"]),
        )
        for tensor in ROWS["inputs"]
    ]
    return InferRequest("churn", inputs)


def ask(model: ChurnTransformer, body: InferRequest) -> InferResponse:
    """Send a request the way the server does."""
    response, _ = asyncio.run(model(body))
    return response


def test_features_go_in_and_one_probability_per_customer_comes_out() -> None:
    model = Predicted("churn")
    [output] = ask(model, request()).outputs
    assert output.name == "churn_probability"
    assert output.data == [0.02, 0.30, 0.65, 0.14]
    assert model.sent["calls_per_year"].data == pytest.approx([30, 0.4, 0, 36 / 14])
    assert model.sent["region"].datatype == "BYTES"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"region": ["moon"] * 4}, "region must be one of"),
        ({"region": [["eu"]] * 4}, "region must be one of"),
        ({"contract": [None] * 4}, "contract must be one of"),
        ({"tenure": [-1] * 4}, "tenure must be a number"),
        ({"tenure": [float("nan")] * 4}, "tenure must be a number"),
        ({"support_calls": ["5"] * 4}, "support_calls must be a number"),
        ({"support_calls": [True] * 4}, "support_calls must be a number"),
        ({"tenure": [1]}, "one length"),
    ],
)
def test_a_bad_customer_is_the_callers_fault(changed: dict[str, list], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        ask(Predicted("churn"), request(**changed))


def test_a_missing_column_is_the_callers_fault() -> None:
    body = request()
    body.inputs.pop()
    with pytest.raises(InvalidInput, match="must be exactly"):
        ask(Predicted("churn"), body)
