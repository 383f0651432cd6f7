"""The features, on customers small enough to check by hand."""

import pandas as pd
import pytest

from features import build, derive, split


@pytest.fixture
def raw() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["C00001", "C00002", "C00002"],
            "region": ["eu", "us", "us"],
            "contract": ["monthly", "annual", "annual"],
            "tenure": [None, 24, 0],
            "monthly_charges": [50.0, 80.0, 80.0],
            "total_charges": [100.0, 1920.0, 0.0],
            "support_calls": [1, 2, 3],
            "churned": [1, 0, 0],
        }
    )


def test_averages_are_per_month_of_tenure(raw: pd.DataFrame) -> None:
    features = derive(raw)
    assert features.loc[1, "average_charge"] == pytest.approx(80.0)
    assert features.loc[1, "calls_per_year"] == pytest.approx(1.0)


def test_a_new_customer_counts_as_one_month(raw: pd.DataFrame) -> None:
    assert derive(raw).loc[2, "calls_per_year"] == pytest.approx(36.0)


def test_an_unknown_tenure_stays_a_gap(raw: pd.DataFrame) -> None:
    assert derive(raw).loc[0, ["tenure", "average_charge", "calls_per_year"]].isna().all()


def test_the_last_record_of_a_customer_wins(raw: pd.DataFrame) -> None:
    table = build(raw)
    assert list(table["customer_id"]) == ["C00001", "C00002"]
    assert table["tenure"].iloc[-1] == 0


def test_about_a_quarter_of_the_customers_is_held_out_for_good() -> None:
    held_out = [split(f"C{number:05d}") == "test" for number in range(2000)]
    assert 0.22 < sum(held_out) / len(held_out) < 0.28
    assert split("C00001") == split("C00001")
