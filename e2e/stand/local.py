"""The other engine: `mlp run --release`, with the same repository, servers and credentials as the workflow runner."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stand.names import ACTOR, app_token
from stand.paths import E2E
from stand.runner import Job, Listener, Run, Runner
from stand.users import COMPILER

PIPELINE = "churn.mlp"
PROGRAMS = E2E / "local"
STARTED = re.compile(r"\d\d:\d\d  start +(\S+)")
WRONG = re.compile(r"step `(.+)` (?:ended with (\d+)|.*)")


class Local(Runner):
    """Runs the pipeline of a code repository from a clone of it. A run of it is always a first attempt, and chooses its own number."""

    def run(
        self, number: int, *, attempt: int = 1, event: str = "", arguments: Iterable[str] = (), listeners: Iterable[Listener] = ()
    ) -> Run:
        """Run the pipeline at the tip of main; listeners hear which jobs start."""
        if attempt != 1 or event:
            raise LookupError("mlp run knows neither attempts nor events")
        place = self.folder / f"run-{number}-local"
        checkout, report = self._checkout(place), place / "report.json"
        command = [str(COMPILER), "run", PIPELINE, "--release", "--output-format", "json", "--workspace", str(place / "runs")]
        command += ["--env-file", self._variables(place), *arguments]
        with report.open("w") as file, subprocess.Popen(
            command, cwd=checkout, env=self._environment(place), stdout=file, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as process:  # fmt: skip
            _hear(process.stderr or (), place / "progress.txt", tuple(listeners))
        told = json.loads(report.read_text())
        jobs = {job["id"]: _job(Path(told["folder"]) / "jobs" / job["id"], job) for job in told["jobs"]}
        shutil.rmtree(place / "runs")
        return Run(process.returncode, jobs, told["run"])

    def _variables(self, place: Path) -> str:
        """What the workflow reads of GitHub; there is no App to ask for a token."""
        own = {"GITHUB_ACTOR": ACTOR, "GITOPS_TOKEN": app_token("write", self.secrets["GITOPS_APP_KEY"])}
        file = place / "variables"
        file.write_text("".join(f"{name}='{value}'\n" for name, value in {**self.secrets, **self.variables, **own}.items()))
        return str(file)

    def _environment(self, place: Path) -> dict[str, str]:
        known = super()._environment(place)
        return {**known, "PATH": f"{PROGRAMS}:{known['PATH']}"}


def _hear(lines: Iterable[str], log: Path, listeners: Iterable[Listener]) -> None:
    with log.open("w") as file:
        for line in lines:
            file.write(line)
            started = STARTED.match(line)
            for listener in listeners if started else ():
                listener({"jobID": started[1] if started else ""})


def _job(folder: Path, told: Mapping[str, Any]) -> Job:
    log = folder / "log.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    job = Job(told["state"], _steps(lines), outputs=told["outputs"], log=lines)
    if wrong := WRONG.fullmatch(told["reason"] or ""):
        job.steps[wrong[1]] = "failure"
        job.codes = {wrong[1]: int(wrong[2])} if wrong[2] else {}
    summary = folder / "summary.md"
    job.summary = summary.read_text() if summary.exists() else ""
    return job


def _steps(lines: Iterable[str]) -> dict[str, str]:
    """How each step ended, for all that the log says of it."""
    steps, name = {}, ""
    for line in lines:
        if line.startswith("==> "):
            name = line.removeprefix("==> ")
            steps[name] = "success"
        elif line == "skipped":
            steps[name] = "skipped"
    return steps
