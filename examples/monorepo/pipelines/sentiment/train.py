"""Train a very small BERT on the reviews and log it to MLflow; nothing is downloaded."""

import os
import re
from pathlib import Path

import mlflow
import pandas as pd
import torch
import transformers
from transformers import DistilBertConfig, DistilBertForSequenceClassification, DistilBertTokenizer

from scoring import metrics, split

REVIEWS = Path(__file__).parent / "data/clean.csv"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LABELS = {0: "negative", 1: "positive"}
BATCH = 32


def tokenizer_of(texts: pd.Series) -> DistilBertTokenizer:
    """Make a vocabulary of the words seen."""
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower())})
    return DistilBertTokenizer(vocab={word: at for at, word in enumerate(SPECIAL + words)})


def untrained(tokenizer: DistilBertTokenizer) -> DistilBertForSequenceClassification:
    """Make a network of two thin layers."""
    shape = {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2}
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        id2label=LABELS,
        label2id={name: label for label, name in LABELS.items()},
        **shape,
    )
    return DistilBertForSequenceClassification(config)


def fit(
    model: DistilBertForSequenceClassification,
    tokenizer: DistilBertTokenizer,
    rows: pd.DataFrame,
    epochs: int,
) -> None:
    """Train the model in place."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    model.train()
    for epoch in range(epochs):
        shuffled = rows.sample(frac=1, random_state=epoch)
        for start in range(0, len(shuffled), BATCH):
            batch = shuffled.iloc[start : start + BATCH]
            encoded = tokenizer(list(batch["text"]), padding=True, return_tensors="pt")
            loss = model(**encoded, labels=torch.tensor(list(batch["label"]))).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.eval()


def main() -> None:
    """Train, measure, log."""
    epochs = int(os.environ.get("EPOCHS", "5"))
    torch.manual_seed(7)
    train, test = split(pd.read_csv(REVIEWS))
    tokenizer = tokenizer_of(train["text"])
    model = untrained(tokenizer)
    mlflow.set_experiment("sentiment")
    with mlflow.start_run():
        mlflow.log_param("epochs", epochs)
        fit(model, tokenizer, train, epochs)
        classify = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer)
        found = [answer["label"] for answer in classify(list(test["text"]))]
        mlflow.log_metrics(metrics(test, found))
        mlflow.transformers.log_model(
            classify,
            name="model",
            pip_requirements=[
                f"mlflow=={mlflow.__version__}",
                f"torch=={torch.__version__.partition('+')[0]}",
                f"transformers=={transformers.__version__}",
            ],
        )


if __name__ == "__main__":
    main()
