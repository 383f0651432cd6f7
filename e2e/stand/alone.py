"""Some jobs of an emitted workflow, byte for byte, behind jobs that end as they are told to.

act runs a workflow whole. What GitHub does beyond that, running failed jobs again or rolling back after a machine was lost, comes
down to the emitted jobs behind others that have ended: each of these is replaced by a job that ends so, with the outputs it had.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from stand import faults
from stand.faults import At
from stand.runner import WORKFLOW, Job, Listener, Run
from stand.world import Company, World

JOB = re.compile(r"^  ([\w-]+):\n", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """How a job ended. GitHub's `cancelled` and a lost machine are a failure here: no condition tells them apart."""

    result: str = "success"
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def job(self, name: str) -> str:
        """A job that ends so."""
        end = "exit 1" if self.result == "failure" else "true"
        condition = str(self.result != "skipped").lower()
        head = f"  {name}:\n    if: ${{{{ {condition} }}}}\n    runs-on: ubuntu-24.04\n"
        return f"{head}    outputs: {json.dumps(dict(self.outputs))}\n    steps:\n      - run: {end}\n"


@dataclass(frozen=True)
class Candidate:
    """A better model that passed the gate, and whose deploy was cut off before it pushed."""

    state: Path
    lost: Run
    ended: dict[str, Ended]

    @property
    def number(self) -> int:
        """The run's."""
        return self.lost.number


def blocks(workflow: str) -> tuple[str, dict[str, str]]:
    """A workflow's text before its jobs, and the text of each job."""
    head, jobs, rest = workflow.partition("\njobs:\n")
    found = list(JOB.finditer(rest))
    ends = [match.start() for match in found[1:]] + [len(rest)]
    return head + jobs, {match[1]: rest[match.start() : end] for match, end in zip(found, ends, strict=True)}


def only(workflow: str, keep: Collection[str], ended: Mapping[str, Ended]) -> str:
    """A workflow with some of its jobs as they are, behind those that they need as these have ended."""
    known = _jobs(workflow)
    head, texts = blocks(workflow)
    needed = {need for name in keep for need in needs(known[name])}
    return head + "".join(text if name in keep else ended[name].job(name) for name, text in texts.items() if name in needed | {*keep})


def needs(job: Mapping[str, Any]) -> list[str]:
    """The jobs that a job names."""
    found = job.get("needs", [])
    return [found] if isinstance(found, str) else list(found)


def run(company: Company, number: int, keep: Collection[str], ended: Mapping[str, Ended], **options: Any) -> Run:
    """Run some jobs alone. What is said of the others is not in the result."""
    place = company.folder / "alone.yml"
    place.write_text(only(company.code.read(WORKFLOW), keep, ended))
    done = replace(company.runner, workflow=str(place)).run(number, **options)
    return replace(done, jobs={name: job for name, job in done.jobs.items() if name in keep})


def ended(workflow: str, jobs: Mapping[str, Job]) -> dict[str, Ended]:
    """How jobs ended, with the outputs that others see."""
    return {name: Ended(job.result, _handed_on(known, job)) for name, known in _jobs(workflow).items() if (job := jobs.get(name))}


def _handed_on(known: Mapping[str, Any], job: Job) -> dict[str, str]:
    return {name: job.outputs[name] for name in known.get("outputs", {}) if name in job.outputs}


def rerun(company: Company, last: Run, attempt: int, listeners: Collection[Listener] = ()) -> Run:
    """What "Re-run failed jobs" does: those that did not succeed run again, and what needs them; the others stay as they ended."""
    workflow = company.code.read(WORKFLOW)
    again = {*_again(_jobs(workflow), last.jobs)}
    done = run(company, last.number, again, ended(workflow, last.jobs), attempt=attempt, listeners=listeners)
    return replace(done, jobs={**last.jobs, **done.jobs})


def _again(known: Mapping[str, Any], last: Mapping[str, Job]) -> Iterator[str]:
    """In the order of the workflow, where a job comes behind what it needs."""
    found: set[str] = set()
    for name, job in known.items():
        if last[name].result != "success" or found & {*needs(job)}:
            found.add(name)
            yield name


def _jobs(workflow: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow)["jobs"]
    return found


def push_and_lose(world: World, candidate: Candidate) -> str:
    """Deploy a candidate, and lose the machine between the push and the step's outputs; gives the commit."""
    world.gitops.hook("post-receive", "touch pushed\nsleep 5")
    pushed = world.gitops.url / "pushed"

    def lose() -> None:
        faults.until(pushed.exists, 120)
        faults.lose(candidate.number)

    done = run(world, candidate.number, {"rollout"}, candidate.ended, listeners=[At("rollout", lose, "Commit the release")])
    (world.gitops.url / "hooks/post-receive").unlink()
    if "commit" in done.jobs["rollout"].outputs:
        raise LookupError("the deploy was told of its push")
    return world.gitops.tip()
