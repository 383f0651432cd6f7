"""The world of the full tier: one for all scenarios, in which a weak model was released first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stand import full, users
from stand.full import FullWorld
from stand.runner import Run

WEAK, STRONG = 8, 80  # trees: for a champion, and for a candidate that beats it
# Whoever shares this machine's processors decides how fast an answer is; the core tier has the scenarios of latency.
PATIENT = ("p95 = 80ms", "p95 = 2s")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullWorld]:
    """A world in which nothing was ever released."""
    with full.running(tmp_path_factory.mktemp("full")) as made:
        yield made


@pytest.fixture(scope="session")
def first(world: FullWorld) -> Run:
    """The first run, of the example as it is committed but for the size of its model and the latency allowed."""
    users.compile_pipeline(world.code, *PATIENT)
    users.tune(world.code, n_estimators=WEAK)
    return world.run()


@pytest.fixture(scope="session")
def ready(world: FullWorld, first: Run) -> FullWorld:
    """A world with a champion, and a candidate that beats it."""
    assert first.green, first.results()
    users.tune(world.code, n_estimators=STRONG)
    return world


@pytest.fixture
def released(ready: FullWorld) -> Iterator[FullWorld]:
    """That world, whose code is as before after each scenario."""
    commit = ready.code.tip()
    yield ready
    if ready.code.tip() != commit:
        users.restore(ready.code, commit)
