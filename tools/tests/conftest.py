"""A copy of the good tree for each test, free to be spoilt."""

import shutil
from pathlib import Path

import pytest

from checks.repository import Repository

DATA = Path(__file__).parent / "data"


@pytest.fixture
def good(tmp_path: Path) -> Repository:
    """Return a repository on which every checker is silent."""
    shutil.copytree(DATA / "good", tmp_path / "good")
    return Repository(tmp_path / "good")
