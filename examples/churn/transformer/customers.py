"""One customer of a request: check it, derive the features of the model from it."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

REGIONS = ("eu", "us", "apac")
CONTRACTS = ("monthly", "annual", "two_year")
NUMBERS = ("tenure", "monthly_charges", "total_charges", "support_calls")
COLUMNS = ("region", "contract", *NUMBERS)


@dataclass(frozen=True)
class Features:
    """The model's inputs, in the order of its signature."""

    region: str
    contract: str
    tenure: float
    monthly_charges: float
    average_charge: float
    calls_per_year: float


def check(customer: Mapping[str, object]) -> None:
    """Raise ValueError, in words for the caller, unless the model can judge this customer."""
    if customer["region"] not in REGIONS:
        raise ValueError(f"region must be one of {', '.join(REGIONS)}")
    if customer["contract"] not in CONTRACTS:
        raise ValueError(f"contract must be one of {', '.join(CONTRACTS)}")
    for name in NUMBERS:
        value = customer[name]
        # NaN fails the comparison; True is an int in Python, but not a number of months.
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise ValueError(f"{name} must be a number, zero or more")


def derive(customer: Mapping[str, object]) -> Features:
    """Compute what src/features.py computed for training."""
    check(customer)
    months = max(float(customer["tenure"]), 1.0)
    return Features(
        region=str(customer["region"]),
        contract=str(customer["contract"]),
        tenure=float(customer["tenure"]),
        monthly_charges=float(customer["monthly_charges"]),
        average_charge=float(customer["total_charges"]) / months,
        calls_per_year=float(customer["support_calls"]) * 12 / months,
    )


def columns(rows: list[Features]) -> dict[str, list[str | float]]:
    """Turn rows into columns, the way a v2 request carries them."""
    names = [field.name for field in fields(Features)]
    values = zip(*(astuple(row) for row in rows), strict=True)
    return {name: list(column) for name, column in zip(names, values, strict=True)}
