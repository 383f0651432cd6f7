"""The world that a scenario runs in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stand import world
from stand.world import World


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which nothing was ever released."""
    folder: Path = tmp_path_factory.mktemp("world")
    with world.running(folder) as made:
        yield made
