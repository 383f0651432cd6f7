"""What goes wrong while a run is under way, at a stated point of it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stand.front import Front, Route

Act = Callable[[], None]


@dataclass
class At:
    """Does something once, when a job (or a step of it) has begun: a listener of the runner."""

    job: str
    act: Act
    step: str = ""
    done: bool = field(default=False, init=False)

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Hear an entry of the log."""
        here = entry.get("jobID") == self.job and self.step in ("", entry.get("step"))
        if here and not self.done:
            self.done = True
            self.act()


@dataclass
class Outage:
    """A name for which nothing answers, until it is over."""

    front: Front
    host: str
    _route: Route | None = field(default=None, init=False)

    def begin(self) -> None:
        """Cut the route."""
        self._route = self.front.cut(self.host)

    def end(self) -> None:
        """Restore it, if it was cut."""
        if self._route:
            self.front.restore(self.host, self._route)

    def last(self, seconds: float) -> Act:
        """An outage that ends by itself."""

        def act() -> None:
            self.begin()
            threading.Timer(seconds, self.end).start()

        return act


def until(state: Callable[[], bool], seconds: float) -> None:
    """Wait for a state."""
    end = time.monotonic() + seconds
    while not state():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {seconds:g} s")
        time.sleep(0.02)


def find(program: str, run: int | None = None) -> set[int]:
    """The processes whose command line names a program of `.github/mlp`, of one run or of any."""
    return {int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit() and _is(place, program, run)}


def _is(place: Path, program: str, run: int | None) -> bool:
    try:
        command, variables = ((place / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
    except OSError:
        return False
    return f".github/mlp/{program}".encode() in command and (run is None or f"GITHUB_RUN_ID={run}".encode() in variables)


def kill(program: str) -> set[int]:
    """Kill a program's processes, as a machine without memory does."""
    return _signal(find(program), signal.SIGKILL)


def stop(program: str, run: int) -> None:
    """Halt a run's program as soon as it has begun; the one that starts the other first, so that none slips through."""
    until(lambda: bool(find(program, run)), 60)
    halted: set[int] = set()
    while fresh := find(program, run) - halted:
        halted |= _signal(fresh, signal.SIGSTOP)


def resume(program: str, run: int) -> None:
    """Let it go on."""
    _signal(find(program, run), signal.SIGCONT)


def _signal(numbers: set[int], what: signal.Signals) -> set[int]:
    for number in sorted(numbers):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, what)
    return numbers
