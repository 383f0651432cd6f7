"""Servers of the stand: started together, watched, and stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

STOP_SECONDS = 10.0
LOG_TAIL = 3000  # characters


class Processes:
    """Programs in process groups of their own; leaving the context ends them all, the newest first."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        """Do nothing: programs start later."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every program."""
        self.stop()

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Start a program; what it prints goes to a log of its name."""
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [str(part) for part in command],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until(self, what: str, done: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds, as long as every program runs."""
        end = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > end:
                raise TimeoutError(f"after {seconds:.0f} s still not: {what}; the logs are in {self.logs}")
            time.sleep(0.2)

    def check(self) -> None:
        """Raise if a program has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                said = self._log(name).read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"{name} ended with {process.returncode}: {said[-LOG_TAIL:]}")

    def memory(self) -> dict[str, int]:
        """Return the resident memory of each program, in MiB."""
        return {name: _resident(process.pid) for name, process in self._running.items()}

    def stop(self) -> None:
        """End every program and what it started."""
        while self._running:
            _, process = self._running.popitem()
            _end(process)

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024
