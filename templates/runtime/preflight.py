"""Preflight: everything the pipeline will need, asked at once before any money is spent."""

from __future__ import annotations

import functools
import queue
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import checks
import gitrepo
import release
from common import ConfigError, Deadline, Failure, ServiceError, config, run, summary, table, warning
from registry import Registry

Check = Callable[[Deadline], str]


@dataclass(frozen=True)
class Champion:
    """Configuration: the alias of an environment, and the release it must agree with."""

    model: str
    alias: str
    environment: str
    manifest: release.Manifest


@dataclass(frozen=True)
class Settings:
    """Configuration of the preflight."""

    pipeline: str
    checks: checks.Checks
    seconds: float = 25.0
    skipped: dict[str, str] = field(default_factory=dict[str, str])
    champions: list[Champion] = field(default_factory=list[Champion])

    def __post_init__(self) -> None:
        known = {item.name for item in fields(checks.Checks)}
        if unknown := sorted(self.skipped.keys() - known):
            raise ConfigError(f"there is no check {', '.join(unknown)} to skip")
        if both := sorted(name for name in self.skipped if getattr(self.checks, name) is not None):
            raise ConfigError(f"{', '.join(both)}: both wanted and skipped")


@dataclass(frozen=True)
class Result:
    """How one check ended."""

    name: str
    failure: Failure | None
    text: str


def main() -> None:
    """Run the checks, say how they ended, repair the aliases."""
    settings = config(Settings)
    results = _run_all(_wanted(settings.checks), settings.seconds)
    lines = [(r.name, "failed" if r.failure else "ok", r.text) for r in results]
    lines += [(name, "skipped", reason) for name, reason in settings.skipped.items()]
    summary("### Preflight\n\n" + table(["check", "result", ""], lines))
    _raise(results)
    _repair(settings)


def _wanted(wanted: checks.Checks) -> dict[str, Check]:
    """The wanted checks by name."""
    applications = wanted.argocd.applications if wanted.argocd else []
    found: dict[str, Check] = {}
    for item in fields(checks.Checks):
        if (settings := getattr(wanted, item.name)) is None:
            continue
        function = getattr(checks, f"check_{item.name}")
        given = applications if item.name == "kserve" else settings
        found[item.name] = functools.partial(function, given)
    return found


def _run_all(wanted: dict[str, Check], seconds: float) -> list[Result]:
    """Run the checks side by side; one that hangs is left behind when its time is over."""
    done: queue.Queue[Result] = queue.Queue()
    deadline = Deadline(seconds)
    for name, check in wanted.items():
        threading.Thread(target=lambda n=name, c=check: done.put(_run_one(n, c, deadline)), daemon=True).start()
    results: dict[str, Result] = {}
    limit = Deadline(seconds + 1.0)
    while len(results) < len(wanted) and not limit.expired():
        try:
            result = done.get(timeout=max(limit.left(), 0.01))
        except queue.Empty:
            break
        results[result.name] = result
    return [results.get(name) or _late(name, seconds) for name in wanted]


def _run_one(name: str, check: Check, deadline: Deadline) -> Result:
    try:
        return Result(name, None, check(deadline))
    except Failure as failure:
        return Result(name, failure, str(failure))
    except Exception as error:  # noqa: BLE001 (one defective check must not hide the others)
        defect = Failure(f"{name}: {type(error).__name__}: {error}")
        return Result(name, defect, str(defect))


def _late(name: str, seconds: float) -> Result:
    failure = ServiceError(f"{name}: no answer in {seconds:g} s")
    return Result(name, failure, str(failure))


def _raise(results: list[Result]) -> None:
    failures = [result.failure for result in results if result.failure]
    if not failures:
        return
    text = "; ".join(map(str, failures))
    if any(failure.code == ServiceError.code for failure in failures):
        raise ServiceError(text)
    raise type(failures[0])(text)


# --- champion ------------------------------------------------------------------------------------------


def _repair(settings: Settings) -> None:
    """Bring aliases in line with git: a run may have died between its deploy and the move of the alias."""
    if not settings.champions:
        return
    registry = Registry()
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        clone = gitrepo.Clone(gitrepo.Remote.from_env(), Path(folder) / "gitops")
        tip = clone.fetch()
        for champion in settings.champions:
            _repair_one(settings.pipeline, champion, clone, tip, registry)


def _repair_one(pipeline: str, champion: Champion, clone: gitrepo.Clone, tip: str, registry: Registry) -> None:
    place = release.target(champion.manifest, champion.environment)
    now = release.in_place(clone, tip, place, release.Identity(pipeline, champion.environment))
    aliased = (registry.aliases(champion.model) or {}).get(champion.alias, "")
    if not now.version or now.version == aliased:
        return
    if registry.version(champion.model, now.version) is None:
        warning(f"version {now.version} of {champion.model} is deployed to {champion.environment}, but not in the registry")
        return
    registry.set_alias(champion.model, champion.alias, now.version)
    warning(
        f"the alias {champion.alias} of {champion.model} was moved from {aliased or 'nothing'} to version {now.version}, "
        f"which is deployed to {champion.environment}: an earlier run ended before it could"
    )


if __name__ == "__main__":
    run(main)
