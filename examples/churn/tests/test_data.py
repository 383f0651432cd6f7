"""The raw data: what the script writes is what the DVC pointer names."""

import hashlib
from pathlib import Path

import pytest
import yaml

import make_data

POINTER = Path(__file__).parents[1] / "data/churn.csv.dvc"


def test_the_script_writes_the_versioned_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_data, "OUTPUT", tmp_path / "churn.csv")
    make_data.main()
    written = (tmp_path / "churn.csv").read_bytes()
    [pointer] = yaml.safe_load(POINTER.read_text(encoding="utf-8"))["outs"]
    assert len(written) == pointer["size"]
    assert hashlib.md5(written, usedforsecurity=False).hexdigest() == pointer["md5"]
