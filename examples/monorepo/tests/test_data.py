"""The data: what the script writes is what the DVC pointers name, and what git holds."""

import hashlib
from pathlib import Path

import pytest
import yaml

import make_data

PIPELINES = Path(__file__).parents[1] / "pipelines"
POINTERS = sorted(PIPELINES.glob("*/data/*.csv.dvc"))


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_data, "PIPELINES", tmp_path)
    for name in ("fraud", "search", "sentiment"):
        (tmp_path / name / "data").mkdir(parents=True)
    make_data.main()
    return tmp_path


def test_the_script_writes_the_versioned_bytes(written: Path) -> None:
    assert len(POINTERS) == 3
    for pointer in POINTERS:
        [out] = yaml.safe_load(pointer.read_text(encoding="utf-8"))["outs"]
        data = (written / pointer.relative_to(PIPELINES).with_name(out["path"])).read_bytes()
        assert hashlib.md5(data, usedforsecurity=False).hexdigest() == out["md5"]
        assert len(data) == out["size"]


def test_the_reviews_in_git_are_current(written: Path) -> None:
    name = "sentiment/data/reviews.csv"
    assert (PIPELINES / name).read_bytes() == (written / name).read_bytes()
