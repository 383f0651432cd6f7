"""Writes the dated log of a run of the full tier: `python -m stand.results JUNIT-FILES-FOLDER RESULTS-FOLDER`."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from stand.paths import E2E, EXAMPLE, ROOT, UV
from stand.users import COMPILER

TIERS = {
    "full": "Releases with the real Argo CD, Kubernetes API and KServe",
    "core": "The core tier, with the stand-in for Argo CD and KServe's controller",
    "kubernetes": "Argo CD and KServe with the scripts of the verify job alone",
}
MODULES = {
    "Argo CD": ("kubernetes/argocd", "github.com/argoproj/argo-cd/v3"),
    "Argo CD's gitops-engine": ("kubernetes/argocd", "=> github.com/argoproj/argo-cd/gitops-engine"),
    "KServe's controller": ("kubernetes/kserve", "github.com/kserve/kserve"),
    "Kubernetes": ("kubernetes/cluster", "k8s.io/kubernetes"),
    "etcd": ("kubernetes/cluster", "go.etcd.io/etcd/server/v3"),
    "act": ("go", "github.com/nektos/act"),
    "container registry": ("go", "github.com/distribution/distribution/v3"),
    "crane": ("go", "github.com/google/go-containerregistry"),
    "object store (Versity S3 gateway)": ("go", "github.com/versity/versitygw"),
}
PACKAGES = {
    "MLflow": (E2E, "mlflow"),
    "MLServer": (E2E, "mlserver"),
    "KServe's storage initializer": (E2E, "kserve-storage"),
    "KServe's SDK (transformer)": (EXAMPLE / "transformer", "kserve"),
    "DVC": (EXAMPLE / ".github/mlp", "dvc"),
}
PROGRAMS = {
    "mlp": [str(COMPILER), "--version"],
    "uv": [str(UV / "uv"), "--version"],
    "git": ["git", "--version"],
    "redis": ["redis-server", "--version"],
}
NOT_REAL = """\
* **kubelet and scheduler**: [a stand-in](../stand/kubernetes/kubelet.py) starts the model server and the transformer as processes, with the
  environment, arguments and probe that KServe gave the pod and the keys of the namespace's secret, and leads the service's name to them.
* **GitHub**: act runs the workflow in host mode; approval, concurrency groups, permissions and a job's time limit are not modelled. The
  [stand-ins for actions](../README.md#stand-ins-for-actions) are listed with the reason for each.
* **the image's build**: the files that the Dockerfile copies are pushed as a layer; base image and `RUN` are left out.
* **names and certificates**: the emitted host names lead to the loopback, where a throwaway authority is trusted.
* in the core tier also Argo CD and KServe's controller: [a stand-in](../stand/cluster.py).
"""


NO_REPORT = "ended without a report"
ENDS = {"failure": "failed", "error": "failed", "skipped": "skipped"}


class Case(NamedTuple):
    """One scenario; `said` is the first line of its error."""

    group: str
    name: str
    result: str
    seconds: float
    said: str


class Suite(NamedTuple):
    """The scenarios of one world, and how long they took side by side."""

    title: str
    start: dt.datetime
    seconds: float
    cases: list[Case]


def read(file: Path, title: str) -> Suite | None:
    """Read a report in JUnit's format, None if there is none."""
    if not file.exists():
        return None
    suite = next(ET.parse(file).iter("testsuite"))
    start = dt.datetime.fromisoformat(suite.attrib["timestamp"]).astimezone(dt.UTC)
    return Suite(title, start, float(suite.attrib["time"]), [_case(one) for one in suite.iter("testcase")])


def _case(case: ET.Element) -> Case:
    group, name = case.attrib["classname"].rpartition(".")[2], case.attrib["name"]
    ends = [child for child in case if child.tag in ENDS]
    result = ENDS[ends[0].tag] if ends else "passed"
    said = (ends[0].get("message") or "").partition("\n")[0] if ends else ""
    return Case(_words(group), _words(name), result, float(case.attrib["time"]), said)


def _words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def versions() -> Iterator[tuple[str, str]]:
    """What took part, and in which version."""
    for name, (folder, module) in MODULES.items():
        text = (E2E / folder / "go.mod").read_text(encoding="utf-8")
        yield name, _first(rf"{re.escape(module)} (v\S+)", text)
    for name, (project, package) in PACKAGES.items():
        locked = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))["package"]
        yield name, ", ".join(sorted({str(one["version"]) for one in locked if one["name"] == package}))
    for name, command in PROGRAMS.items():
        yield name, _first(r"(\d+\.\d+[\w.]*)", _output(command))


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise LookupError(f"no {pattern}")
    return found[1]


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Lay a table out in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def chapter(suite: Suite) -> str:
    """Lay the scenarios of one world out."""
    rows = [(one.group, one.name, one.result, f"{one.seconds:.0f} s") for one in suite.cases]
    errors = "".join(f"* {one.name}: `{one.said}`\n" for one in suite.cases if one.result != "passed")
    head = f"## {suite.title}\n\n{suite.start:%H:%M} UTC, {suite.seconds / 60:.0f} minutes.\n"
    return "\n".join([head, table(("group", "scenario", "result", "time"), rows), *filter(None, [errors])])


def report(folder: Path) -> str:
    """Write everything down: `folder` has pytest's reports, and the commit that was run."""
    suites = {title: read(folder / f"{tier}.xml", title) for tier, title in TIERS.items()}
    every = [case for suite in suites.values() if suite for case in suite.cases]
    passed = sum(case.result == "passed" for case in every)
    minutes = sum(suite.seconds for suite in suites.values() if suite) / 60
    start = min((suite.start for suite in suites.values() if suite), default=dt.datetime.now(dt.UTC))
    machine = f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"
    commit = (folder / "commit").read_text(encoding="ascii").strip()
    parts = [f"# Full tier, {start:%Y-%m-%d %H:%M} UTC\n"]
    lost = f", **{missing} of {len(suites)} parts {NO_REPORT}**" if (missing := list(suites.values()).count(None)) else ""
    parts += [f"**{passed} of {len(every)} scenarios passed**{lost}, in {minutes:.0f} minutes. Commit {commit}; {machine}.\n"]
    parts += [chapter(suite) if suite else f"## {title}\n\nThis {NO_REPORT}.\n" for title, suite in suites.items()]
    parts += ["## Versions\n", table(("what", "version"), list(versions())), "## What was not real\n", NOT_REAL]
    return "\n".join(parts)


def main() -> None:
    """Write the log of the day."""
    folder = Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    (folder / f"{dt.datetime.now(dt.UTC):%Y-%m-%d}.md").write_text(report(Path(sys.argv[1])), encoding="utf-8")


if __name__ == "__main__":
    main()
