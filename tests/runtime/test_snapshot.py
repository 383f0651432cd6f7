"""Snapshots that travel as a workflow artifact: without a store, nothing but the hash ties both ends together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import snapshot
from common import CandidateError

Files = dict[str, str]
FILE = {"data/features.parquet": "1"}
FOLDER = {"data/dir/a.parquet": "1", "data/dir/part/b.parquet": "2"}
PLACES = [(FILE, "data/features.parquet", "data"), (FOLDER, "data/dir", "data/dir"), ({"x.csv": "1"}, "x.csv", ".")]


def write(root: Path, files: Files) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def pass_on(made: Path, path: str, there: Path) -> None:
    """As upload-artifact and download-artifact do: a file travels by its name, of a folder what is in it."""
    source = made / path
    there.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, there, dirs_exist_ok=True)
    else:
        shutil.copy(source, there)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkout of the next job; no store."""
    folder = tmp_path / "next"
    write(folder, {"data/other.csv": "in the repository"})
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SNAPSHOT_URI", raising=False)
    return folder


@pytest.mark.parametrize(("files", "path", "download"), PLACES)
def test_an_artifact_arrives_as_it_was(
    tmp_path: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch, files: Files, path: str, download: str
) -> None:
    write(tmp_path / "made", files)
    monkeypatch.setenv("SNAPSHOT_SHA256", snapshot.sha256(tmp_path / "made" / path))
    pass_on(tmp_path / "made", path, fresh / download)
    snapshot.ensure(Path(path))
    assert {name: (fresh / name).read_text() for name in files} == files


def test_an_artifact_that_lost_a_file_is_refused(tmp_path: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "made", FOLDER)
    monkeypatch.setenv("SNAPSHOT_SHA256", snapshot.sha256(tmp_path / "made" / "data/dir"))
    (tmp_path / "made/data/dir/part/b.parquet").unlink()
    pass_on(tmp_path / "made", "data/dir", fresh / "data/dir")
    with pytest.raises(CandidateError, match="not the one that was checked"):
        snapshot.ensure(Path("data/dir"))
