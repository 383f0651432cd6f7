"""Runs a program of the user's: its own environment, no way into the runner's files, a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from common import ConfigError

OURS = frozenset({"MLP_CONFIG", "VIRTUAL_ENV", "GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"})


def environment(extra: Mapping[str, str], without: frozenset[str] = frozenset()) -> dict[str, str]:
    """The step's environment less what is the script's own."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS | without}
    own = str(Path(sys.prefix) / "bin")
    kept["PATH"] = os.pathsep.join(p for p in kept.get("PATH", "").split(os.pathsep) if p != own)
    return {**kept, **extra}


def call(argv: Sequence[str], env: Mapping[str, str], seconds: float) -> str:
    """Run a program; the answer says what went wrong, and is empty if nothing did."""
    print(f"$ {' '.join(argv)}", flush=True)
    try:
        process = subprocess.Popen(argv, env=env, start_new_session=True)
    except OSError as error:
        raise ConfigError(f"{argv[0]} cannot be run: {error.strerror}") from None
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"took more than {seconds:g} s"
    finally:
        _end(process)
    return "" if code == 0 else f"ended with exit code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running, whatever the program started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
