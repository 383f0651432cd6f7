"""Turn raw payments into the features of the fraud model."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).parent / "data"
TEST_SHARE = 0.3


def split(transaction_id: str) -> str:
    """Assign a payment for good: one that is tested on was never trained on, by any model."""
    digest = hashlib.sha256(transaction_id.encode()).digest()
    return "test" if digest[0] < 256 * TEST_SHARE else "train"


def build(raw: pd.DataFrame) -> pd.DataFrame:
    """Assemble the table that is written."""
    return pd.DataFrame(
        {
            "transaction_id": raw["transaction_id"],
            "channel": raw["channel"],
            "log_amount": np.log1p(raw["amount"]),
            "night": raw["hour"].lt(6).astype("int64"),
            "abroad": raw["abroad"],
            "account_age": raw["account_age"],
            "recent": raw["recent"],
            "fraud": raw["fraud"],
            "split": raw["transaction_id"].map(split),
        }
    )


def main() -> None:
    """Read the raw data, write the features."""
    build(pd.read_csv(DATA / "transactions.csv")).to_parquet(DATA / "features.parquet", index=False)


if __name__ == "__main__":
    main()
