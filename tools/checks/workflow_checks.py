"""Checkers of workflow files: actionlint, zizmor, GitHub's own parser, the schema of workflows."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checks.finding import Finding
from checks.lines import line_of, steps_of
from checks.programs import INSTALLED, batches, node, program, run
from checks.repository import Repository

ACCEPTED_AUDIT = "self-hosted-runner"
ACCEPTED_IGNORE = f"# zizmor: ignore[{ACCEPTED_AUDIT}]"
# 0: clean; 11 to 14: findings of rising severity.
ZIZMOR_EXITS = (0, 11, 12, 13, 14)


def _workflows(repositories: list[Repository]) -> list[Path]:
    return [file for repository in repositories for file in repository.workflows]


def actionlint(repositories: list[Repository]) -> Iterator[Finding]:
    """Actionlint with shellcheck and pyflakes, and with the runner labels that a repository declares."""
    configured: dict[Path | None, list[Path]] = defaultdict(list)
    for repository in repositories:
        file = repository.root / ".github" / "actionlint.yaml"
        configured[file if file.exists() else None] += repository.workflows
    helpers = [f"-shellcheck={program('shellcheck')}", f"-pyflakes={program('pyflakes')}"]
    for config, files in configured.items():
        options = [*helpers, *([] if config is None else [f"-config-file={config}"])]
        for batch in batches(files):
            yield from _actionlint(options, batch)


def _actionlint(options: Sequence[str], files: Sequence[Path]) -> Iterator[Finding]:
    argv: list[str | Path] = [program("actionlint"), *options, "-format={{json .}}", *files]
    for found in json.loads(run(argv, accept=(0, 1), cwd=Path("/"))):
        message = f"{found['message']} [{found['kind']}]"
        yield Finding(Path("/", found["filepath"]), found["line"], "actionlint", message)


def zizmor(repositories: list[Repository]) -> Iterator[Finding]:
    """Zizmor as an auditor, with its ignore comments switched off but for one."""
    options = ["--offline", "--persona=auditor", "--strict-collection", "--collect=all", "--no-config", "--no-ignores"]
    for batch in batches(_workflows(repositories)):
        argv: list[str | Path] = [program("zizmor"), *options, "--no-progress", "--quiet", "--format=json-v1", *batch]
        for found in json.loads(run(argv, accept=ZIZMOR_EXITS)):
            finding = _zizmor(found)
            if found["ident"] != ACCEPTED_AUDIT or not _ignored(finding):
                yield finding


def _zizmor(found: dict[str, Any]) -> Finding:
    primary = next(place for place in found["locations"] if place["symbolic"]["kind"] == "Primary")
    file = Path(primary["symbolic"]["key"]["Local"]["verbatim_path"])
    line = primary["concrete"]["location"]["start_point"]["row"] + 1
    annotation = primary["symbolic"]["annotation"]
    return Finding(file, line, "zizmor", f"{found['desc']}: {annotation} [{found['ident']}]")


def _ignored(finding: Finding) -> bool:
    line = finding.file.read_text(encoding="utf-8").splitlines()[finding.line - 1]
    return line.endswith(ACCEPTED_IGNORE)


def github(repositories: list[Repository]) -> Iterator[Finding]:
    """GitHub's own workflow parser, its conversion, and the language service of its editors."""
    harness = Path(__file__).resolve().parents[1] / "node" / "workflows.mjs"
    for batch in batches(_workflows(repositories)):
        for line in run([node(), harness, INSTALLED / "node", *batch]).splitlines():
            found = json.loads(line)
            yield Finding(Path(found["file"]), found["line"], "github", found["message"])


def workflow_schema(repositories: list[Repository]) -> Iterator[Finding]:
    """Validate workflows with the JSON schema of SchemaStore, as shipped with check-jsonschema."""
    options = ["--output-format=json", "--builtin-schema=vendor.github-workflows"]
    for batch in batches(_workflows(repositories)):
        report = json.loads(run([program("check-jsonschema"), *options, *batch], accept=(0, 1)))
        for error in report.get("errors", []):
            best = error.get("best_deep_match", error)
            file = Path(error["filename"])
            yield Finding(file, line_of(file, steps_of(best["path"])), "workflow-schema", best["message"])
        for error in report.get("parse_errors", []):
            yield Finding(Path(error["filename"]), 1, "workflow-schema", error["message"])
