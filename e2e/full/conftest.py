"""The world of the full tier: one for all scenarios, in which a weak model was released first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from stand import full
from stand.compiler import Change, Texts, rebuild, replaced
from stand.full import FullWorld
from stand.runner import Run

WEAK, STRONG = 8, 80  # trees: for a champion, and for a candidate that beats it
SHORT = {"within  = 10min": "within  = 90s"}  # for what never becomes live
# Whoever shares this machine's processors decides how fast an answer is; the core tier has the scenarios of latency.
PATIENT = {"p95 = 80ms": "p95 = 2s"}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullWorld]:
    """A world in which nothing was ever released."""
    with full.running(tmp_path_factory.mktemp("full")) as made:
        yield made
        print(made.cluster.processes.memory())


@pytest.fixture(scope="session")
def first(world: FullWorld) -> Run:
    """The first run, of the example as it is committed but for the size of its model and the latency allowed."""
    rebuild(world.code, PATIENT, "Allow for a busy machine")
    train(world, WEAK)
    return world.run()


@pytest.fixture(scope="session")
def released(world: FullWorld, first: Run) -> FullWorld:
    """A world with a champion, a candidate that beats it, and a pipeline that waits for less long."""
    assert first.green, first.results()
    rebuild(world.code, SHORT, "Wait for less long")
    train(world, STRONG)
    return world


@pytest.fixture
def change(released: FullWorld) -> Iterator[Change]:
    """Replace texts in a file of the code repository, for one scenario."""
    kept: dict[str, str] = {}

    def apply(path: str, texts: Texts) -> None:
        text = kept.setdefault(path, released.code.read(path))
        released.code.push({path: replaced(path, text, texts)}, f"Change {path}")

    yield apply
    released.code.push(kept, "As it was")


def train(world: FullWorld, trees: int) -> None:
    """Set the size of the model."""
    params = yaml.safe_load(world.code.read("params.yaml"))
    params["train"]["n_estimators"] = trees
    world.code.push({"params.yaml": yaml.safe_dump(params)}, f"Train {trees} trees")
