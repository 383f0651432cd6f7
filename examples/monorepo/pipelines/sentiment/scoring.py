"""How a sentiment model is measured: one definition for training and for the gate."""

import zlib

import pandas as pd

CLASSES = ["negative", "positive"]
TEST_SHARE = 0.25


def split(reviews: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split into training and test by the text, so that equal reviews stay on one side."""
    held_out = reviews["text"].map(lambda text: zlib.crc32(text.encode()) % 100 < TEST_SHARE * 100)
    return reviews[~held_out].reset_index(drop=True), reviews[held_out].reset_index(drop=True)


def metrics(rows: pd.DataFrame, found: list[str]) -> dict[str, float]:
    """Compute what the pipeline promises, of the names of the classes found."""
    right = rows["label"] == pd.Series(found).map(CLASSES.index)
    return {"accuracy": float(right.mean())}
