"""Turn the raw customer table into the features that training and evaluation read."""

import hashlib
from pathlib import Path

import pandas as pd

RAW = Path("data/churn.csv")
OUTPUT = Path("data/features.parquet")
TEST_SHARE = 0.25


def derive(raw: pd.DataFrame) -> pd.DataFrame:
    """Compute the model's inputs; the transformer computes the same for one request."""
    months = raw["tenure"].clip(lower=1)
    return pd.DataFrame(
        {
            "region": raw["region"],
            "contract": raw["contract"],
            "tenure": raw["tenure"].astype("float64"),
            "monthly_charges": raw["monthly_charges"].astype("float64"),
            "average_charge": (raw["total_charges"] / months).astype("float64"),
            "calls_per_year": (raw["support_calls"] * 12 / months).astype("float64"),
        }
    )


def split(customer_id: str) -> str:
    """Assign a customer for good: one that is tested on was never trained on, by any model."""
    digest = hashlib.sha256(customer_id.encode()).digest()
    return "test" if digest[0] < 256 * TEST_SHARE else "train"


def build(raw: pd.DataFrame) -> pd.DataFrame:
    """Assemble the table that is written."""
    raw = raw.drop_duplicates("customer_id", keep="last")
    table = derive(raw)
    table.insert(0, "customer_id", raw["customer_id"])
    table["churned"] = raw["churned"].astype("int64")
    table["split"] = raw["customer_id"].map(split)
    return table


def main() -> None:
    """Read the raw data, write the features."""
    table = build(pd.read_csv(RAW))
    table.to_parquet(OUTPUT, index=False)
    print(f"{len(table)} customers, {table['churned'].mean():.1%} of them left")


if __name__ == "__main__":
    main()
