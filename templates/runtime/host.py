"""The first step of a job: whether the machine is what the stage asks for."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from common import ConfigError, config, run, summary, table

GPU_SECONDS = 60


@dataclass(frozen=True)
class Host:
    """Configuration: the least that the machine must have; `memory` and `disk` (free) in bytes."""

    cpu: float | None = None
    memory: int | None = None
    disk: int | None = None
    gpu: int | None = None


def main() -> None:
    """Compare what is asked for with what is there."""
    asked = config(Host)
    rows = [
        ("CPUs", asked.cpu, os.cpu_count() or 0),
        ("memory (bytes)", asked.memory, memory()),
        ("free disk (bytes)", asked.disk, shutil.disk_usage(Path.cwd()).free),
        ("GPUs", asked.gpu, gpus() if asked.gpu else 0),
    ]
    short = [row for row in rows if row[1] is not None and row[2] < row[1]]
    if short:
        summary(table(["machine", "asked for", "found"], short))
        raise ConfigError("the machine has too little: " + ", ".join(f"{name} {found}, not {least}" for name, least, found in short))


def memory() -> int:
    """Bytes of main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def gpus() -> int:
    """Number of GPUs that the driver shows; none where there is no driver."""
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return 0
    try:
        done = subprocess.run([driver, "--list-gpus"], capture_output=True, text=True, timeout=GPU_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return 0
    return len(done.stdout.splitlines()) if done.returncode == 0 else 0


if __name__ == "__main__":
    run(main)
