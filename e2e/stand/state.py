"""Saves what a world's servers keep, and puts it back while they run: a scenario begins where another one ended.

Nothing saved names the folder of its world, so that one world can take over from another.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from stand.names import BUCKET

DATABASES = ("tracking/mlflow.db", "tracking/auth.db")
TREES = (f"s3/buckets/{BUCKET}", "containers/images", "git")


def save(folder: Path, place: Path) -> None:
    """Copy the state of the world in `folder`; `place` is complete if it exists."""
    unfinished = place.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _copy(folder, unfinished)
    unfinished.rename(place)


def restore(place: Path, folder: Path) -> None:
    """Put a saved state in the place of the world's."""
    _copy(place, folder)


def _copy(source: Path, target: Path) -> None:
    for name in DATABASES:
        _copy_database(source / name, target / name)
    for name in TREES:
        _replace(source / name, target / name)


def _copy_database(source: Path, target: Path) -> None:
    """Let sqlite do it, for servers that have either open."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)


def _replace(source: Path, target: Path) -> None:
    """Copy a tree with its extended attributes, where the object store keeps what it knows of an object."""
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target, symlinks=True)
