"""What goes wrong while a run is under way, at a stated point of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stand.front import Front, Route

Act = Callable[[], object]


@dataclass
class At:
    """Does something once, when a job (or a step of it) has begun, or says something: a listener of the runner."""

    job: str
    act: Act
    step: str = ""
    says: str = ""
    done: bool = field(default=False, init=False)

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Hear an entry of the log."""
        here = entry.get("jobID") == self.job and self.step in ("", entry.get("step")) and self.says in entry.get("msg", "")
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


@dataclass
class FullDisk:
    """A directory that lies on a disk of its own from some point on, of which four pages are left: Python leaves one without any aside."""

    folder: Path

    def begin(self) -> None:
        """Mount it: a real file system, which says "No space left on device"."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", self.folder], check=True)

    def end(self) -> None:
        """Take it away."""
        subprocess.run(["umount", "--lazy", self.folder], check=True)


def until(state: Callable[[], bool], seconds: float) -> None:
    """Wait for a state."""
    end = time.monotonic() + seconds
    while not state():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {seconds:g} s")
        time.sleep(0.02)


def find(program: str, run: int | None = None) -> set[int]:
    """The processes whose command line names a program of `.github/mlp`, of one run or of any."""
    script = f".github/mlp/{program}".encode()
    return {number for number, (command, variables) in _processes() if script in command and (run is None or _of(run) in variables)}


def _of(run: int) -> bytes:
    return f"GITHUB_RUN_ID={run}".encode()


def _processes() -> Iterator[tuple[int, tuple[list[bytes], list[bytes]]]]:
    """The processes, each with its command line and its environment."""
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with contextlib.suppress(OSError):
                command, variables = ((place / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
                yield int(place.name), (command, variables)


def kill(program: str) -> set[int]:
    """Kill a program's processes, as a machine without memory does."""
    return _signal(find(program), signal.SIGKILL)


def lose(run: int) -> None:
    """Lose a run's machine: the runner is gone, and then everything that it had started."""
    folder = f"/run-{run}-".encode()
    _signal({number for number, (command, _) in _processes() if any(folder in word for word in command)}, signal.SIGKILL)
    while left := {number for number, (_, variables) in _processes() if _of(run) in variables}:
        _signal(left, signal.SIGKILL)


def cancel(program: str) -> None:
    """Ask a program to end, then urge it, then kill it, with the patience that GitHub has."""
    for what, patience in ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 10)):
        _signal(find(program), what)
        with contextlib.suppress(TimeoutError):
            until(lambda: not find(program), patience)


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
