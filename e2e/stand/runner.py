"""The workflow runner: act in host mode, and what its log says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from gitops.world import Origin, git

from stand.certificates import BUNDLE
from stand.names import ACTOR, CODE, SECRETS, VARIABLES
from stand.namespace import BUNDLE_VARIABLES
from stand.paths import ACT, BIN, E2E, UV, python

WORKFLOW = ".github/workflows/mlp-churn.yml"
USES = re.compile(r"uses:\s+([\w-]+/[\w-]+)@([0-9a-f]{40})")
# Of this machine, what a job sees; the rest of the environment would leak in, which it does not on GitHub.
KEPT = ("HOME", "LANG", "TZ", "E2E_INSIDE", "UV_CACHE_DIR")
EXIT = re.compile(r"exit status (\d+)")  # of a step that failed

# Told every entry of the log as it is written.
Listener = Callable[[Mapping[str, Any]], None]


@dataclass
class Job:
    """What became of a job."""

    result: str = "skipped"
    steps: dict[str, str] = field(default_factory=dict[str, str])
    codes: dict[str, int] = field(default_factory=dict[str, int])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    summary: str = ""
    log: list[str] = field(default_factory=list[str])
    seconds: dict[str, float] = field(default_factory=dict[str, float])


@dataclass
class Run:
    """What became of a run. `jobs` has every job of the workflow; a job's outputs are those of its steps together."""

    code: int
    jobs: dict[str, Job]
    number: int

    @property
    def green(self) -> bool:
        """Whether GitHub would call the run a success."""
        return self.code == 0

    @property
    def outcome(self) -> str:
        """What the last job says."""
        return self.jobs["outcome"].outputs.get("outcome", "")

    def results(self) -> dict[str, str]:
        """Job → result."""
        return {name: job.result for name, job in self.jobs.items()}

    def text(self, job: str) -> str:
        """Everything that a job printed."""
        return "\n".join(self.jobs[job].log)


@dataclass
class Runner:
    """Runs the workflow of a code repository as GitHub would after a push to its main branch."""

    folder: Path
    code: Origin
    workflow: str = WORKFLOW
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    variables: dict[str, str] = field(default_factory=lambda: dict(VARIABLES))

    def run(
        self, number: int, *, attempt: int = 1, event: str = "push", arguments: Iterable[str] = (), listeners: Iterable[Listener] = ()
    ) -> Run:
        """Run the workflow at the tip of main, to its end."""
        place = self.place(number, attempt)
        checkout = self._checkout(place)
        log = place / "act.jsonl"
        command = [*self._command(place, checkout, event, number, attempt), *arguments]
        code = follow(command, checkout, self._environment(place), log, tuple(listeners))
        jobs = yaml.safe_load((checkout / self.workflow).read_text())["jobs"]
        shutil.rmtree(place / "act", ignore_errors=True)
        return Run(code, read(log.read_text(errors="replace").splitlines(), jobs), number)

    @staticmethod
    def temporary(place: Path) -> Path:
        """Where the programs of a run in `place` keep what is temporary."""
        return place / "temporary"

    def place(self, number: int, attempt: int = 1) -> Path:
        """The folder of a run."""
        return self.folder / f"run-{number}-{attempt}"

    def _checkout(self, place: Path) -> Path:
        checkout = place / "checkout"
        shutil.rmtree(place, ignore_errors=True)
        self.temporary(place).mkdir(parents=True)
        git(place, "clone", "--quiet", str(self.code.url), str(checkout))
        git(checkout, "remote", "set-url", "origin", f"https://github.com/{CODE}.git")
        return checkout

    def _command(self, place: Path, checkout: Path, event: str, number: int, attempt: int) -> list[str]:
        sha = self.code.tip()
        known = {
            "GITHUB_REPOSITORY": CODE,
            "GITHUB_REPOSITORY_OWNER": CODE.partition("/")[0],
            "GITHUB_RUN_ID": str(number),
            "GITHUB_RUN_NUMBER": str(number),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_REF": "refs/heads/main",
            "SHA_REF": sha,  # how act calls it
        }
        payload = {"repository": {"fork": False, "full_name": CODE}, "ref": "refs/heads/main", "after": sha}
        return [
            *(str(ACT), event, "--workflows", self.workflow, "--json", "--rm", "--actor", ACTOR),
            *("--platform", "ubuntu-24.04=-self-hosted", "--action-offline-mode", "--no-cache-server"),
            *("--action-cache-path", str(place / "act"), "--eventpath", _write(place / "event.json", json.dumps(payload))),
            *("--secret-file", _write(place / "secrets", _lines(self.secrets))),
            *("--var-file", _write(place / "variables", _lines(self.variables))),
            *("--env-file", _write(place / "environment", _lines(known))),
            *(f"--local-repository={used}" for used in actions(checkout / self.workflow)),
        ]

    def _environment(self, place: Path) -> dict[str, str]:
        own = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **own,
            **dict.fromkeys(BUNDLE_VARIABLES, str(BUNDLE)),
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "DOCKER_CONFIG": str(place / "docker"),
            "TMPDIR": str(self.temporary(place)),
            "E2E_UV": str(UV),
            "E2E_PYTHON": str(python("stand").resolve()),
            "E2E_STAND": f"{E2E}:{E2E.parent / 'tests/runtime'}",
            "E2E_STAND_PYTHON": str(python("stand")),
            "E2E_ARTIFACTS": str(self.folder / "artifacts"),
        }


def follow(command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path, listeners: Iterable[Listener]) -> int:
    """Run a command to its end; its output is logged, and told line by line."""
    with log.open("w") as file, subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            file.write(line)
            file.flush()
            for listener in listeners:
                listener(_entry(line))
    return process.returncode


def actions(workflow: Path) -> list[str]:
    """The stand-ins for the actions that a workflow uses; one without is an error, for act would fetch it."""
    found = sorted({match.groups() for match in USES.finditer(workflow.read_text())})
    stand_ins = {name: E2E / "actions" / name for name, _ in found if name != "actions/checkout"}
    if missing := [name for name, folder in stand_ins.items() if not folder.is_dir()]:
        raise LookupError(f"no stand-in for {', '.join(missing)}")
    return [f"{name}@{ref}={stand_ins.get(name, E2E / 'actions')}" for name, ref in found]


def _write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def read(lines: Iterable[str], workflow_jobs: Mapping[str, Any]) -> dict[str, Job]:
    """Read act's log; of a skipped job it says nothing."""
    jobs = {name: Job() for name in workflow_jobs}
    for line in lines:
        entry = _entry(line)
        if (job := jobs.get(entry.get("jobID", ""))) is not None:
            _note(job, entry)
    return jobs


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _note(job: Job, entry: Mapping[str, Any]) -> None:
    if "jobResult" in entry:
        job.result = entry["jobResult"]
    if entry.get("stage") == "Main" and "stepResult" in entry and len(entry.get("stepID", [])) == 1:
        job.steps[entry["step"]] = entry["stepResult"]
        job.seconds[entry["step"]] = entry.get("executionTime", 0) / 1e9
    if code := EXIT.fullmatch(entry.get("msg", "")):
        job.codes[entry["step"]] = int(code[1])
    if entry.get("command") == "set-output":
        job.outputs[entry["name"]] = entry.get("arg", "")
    if entry.get("command") == "summary":
        job.summary += entry["content"] + "\n"
    job.log.append(str(entry.get("msg", "")).rstrip())
