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
@pytest.mark.parametrize("number", ["nan", ["/", "latency", 0], ["*", 1e300, 1e300], ["max", 1, "nan"], math.inf])
def test_nothing_is_decided_by_what_is_not_finite(sign: str, number: Any) -> None:
    for rule in ([sign, number, 1], ["not", [sign, 1, number]], ["or", True, [sign, number, number]]):
        with pytest.raises(rules.UndecidedError, match=r"the rule 'x' cannot be decided: .* is (nan|inf)"):
            rules.holds(rules.Rule("x", rule), look)


def test_knows_what_a_rule_reads() -> None:
    found = set(rules.leaves(["and", [">=", "auc/region/eu", ["champion", "auc"]], [">", ["min", "tenure"], 0]]))
    assert found == {rules.Leaf("auc/region/eu"), rules.Leaf("champion", ("auc",)), rules.Leaf("min", ("tenure",))}


@pytest.mark.parametrize(
    "rule", [["+", 1, 2], [">=", 1], ["and", 1, True], [">", True, 1], [], [1, 2], {"a": 1}, [">", ["null_rate", 1], 0]]
)
def test_refuses_what_is_no_rule(rule: Any) -> None:
    with pytest.raises(ConfigError):
        rules.holds(rules.Rule("x", rule), look)
