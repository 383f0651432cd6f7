"""What every script of the pipeline shares: configuration, outputs, errors, HTTP and deadlines."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import secrets
import sys
import time
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

T = TypeVar("T")


class Failure(Exception):
    """Ends the script: `code` is the exit code, the message is for the reader of the run."""

    code = 1


class ConfigError(Failure):
    """The configuration cannot work, whatever the services answer."""

    code = 2


class ServiceError(Failure):
    """Somebody else's service did not answer, or refused."""

    code = 3


class CandidateError(Failure):
    """The candidate (its data, metrics or files) is unusable."""

    code = 4


class RaceError(Failure):
    """Another run got there first."""

    code = 5


# --- configuration ---------------------------------------------------------------------------------


def config(kind: type[T]) -> T:
    """Read MLP_CONFIG into the dataclass `kind`; unknown keys and wrong types are refused."""
    text = env("MLP_CONFIG")
    try:
        data: object = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise ConfigError(f"MLP_CONFIG is not JSON: {error}") from None
    return cast("T", parse(kind, data))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def parse(kind: Any, data: object, where: str = "MLP_CONFIG") -> Any:
    """Check `data` (decoded JSON) against the type `kind` and convert it."""
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(cast("type", kind), data, where)
    origin = typing.get_origin(kind)
    return _parse_generic(kind, origin, data, where) if origin else _parse_scalar(kind, data, where)


def _parse_generic(kind: Any, origin: Any, data: object, where: str) -> object:
    if origin in (typing.Union, types.UnionType):
        return _parse_union(kind, data, where)
    if origin is typing.Literal:
        return _parse_literal(kind, data, where)
    if origin is list:
        items = _expect(list, data, where)
        return [parse(typing.get_args(kind)[0], v, f"{where}[{i}]") for i, v in enumerate(items)]
    if origin is not dict:
        raise TypeError(f"{where}: {kind} is not supported in a configuration")
    pairs = _expect(dict, data, where).items()
    return {k: parse(typing.get_args(kind)[1], v, f"{where}.{k}") for k, v in pairs}


def _parse_dataclass(kind: type, data: object, where: str) -> object:
    given = _expect(dict, data, where)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    if unknown := sorted(given.keys() - fields.keys()):
        raise ConfigError(f"{where}: unknown key {', '.join(unknown)}")
    required = {n for n, f in fields.items() if _has_no_default(f)}
    if missing := sorted(required - given.keys()):
        raise ConfigError(f"{where}: missing key {', '.join(missing)}")
    hints = typing.get_type_hints(kind)
    return kind(**{k: parse(hints[k], v, f"{where}.{k}") for k, v in given.items()})


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _parse_union(kind: Any, data: object, where: str) -> object:
    options = typing.get_args(kind)
    if data is None and type(None) in options:
        return None
    rest = [o for o in options if o is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"{where}: only `X | None` is supported in a configuration")
    return parse(rest[0], data, where)


def _parse_literal(kind: Any, data: object, where: str) -> object:
    allowed = typing.get_args(kind)
    if data not in allowed:
        raise ConfigError(f"{where}: expected one of {', '.join(map(repr, allowed))}, not {data!r}")
    return data


def _parse_scalar(kind: Any, data: object, where: str) -> object:
    if kind is Any:
        return data
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    return _expect(kind, data, where)


def _expect(kind: type, data: object, where: str) -> Any:
    fits = isinstance(data, kind) and (kind is bool or not isinstance(data, bool))
    if not fits:
        raise ConfigError(f"{where}: expected {kind.__name__}, not {type(data).__name__}")
    return data


def env(name: str) -> str:
    """Read an environment variable that must be there and not empty."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(f"{name} is not set")
    return value


def optional_env(name: str, default: str = "") -> str:
    """Read an environment variable; GitHub passes an absent value as an empty string."""
    return os.environ.get(name, "") or default


# --- what the run says -------------------------------------------------------------------------------


def output(name: str, value: str) -> None:
    """Set a step output. The delimiter is random, so no value can end it and forge another output."""
    delimiter = f"mlp-{secrets.token_hex(16)}"
    print(f"{name}={value}")
    _append("GITHUB_OUTPUT", f"{name}<<{delimiter}\n{value}\n{delimiter}\n")


def outputs(values: Mapping[str, str]) -> None:
    """Set several step outputs."""
    for name, value in values.items():
        output(name, value)


def summary(markdown: str) -> None:
    """Add to the page that GitHub shows for the run."""
    print(markdown)
    _append("GITHUB_STEP_SUMMARY", markdown + "\n\n")


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table; cells cannot break out of it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(value: object) -> str:
    text = " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("<", "&lt;")


def warning(message: str) -> None:
    """Show a warning on the run's page."""
    _annotate("warning", message)


def _annotate(level: str, message: str) -> None:
    text = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level}::{text}", flush=True)


def run(main: Callable[[], None]) -> NoReturn:
    """Run a script's main function and turn its failure into the documented exit code."""
    try:
        main()
    except Failure as failure:
        _annotate("error", str(failure))
        _append("GITHUB_STEP_SUMMARY", f"**Failed:** {_cell(failure)}\n\n")
        sys.exit(failure.code)
    sys.exit(0)


# --- time --------------------------------------------------------------------------------------------


class Deadline:
    """A point in time that all waiting of a step shares."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def expired(self) -> bool:
        """Whether no time is left."""
        return self.left() == 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the deadline."""
        time.sleep(min(seconds, self.left()))


def jitter(attempt: int, base: float = 0.5, cap: float = 10.0) -> float:
    """Seconds to wait before the next attempt: exponential, with full jitter."""
    return random.uniform(0.0, min(cap, base * 2.0**attempt))  # noqa: S311
