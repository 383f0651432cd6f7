"""Checkers of the emitted helper scripts."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from checks.finding import CannotCheckError, Finding
from checks.programs import INSTALLED, program, run
from checks.repository import Repository

# Rules that find defects; the style of the scripts is their own project's business.
RUFF = ["--isolated", "--select=B,E7,E9,F,PIE,PLE,PLW,RET,S,UP", "--ignore=S603", "--target-version=py311"]
# Of the libraries that the scripts import only numpy is installed here: its types are named in annotations.
MYPY = [
    "--strict",
    "--ignore-missing-imports",
    "--allow-untyped-calls",
    "--allow-subclassing-any",
    "--no-warn-return-any",
    "--no-warn-unused-ignores",
    "--no-error-summary",
    "--hide-error-context",
    "--python-version=3.11",
]
MYPY_LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): (?P<level>\w+): (?P<message>.*)")


def _distinct(repositories: list[Repository]) -> list[Path]:
    """Return one directory for each set of scripts: they are the same bytes in every repository."""
    distinct: dict[str, Path] = {}
    for repository in repositories:
        if repository.scripts is not None:
            distinct.setdefault(_digest(repository.scripts), repository.scripts)
    return list(distinct.values())


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(directory.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def ruff(repositories: list[Repository]) -> Iterator[Finding]:
    """Ruff, with rules that find defects."""
    options = [*RUFF, "--no-cache", "--output-format=json", "--no-respect-gitignore"]
    for directory in _distinct(repositories):
        argv: list[str | Path] = [program("ruff"), "check", *options, directory]
        for found in json.loads(run(argv, accept=(0, 1))):
            message = f"{found['message']} [{found['code']}]"
            yield Finding(Path(found["filename"]), found["location"]["row"], "ruff", message)


def mypy(repositories: list[Repository]) -> Iterator[Finding]:
    """Mypy in its strict mode."""
    for directory in _distinct(repositories):
        # Relative, so that what the cache remembers of one repository is true of the next.
        files = [file.name for file in sorted(directory.glob("*.py"))]
        argv: list[str | Path] = [program("mypy"), *MYPY, f"--cache-dir={INSTALLED / 'mypy'}", *files]
        for line in run(argv, accept=(0, 1), cwd=directory).splitlines():
            yield from _mypy(line, directory)


def _mypy(line: str, directory: Path) -> Iterator[Finding]:
    found = MYPY_LINE.fullmatch(line)
    if found is None:
        raise CannotCheckError(f"mypy: {line}")
    if found["level"] == "error":
        yield Finding(directory / found["file"], int(found["line"]), "mypy", found["message"])
