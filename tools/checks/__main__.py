"""The command line of tools/check."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.finding import CannotCheckError, Finding
from checks.manifest_checks import core_kinds, crd_schema, crd_server, kustomize
from checks.readers import readers
from checks.repository import Repository, find
from checks.sarif import sarif
from checks.script_checks import mypy, ruff
from checks.workflow_checks import actionlint, github, workflow_schema, zizmor

Checker = Callable[[list[Repository]], Iterator[Finding]]

# The slowest first, so that two cores finish together.
CHECKERS: dict[str, Checker] = {
    "actionlint": actionlint,
    "kustomize": kustomize,
    "github": github,
    "workflow-schema": workflow_schema,
    "mypy": mypy,
    "zizmor": zizmor,
    "readers": readers,
    "core-kinds": core_kinds,
    "crd-schema": crd_schema,
    "crd-server": crd_server,
    "ruff": ruff,
}


def parse(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="tools/check",
        description="Run the outside checkers over emitted repositories.",
        epilog="Exit code: 0 no finding, 1 findings, 2 something could not be checked.",
    )
    parser.add_argument("directories", nargs="*", type=Path, metavar="DIR", help="a repository, or a directory of them")
    parser.add_argument("--only", action="append", choices=CHECKERS, metavar="NAME", help=", ".join(CHECKERS))
    parser.add_argument("--sarif", action="append", type=Path, metavar="FILE", help="check a SARIF 2.1.0 log")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="checkers that run side by side (default 2)")
    arguments = parser.parse_args(argv)
    if not arguments.directories and not arguments.sarif:
        parser.error("nothing to check: give a directory, or --sarif FILE")
    return arguments


def check(repositories: list[Repository], names: Iterable[str], jobs: int) -> list[Finding]:
    """Run checkers side by side."""
    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(_timed, name, repositories) for name in names]
        return [finding for job in running for finding in job.result()]


def _timed(name: str, repositories: list[Repository]) -> list[Finding]:
    started = time.monotonic()
    findings = sorted(set(CHECKERS[name](repositories)))
    print(f"{name}: {len(findings)} findings, {time.monotonic() - started:.1f} s", file=sys.stderr)
    return findings


def main(argv: list[str]) -> int:
    """Check, print, and say how it went."""
    arguments = parse(argv)
    try:
        repositories = find(arguments.directories)
        findings = check(repositories, arguments.only or CHECKERS, arguments.jobs) if repositories else []
        findings += sarif(arguments.sarif) if arguments.sarif else []
    except CannotCheckError as error:
        print(f"tools/check: {error}", file=sys.stderr)
        return 2
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
