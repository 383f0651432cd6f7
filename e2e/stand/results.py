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
    "core": "The core tier, with the stand-in for both",
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
    "object store": ("go", "github.com/versity/versitygw"),
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


class Case(NamedTuple):
    """One scenario."""

    name: str
    result: str
    seconds: float


def cases(file: Path) -> list[Case]:
    """Read a report in JUnit's format."""
    found = ET.parse(file).iter("testcase")
    return [Case(one.attrib["name"].removeprefix("test_").replace("_", " "), _result(one), float(one.attrib["time"])) for one in found]


def _result(case: ET.Element) -> str:
    ends = {child.tag for child in case}
    return "failed" if ends & {"failure", "error"} else "skipped" if "skipped" in ends else "passed"


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


def report(folder: Path, now: dt.datetime) -> str:
    """Write everything down."""
    tiers = {tier: cases(folder / f"{tier}.xml") for tier in TIERS if (folder / f"{tier}.xml").exists()}
    every = [case for found in tiers.values() for case in found]
    passed = sum(case.result == "passed" for case in every)
    minutes = sum(case.seconds for case in every) / 60
    machine = f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"
    commit = _output(["git", "rev-parse", "--short=12", "HEAD"])
    parts = [f"# Full tier, {now:%Y-%m-%d %H:%M} UTC\n"]
    parts += [f"**{passed} of {len(every)} scenarios passed**, in {minutes:.0f} minutes. Commit {commit}; {machine}.\n"]
    for tier, found in tiers.items():
        rows = [(case.name, case.result, f"{case.seconds:.0f} s") for case in found]
        parts += [f"## {TIERS[tier]}\n", table(("scenario", "result", "time"), rows)]
    parts += ["## Versions\n", table(("what", "version"), list(versions())), "## What was not real\n", NOT_REAL]
    return "\n".join(parts)


def main() -> None:
    """Write the log of the day."""
    now = dt.datetime.now(dt.UTC)
    folder = Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    (folder / f"{now:%Y-%m-%d}.md").write_text(report(Path(sys.argv[1]), now), encoding="utf-8")


if __name__ == "__main__":
    main()
