"""Snapshots of data: their hash, and their way from the data stage to the stages after it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from common import CandidateError, ConfigError, optional_env
from store import Store


def sha256(path: Path) -> str:
    """Hash a file, or a directory by the sorted lines that `sha256sum` would print for its files."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not path.is_dir():
        raise CandidateError(f"{path} does not exist")
    files = {p.relative_to(path).as_posix(): p for p in path.rglob("*") if p.is_file()}
    lines = [f"{sha256(files[name])}  {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def ensure(path: Path) -> None:
    """Make sure that `path` holds the snapshot of SNAPSHOT_SHA256; fetch it from SNAPSHOT_URI if not."""
    wanted, uri = optional_env("SNAPSHOT_SHA256"), optional_env("SNAPSHOT_URI")
    if not wanted:
        raise ConfigError("SNAPSHOT_SHA256 is not set")
    if path.exists() and sha256(path) == wanted:
        return
    if uri:
        _fetch(uri, path)
    if not path.exists():
        raise ConfigError(f"{path} is absent, and there is no SNAPSHOT_URI to fetch it from")
    if (found := sha256(path)) != wanted:
        raise CandidateError(f"the snapshot at {path} is not the one that was checked: sha256 {found}, not {wanted}")


def _fetch(uri: str, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    Store().download(uri, path)
    print(f"fetched {uri} to {path}")
