"""Rules: small typed expressions over numbers, as the compiler hands them over."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from common import ConfigError

Value = float | bool
Lookup = Callable[[str, tuple[str, ...]], float]  # name and arguments of a leaf → its number

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,  # a rule must fail, not the script
    "min": min,
    "max": max,
}
UNARY: dict[str, Callable[[float], float]] = {"neg": operator.neg, "abs": abs}
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
OPERATORS = {*ARITHMETIC, *UNARY, *COMPARE, "and", "or", "not"}


@dataclass(frozen=True)
class Rule:
    """A rule: its text in the .mlp file, and the expression."""

    text: str
    rule: Any


@dataclass(frozen=True)
class Leaf:
    """What a rule reads: a name, with arguments where it has any."""

    name: str
    arguments: tuple[str, ...] = ()


def leaves(expression: Any) -> Iterator[Leaf]:
    """All that an expression reads."""
    if isinstance(expression, str):
        yield Leaf(expression)
    elif isinstance(expression, list):
        head, *rest = _items(expression)
        if _is_operator(head, rest):
            for item in rest:
                yield from leaves(item)
        else:
            yield Leaf(head, tuple(_string(item) for item in rest))


def holds(rule: Rule, lookup: Lookup) -> bool:
    """Whether a rule holds."""
    value = evaluate(rule.rule, lookup)
    if not isinstance(value, bool):
        raise ConfigError(f"the rule {rule.text!r} is a number, not a condition")
    return value


def sides(rule: Rule, lookup: Lookup) -> tuple[float, str, float] | None:
    """Both sides of a rule that is one comparison."""
    if isinstance(rule.rule, list) and (items := _items(rule.rule))[0] in COMPARE:
        return _number(items[1], lookup), items[0], _number(items[2], lookup)
    return None


def evaluate(expression: Any, lookup: Lookup) -> Value:
    """The value of an expression. A comparison with NaN is false, whatever its direction."""
    if isinstance(expression, bool | int | float):
        return expression if isinstance(expression, bool) else float(expression)
    if isinstance(expression, str):
        return lookup(expression, ())
    head, *rest = _items(expression)
    if not _is_operator(head, rest):
        return lookup(head, tuple(_string(item) for item in rest))
    return _apply(head, rest, lookup)


def _is_operator(head: str, rest: list[Any]) -> bool:
    return head in OPERATORS and not (head in ("min", "max") and len(rest) == 1)  # min(column) is a measure


def _apply(head: str, rest: list[Any], lookup: Lookup) -> Value:
    if len(rest) != (1 if head in UNARY or head == "not" else 2):
        raise ConfigError(f"the operator {head!r} does not take {len(rest)} operands")
    if head == "not":
        return not _condition(rest[0], lookup)
    if head in UNARY:
        return UNARY[head](_number(rest[0], lookup))
    if head in ("and", "or"):
        both = [_condition(item, lookup) for item in rest]
        return all(both) if head == "and" else any(both)
    left, right = (_number(item, lookup) for item in rest)
    if head in ARITHMETIC:
        return ARITHMETIC[head](left, right)
    return COMPARE[head](left, right) and not (math.isnan(left) or math.isnan(right))


def _number(expression: Any, lookup: Lookup) -> float:
    value = evaluate(expression, lookup)
    if isinstance(value, bool):
        raise ConfigError(f"{expression!r} is a condition where a number is wanted")
    return value


def _condition(expression: Any, lookup: Lookup) -> bool:
    value = evaluate(expression, lookup)
    if not isinstance(value, bool):
        raise ConfigError(f"{expression!r} is a number where a condition is wanted")
    return value


def _items(expression: Any) -> list[Any]:
    if not isinstance(expression, list) or not expression or not isinstance(expression[0], str):
        raise ConfigError(f"{expression!r} is not an expression")
    return expression


def _string(item: Any) -> str:
    if not isinstance(item, str):
        raise ConfigError(f"{item!r} is not a name")
    return item
