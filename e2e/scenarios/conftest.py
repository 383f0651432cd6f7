"""The world that a scenario runs in: one for each worker, put into a known state for each scenario or module."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stand import alone, faults, users, world
from stand.alone import Candidate
from stand.engines import ACT, LOCAL
from stand.faults import At
from stand.local import Local
from stand.runner import WORKFLOW
from stand.world import World

WEAK = 8  # trees, for a champion that can be beaten
STRONG = 80
FIRST_RUN = 1000  # before those that a world counts


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The worker's world, in whatever state the last scenario left it; its state at the start is in `start`."""
    folder: Path = tmp_path_factory.mktemp("world")
    with world.running(folder) as made:
        made.save(folder / "start")
        yield made


@pytest.fixture(scope="module")
def fresh(platform: World) -> World:
    """A world in which nothing was ever released, for a module whose scenarios follow from each other."""
    platform.restore(platform.folder / "start")
    return platform


@pytest.fixture
def unreleased(platform: World) -> World:
    """A world in which nothing was ever released."""
    platform.restore(platform.folder / "start")
    return platform


@pytest.fixture(scope="session")
def first_release(platform: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state after a first release of a weak model; made by one worker for all."""
    shared = tmp_path_factory.getbasetemp().parent
    place = shared / "first-release"
    with locked(shared / "first-release.lock"):
        if not place.exists():
            release_a_weak_model(platform)
            platform.save(place)
    return place


@pytest.fixture
def released(platform: World, first_release: Path) -> World:
    """A world in which a weak model is champion, and served."""
    platform.restore(first_release)
    platform.cluster.wait(lambda: platform.cluster.serves(platform.uri()))
    return platform


@pytest.fixture
def engine(request: pytest.FixtureRequest, platform: World) -> Iterator[None]:
    """The world's engine: act, or what the scenario says, see `stand.engines`."""
    usual = platform.runner
    if getattr(request, "param", ACT) == LOCAL:
        platform.runner = Local(usual.folder, usual.code)
    yield
    platform.runner = usual


@pytest.fixture(scope="session")
def candidate(platform: World, first_release: Path) -> Candidate:
    """A better model, and the state in which its deploy was lost; made once by a worker."""
    platform.restore(first_release)
    users.tune(platform.code, n_estimators=STRONG)
    number, step = next(platform.numbers), "Commit the release"

    def lose() -> None:
        faults.stop("deploy.py", number)
        faults.lose(number)

    lost = platform.runner.run(number, listeners=[At("rollout", lose, step)])
    assert lost.jobs["winner"].result == lost.jobs["transformer"].result == "success", lost.results()
    state = platform.folder / f"candidate-{number}"
    platform.save(state)
    return Candidate(state, lost, alone.ended(platform.code.read(WORKFLOW), lost.jobs))


@pytest.fixture
def ready(platform: World, candidate: Candidate) -> World:
    """A world with that candidate, in which the weak model is served."""
    platform.restore(candidate.state)
    platform.cluster.wait(lambda: platform.cluster.serves(platform.uri()))
    return platform


def release_a_weak_model(platform: World) -> None:
    """Run the pipeline once, from the start."""
    platform.restore(platform.folder / "start")
    platform.bear_with_a_busy_machine()
    users.tune(platform.code, n_estimators=WEAK)
    run = platform.runner.run(FIRST_RUN)
    assert run.green, run.results()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One worker at a time."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
