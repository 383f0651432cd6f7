"""YAML 1.1 and YAML 1.2 readers must see the same document."""

import io
from collections.abc import Iterator
from pathlib import Path

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from checks.finding import Finding
from checks.lines import line_of
from checks.repository import Repository

Steps = list[str | int]


def readers(repositories: list[Repository]) -> Iterator[Finding]:
    """Compare PyYAML, a 1.1 reader, with ruamel.yaml, a 1.2 reader."""
    for repository in repositories:
        for file in (*repository.workflows, *repository.manifests):
            yield from _compare_file(file, is_workflow=file in repository.workflows)


def _compare_file(file: Path, *, is_workflow: bool) -> Iterator[Finding]:
    text = file.read_text(encoding="utf-8")
    try:
        old, new = _read_1_1(text), _read_1_2(text)
    except (yaml.YAMLError, YAMLError) as error:
        yield Finding(file, 1, "readers", str(error))
        return
    if is_workflow:
        old = [_with_on(document) for document in old]
    if len(old) != len(new):
        yield Finding(file, 1, "readers", f"{len(old)} documents in YAML 1.1, {len(new)} in 1.2")
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        for steps, message in _differences(before, after, []):
            yield Finding(file, line_of(file, steps, index), "readers", message)


def _read_1_1(text: str) -> list[object]:
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def _read_1_2(text: str) -> list[object]:
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))


def _with_on(document: object) -> object:
    """Undo the one known difference: a workflow's `on` is the key True to a 1.1 reader."""
    if not isinstance(document, dict):
        return document
    return {"on" if key is True else key: value for key, value in document.items()}


def _differences(old: object, new: object, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _key_differences(old, new, steps)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, [*steps, index])
    elif type(old) is not type(new) or old != new:
        yield steps, f"{old!r} in YAML 1.1, {new!r} in 1.2"
    elif not isinstance(old, str | int | float | bool | None):
        yield steps, f"{old!r} is no JSON value: readers of the core schema see a string"


def _key_differences(old: dict[object, object], new: dict[object, object], steps: Steps) -> Iterator[tuple[Steps, str]]:
    if list(old) != list(new) or not all(isinstance(key, str) for key in new):
        yield steps, f"keys {list(old)!r} in YAML 1.1, {list(new)!r} in 1.2"
        return
    for key, value in old.items():
        yield from _differences(value, new[key], [*steps, str(key)])
