from __future__ import annotations

import math
from typing import Any

import pytest
import rules
from common import ConfigError

VALUES = {"auc": 0.8, "latency": 90.0, "nan": math.nan}


def look(name: str, arguments: tuple[str, ...]) -> float:
    return 0.75 if name == "champion" and arguments == ("auc",) else VALUES[name]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ([">=", "auc", ["+", ["champion", "auc"], 0.002]], True),
        ([">=", "auc", ["+", ["champion", "auc"], 0.06]], False),
        (["<=", "latency", ["*", 100, ["-", 1, 0.1]]], True),
        (["<", ["/", "latency", 0], 1], False),
        (["and", [">", "auc", 0], ["<", "auc", 0.5]], False),
        (["or", [">", "auc", 0], ["<", "auc", 0.5]], True),
        (["not", ["<", "auc", 0.5]], True),
        (["==", ["abs", ["neg", "auc"]], 0.8], True),
        ([">=", ["min", "auc", 0.9], ["max", 0.1, 0.2]], True),
        (True, True),
    ],
)
def test_rules_hold_or_not(rule: Any, expected: bool) -> None:  # noqa: FBT001
    assert rules.holds(rules.Rule("", rule), look) is expected


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "==", "!="])
def test_nothing_holds_of_nan(sign: str) -> None:
    assert not rules.holds(rules.Rule("", [sign, "nan", 1]), look)


def test_knows_what_a_rule_reads() -> None:
    found = set(rules.leaves(["and", [">=", "auc/region/eu", ["champion", "auc"]], [">", ["min", "tenure"], 0]]))
    assert found == {rules.Leaf("auc/region/eu"), rules.Leaf("champion", ("auc",)), rules.Leaf("min", ("tenure",))}


@pytest.mark.parametrize(
    "rule", [["+", 1, 2], [">=", 1], ["and", 1, True], [">", True, 1], [], [1, 2], {"a": 1}, [">", ["null_rate", 1], 0]]
)
def test_refuses_what_is_no_rule(rule: Any) -> None:
    with pytest.raises(ConfigError):
        rules.holds(rules.Rule("x", rule), look)
