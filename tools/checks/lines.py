"""Finds the line of a value in a YAML file, for checkers that name it by a path only."""

import re
from functools import lru_cache
from pathlib import Path

import yaml

_STEP = re.compile(r"\[(\d+)\]|\[([^\]]*)\]|([^.\[\]]+)")


@lru_cache(maxsize=64)
def _nodes(file: Path) -> list[yaml.Node]:
    with file.open(encoding="utf-8") as stream:
        return list(yaml.compose_all(stream, Loader=yaml.CSafeLoader))


def steps_of(path: str) -> list[str | int]:
    """Split `$.a.b[0].c` into its steps."""
    steps: list[str | int] = []
    for index, name, plain in _STEP.findall(path.removeprefix("$")):
        steps.append(int(index) if index else name or plain)
    return steps


def line_of(file: Path, steps: list[str | int], document: int = 0) -> int:
    """Return the line of the deepest node on the path that the file has; 1 for a file that is no YAML."""
    try:
        nodes = _nodes(file)
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return 1
    return _descend(nodes[document], steps) if document < len(nodes) else 1


def _descend(node: yaml.Node, steps: list[str | int]) -> int:
    line: int = node.start_mark.line + 1
    for step in steps:
        entry = _entry(node, step)
        if entry is None:
            break
        mark, node = entry
        line = mark.start_mark.line + 1
    return line


def _entry(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that marks the place, and the node to go on from."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    return None
