"""The transformer in front of the churn model: customers in, probabilities of churn out."""

import argparse

from kserve import InferInput, InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput
from kserve.model_server import parser

from customers import COLUMNS, columns, derive

OUTPUT = "churn_probability"


def customers(request: InferRequest) -> list[dict[str, object]]:
    """Read the columns of a request as customers."""
    data = {tensor.name: tensor.data for tensor in request.inputs}
    if set(data) != set(COLUMNS):
        raise InvalidInput(f"the inputs must be exactly {', '.join(COLUMNS)}")
    if len({len(column) for column in data.values()}) != 1 or not data["tenure"]:
        raise InvalidInput("the inputs must have one length, at least 1")
    rows = zip(*data.values(), strict=True)
    return [dict(zip(data, row, strict=True)) for row in rows]


def tensor(name: str, values: list[str | float]) -> InferInput:
    """Make one column of the request to the predictor."""
    text = isinstance(values[0], str)
    datatype, content = ("BYTES", "str") if text else ("FP64", "np")
    return InferInput(name, [len(values), 1], datatype, values, {"content_type": content})


class ChurnTransformer(Model):
    """Checks and derives on the way in, picks the probability on the way out."""

    def __init__(self, name: str) -> None:
        """Be ready at once: there is nothing to load."""
        super().__init__(name, return_response_headers=True)
        self.ready = True

    async def preprocess(self, payload: InferRequest, headers: object = None) -> InferRequest:
        """Turn customers into the features of the model; 400 if one of them is not valid."""
        try:
            features = columns([derive(row) for row in customers(payload)])
        except ValueError as error:
            raise InvalidInput(str(error)) from error
        inputs = [tensor(name, values) for name, values in features.items()]
        return InferRequest(self.name, inputs, parameters={"content_type": "pd"})

    async def postprocess(
        self, result: InferResponse, headers: object = None, response_headers: object = None
    ) -> InferResponse:
        """Keep the second of the two class probabilities."""
        churn = [float(row[1]) for row in result.outputs[0].as_numpy().reshape(-1, 2)]
        output = InferOutput(OUTPUT, [len(churn)], "FP64", churn)
        return InferResponse(result.id, self.name, [output])


def main() -> None:
    """Serve until told to stop."""
    arguments = argparse.ArgumentParser(parents=[parser]).parse_args()
    ModelServer().start([ChurnTransformer(arguments.model_name)])


if __name__ == "__main__":
    main()
