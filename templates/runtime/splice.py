"""Setting single values in somebody's YAML file: every other byte stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from common import ConfigError

Path = tuple["str | int", ...]

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9/_.@+=~%-]*(:[A-Za-z0-9/_.@+=~%-]+)*")


def documents(data: bytes, name: str) -> list[Any]:
    """Decode every document of a file, all scalars as strings."""
    return _guarded(lambda text: list(yaml.load_all(text, Loader=yaml.BaseLoader)), data, name)


def get(document: object, path: Path) -> Any:
    """Return the value at `path` of a decoded document, or None."""
    for key in path:
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and isinstance(key, int) and key < len(document):
            document = document[key]
        else:
            return None
    return document


def replace(data: bytes, name: str, number: int, values: Mapping[Path, str]) -> bytes:
    """Set existing scalars of document `number` and prove that nothing else changed."""
    before = documents(data, name)
    nodes = _guarded(lambda text: list(yaml.compose_all(text, Loader=yaml.BaseLoader)), data, name)
    text = data.decode()
    edits = [(_find(nodes[number], path, name), value) for path, value in values.items()]
    for node, value in sorted(edits, key=lambda edit: -edit[0].start_mark.index):
        start, end = node.start_mark.index, node.end_mark.index
        text = text[:start] + _scalar(node, value, name) + text[end:]
    result = text.encode()
    for path, value in values.items():
        _set(before[number], path, value)
    if documents(result, name) != before:
        raise ConfigError(f"{name}: a value to set is shared through an alias; write it out in its own place")
    return result


def _guarded(work: Callable[[str], list[Any]], data: bytes, name: str) -> list[Any]:
    try:
        return work(data.decode())
    except (UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise ConfigError(f"{name} is not YAML that can be edited: {' '.join(str(error).split())}") from None


def _find(node: yaml.Node, path: Path, name: str) -> yaml.ScalarNode:
    found: yaml.Node | None = node
    for key in path:
        found = _child(found, key)
    if not isinstance(found, yaml.ScalarNode) or found.style in ("|", ">"):
        dotted = ".".join(map(str, path))
        raise ConfigError(f"{name}: {dotted} must be there, as a value on one line")
    return found


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
        return next(iter(node.value[key : key + 1]), None)
    return None


def _scalar(node: yaml.ScalarNode, value: str, name: str) -> str:
    """Write the value in the style that stands there, where that style can hold it."""
    if not value.isprintable():
        raise ConfigError(f"{name}: {value!r} cannot be written")
    if node.style == "'":
        return "'" + value.replace("'", "''") + "'"
    if node.style is None and PLAIN.fullmatch(value):
        return value if node.start_mark.index != node.end_mark.index else f" {value}"
    return json.dumps(value)


def _set(document: object, path: Path, value: str) -> None:
    holder = get(document, path[:-1])
    holder[path[-1]] = value


def find_document(found: Sequence[object], kind: str, service: str, name: str) -> int:
    """Return the number of the one document of this kind and name."""
    wanted = [
        number
        for number, document in enumerate(found)
        if get(document, ("kind",)) == kind and get(document, ("metadata", "name")) == service
    ]
    if len(wanted) != 1:
        raise ConfigError(f"{name}: {len(wanted)} documents are a {kind} named {service}; there must be one")
    return wanted[0]
