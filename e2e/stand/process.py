"""Servers as child processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

Command = Sequence[str | Path]

START_SECONDS = 180.0
STOP_SECONDS = 20.0


class Server:
    """A program that answers at `url` once it is up."""

    def __init__(self, command: Command, url: str, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.command = [str(part) for part in command]
        self.url = url
        self.log = log
        self.env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start without waiting."""
        with self.log.open("ab") as file:
            self._process = subprocess.Popen(self.command, env={**os.environ, **self.env}, stdout=file, stderr=file, start_new_session=True)

    def start(self) -> None:
        """Start, and wait for an answer, whatever it is."""
        self.launch()
        self.wait()

    def wait(self, seconds: float = START_SECONDS) -> None:
        """Wait for an answer."""
        end = time.monotonic() + seconds
        while not self.answers():
            if not self.running() or time.monotonic() > end:
                raise RuntimeError(f"{self.command[0]} does not answer at {self.url}: {self.tail()}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether there is an answer now."""
        with contextlib.suppress(requests.RequestException):
            requests.get(self.url, timeout=2)
            return True
        return False

    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it and what it started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
