"""Checks a table against a Table Schema (Data Package standard), all findings at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from common import ConfigError, parse

EXAMPLES = 3


@dataclass(frozen=True)
class Constraints:
    """What the values of a field must satisfy."""

    required: bool = False
    unique: bool = False
    minimum: Any = None
    maximum: Any = None
    enum: list[Any] | None = None
    pattern: str | None = None
    minLength: int | None = None  # noqa: N815
    maxLength: int | None = None  # noqa: N815


@dataclass(frozen=True)
class Field:
    """A column."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "date", "datetime", "any"] = "any"
    constraints: Constraints = field(default_factory=Constraints)
    title: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Schema:
    """A table."""

    fields: list[Field]
    fieldsMatch: Literal["exact", "equal", "subset"] = "exact"  # noqa: N815
    primaryKey: list[str] = field(default_factory=list[str])  # noqa: N815


TYPES: dict[str, Callable[[pa.DataType], bool]] = {
    "string": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
    "integer": pa.types.is_integer,
    "number": lambda t: pa.types.is_floating(t) or pa.types.is_integer(t) or pa.types.is_decimal(t),
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "datetime": pa.types.is_timestamp,
    "any": lambda _: True,
}


def load(data: object, where: str) -> Schema:
    """Read a schema; what is not supported is refused rather than ignored."""
    schema: Schema = parse(Schema, data, where)
    known = [f.name for f in schema.fields]
    if len(set(known)) != len(known):
        raise ConfigError(f"{where}: a field is declared twice")
    if unknown := set(schema.primaryKey) - set(known):
        raise ConfigError(f"{where}: the primary key names no field: {', '.join(sorted(unknown))}")
    for item in schema.fields:
        _try_pattern(item, where)
    return schema


def _try_pattern(item: Field, where: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), item.constraints.pattern or "")  # RE2: no look-around
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{where}: the pattern of {item.name}: {error}") from None


def findings(table: pa.Table, schema: Schema) -> list[str]:
    """Everything in the table that breaks the schema."""
    found = list(_columns(table.column_names, schema))
    for item in schema.fields:
        if item.name in table.column_names:
            found += [f"{item.name}: {text}" for text in _field(table[item.name], item)]
    if schema.primaryKey and set(schema.primaryKey) <= set(table.column_names):
        found += _primary_key(table.select(schema.primaryKey), schema.primaryKey)
    return found


def _columns(names: list[str], schema: Schema) -> Iterator[str]:
    wanted = [f.name for f in schema.fields]
    yield from (f"column {name} is missing" for name in wanted if name not in names)
    if schema.fieldsMatch != "subset":
        yield from (f"column {name} is not in the schema" for name in names if name not in wanted)
    if schema.fieldsMatch == "exact" and sorted(names) == sorted(wanted) and names != wanted:
        yield f"the columns are in another order: {', '.join(names)}"


def _primary_key(key: pa.Table, names: list[str]) -> Iterator[str]:
    doubles = key.num_rows - key.group_by(names).aggregate([]).num_rows
    if doubles:
        yield f"primary key {', '.join(names)}: {doubles} rows repeat another"
    if nulls := sum(key[name].null_count for name in names):
        yield f"primary key {', '.join(names)}: {nulls} values are missing"


def _field(column: pa.ChunkedArray, item: Field) -> Iterator[str]:
    empty = pa.types.is_null(column.type)
    if not empty and not TYPES[item.type](_value_type(column.type)):
        yield f"is {column.type}, not {item.type}"
        return
    if item.constraints.required and column.null_count:
        yield f"{column.null_count} values are missing"
    if item.constraints.unique and (doubles := _doubles(column)):
        yield f"{doubles} values repeat another"
    if not empty:
        yield from _values(column, item)


def _value_type(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _doubles(column: pa.ChunkedArray) -> int:
    values = column.drop_null()
    return len(values) - len(values.unique())


def _values(column: pa.ChunkedArray, item: Field) -> Iterator[str]:
    values = column.drop_null().cast(_value_type(column.type))
    for text, bad in _masks(values, item):
        count = pc.sum(bad).as_py() or 0
        if count:
            some = ", ".join(repr(v) for v in values.filter(bad).slice(0, EXAMPLES).to_pylist())
            yield f"{count} values {text}: {some}"


def _masks(values: pa.ChunkedArray, item: Field) -> Iterator[tuple[str, pa.ChunkedArray]]:
    rule = item.constraints
    if pa.types.is_floating(values.type):
        yield "are not finite", pc.invert(pc.is_finite(values))
    if rule.minimum is not None:
        yield f"are below {rule.minimum}", pc.less(values, _bound(rule.minimum, values.type, item))
    if rule.maximum is not None:
        yield f"are above {rule.maximum}", pc.greater(values, _bound(rule.maximum, values.type, item))
    if rule.enum is not None:
        allowed = pa.array([_bound(v, values.type, item).as_py() for v in rule.enum], values.type)
        yield "are not among the allowed", pc.invert(pc.is_in(values, value_set=allowed))
    if item.type == "string":
        yield from _text_masks(values, rule)


def _text_masks(values: pa.ChunkedArray, rule: Constraints) -> Iterator[tuple[str, pa.ChunkedArray]]:
    if rule.pattern is not None:
        yield f"do not match {rule.pattern}", pc.invert(pc.match_substring_regex(values, f"^(?:{rule.pattern})$"))
    if rule.minLength is not None:
        yield f"are shorter than {rule.minLength}", pc.less(pc.utf8_length(values), rule.minLength)
    if rule.maxLength is not None:
        yield f"are longer than {rule.maxLength}", pc.greater(pc.utf8_length(values), rule.maxLength)


def _bound(value: Any, type_: pa.DataType, item: Field) -> pa.Scalar:
    """A limit in the column's type; dates are written as text in JSON."""
    try:
        if isinstance(value, float) and pa.types.is_integer(type_):
            return pa.scalar(value)
        return pa.scalar(value).cast(type_)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ConfigError(f"the schema's limit {value!r} does not fit the {item.type} {item.name}") from None
