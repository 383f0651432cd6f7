"""Runs the installed programs, never another version that happens to be on PATH."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from checks.finding import CannotCheckError

INSTALLED = Path(__file__).resolve().parents[2] / "target" / "tools"
PROGRAMS = (INSTALLED / "bin", INSTALLED / "python" / "bin")


def program(name: str) -> Path:
    """Return the path of a program that tools/install put in place."""
    for directory in PROGRAMS:
        if os.access(directory / name, os.X_OK):
            return directory / name
    raise CannotCheckError(f"{name} is not installed: run tools/install")


def node() -> Path:
    """Return the path of Node.js, the one program that comes with the machine."""
    found = shutil.which("node")
    if found is None:
        raise CannotCheckError("node is not on PATH")
    return Path(found)


def run(
    argv: Sequence[str | Path], *, accept: Collection[int] = (0,), stdin: str | None = None, cwd: Path | None = None
) -> str:
    """Run a program and return its standard output; an exit code that is not expected is an error."""
    try:
        done = subprocess.run(argv, input=stdin, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotCheckError(f"{argv[0]}: {error}") from error
    if done.returncode not in accept:
        last_words = (done.stderr or done.stdout).strip()[-2000:]
        raise CannotCheckError(f"{Path(argv[0]).name} ended with {done.returncode}: {last_words}")
    return done.stdout


def batches(files: Sequence[Path], size: int = 200) -> Iterator[Sequence[Path]]:
    """Cut a list of files into command lines of a bearable length."""
    return (files[start : start + size] for start in range(0, len(files), size))
