"""The gate: candidate against champion. A lost gate is a decision (exit 0); what cannot be decided is an error."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import artifacts
import rules
import snapshot
import verdict
from common import CandidateError, ConfigError, config, env, optional_env, outputs, run, summary, table, warning
from evaluation import Evaluate, Question, Worth, by_command, logged
from registry import Model, Registry, Run, Version


@dataclass(frozen=True)
class Champion:
    """Configuration: where the champion is found."""

    model: str
    alias: str


@dataclass(frozen=True)
class Metric:
    """Configuration: a metric that rules may read."""

    direction: Literal["higher", "lower"]
    unit: str = ""


@dataclass(frozen=True)
class Settings:
    """Configuration of the gate."""

    pipeline: str
    stage: str
    metrics: dict[str, Metric]
    require: list[rules.Rule]
    snapshot: str | None = None
    holdout: str | None = None
    champion: Champion | None = None
    evaluate: Evaluate | None = None
    without_champion: list[rules.Rule] = field(default_factory=list[rules.Rule])
    confidence: verdict.Confidence | None = None
    champion_unusable: Literal["fail", "replace"] = "fail"
    suspicious_above: float | None = 0.9999

    def __post_init__(self) -> None:
        compares = any(verdict.reads_champion(rule) for rule in self.require)
        if compares and not self.champion:
            raise ConfigError("a rule reads the champion, but `champion` does not say where it is")
        if compares and not (self.evaluate or self.holdout):
            raise ConfigError("a rule reads the champion: `evaluate` or `holdout` must make the data the same")
        if compares and not self.without_champion:
            raise ConfigError("a rule reads the champion: `without_champion` must say what counts where there is none")
        if any(verdict.reads_champion(rule) for rule in self.without_champion):
            raise ConfigError("`without_champion` reads the champion")
        every = [*self.require, *self.without_champion]
        read = {*verdict.wanted(every, champion=False), *verdict.wanted(every, champion=True)}
        if unknown := sorted(name for name in read if name.split("/")[0] not in self.metrics):
            raise ConfigError(f"rules read metrics that are not declared: {', '.join(unknown)}")


@dataclass(frozen=True)
class Decision:
    """What the gate decided, and why."""

    approved: bool
    reason: str
    results: list[verdict.Result] = field(default_factory=list[verdict.Result])
    candidate: Worth | None = None
    champion: Worth | None = None


class Gate:
    """One decision."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry
        self.run, self.model = self._candidate(env("RUN_ID"), env("MODEL_ID"))
        self.champion = self._champion()

    def _candidate(self, run_id: str, model_id: str) -> tuple[Run, Model]:
        found, model = self.registry.run(run_id), self.registry.model(model_id)
        if not found or not model or model.run_id != run_id:
            raise CandidateError(f"the registry has no run {run_id} with a logged model {model_id}")
        return found, model

    def _champion(self) -> Version | None:
        """The champion; only an answer that lists the aliases can say that there is none."""
        place = self.settings.champion
        version = (self.registry.aliases(place.model) or {}).get(place.alias) if place else None
        if not place or not version:
            return None
        if found := self.registry.version(place.model, version):
            return found
        raise CandidateError(f"the alias {place.alias} of {place.model} points to version {version}, which does not exist")

    def decide(self) -> Decision:
        """Measure both, apply the rules."""
        if self.champion and self.champion.model_id == self.model.model_id:
            return Decision(approved=False, reason=f"the candidate is the champion already (version {self.champion.version})")
        settings = self.settings
        compared = self.champion and any(verdict.reads_champion(rule) for rule in settings.require)
        theirs = self._their_worth() if compared else None
        items = self._rules(theirs)
        resampled = settings.confidence is not None and theirs is not None
        ours = self._our_worth(Question("candidate", verdict.wanted(items, champion=False), resampled))
        self._suspect(ours)
        results = verdict.judge(items, ours, theirs, settings.confidence)
        return Decision(all(r.holds for r in results), _reason(results), results, ours, theirs)

    def _rules(self, theirs: Worth | None) -> list[rules.Rule]:
        if theirs:
            return self.settings.require
        absolute = [rule for rule in self.settings.require if not verdict.reads_champion(rule)]
        return [*absolute, *self.settings.without_champion]

    def _our_worth(self, question: Question) -> Worth:
        if self.settings.evaluate:
            return by_command(self.settings.evaluate, f"models:/{self.model.model_id}", question)
        return logged(self.registry, self.run, question)

    def _their_worth(self) -> Worth | None:
        """The champion's worth; None if it is unusable and may be replaced like that."""
        try:
            return self._measure_champion()
        except CandidateError as error:
            if self.settings.champion_unusable == "fail":
                raise CandidateError(f"the champion is unusable: {error}") from None
            warning(f"the champion is unusable, judging without one: {error}")
            return None

    def _measure_champion(self) -> Worth:
        version = self.champion
        if version is None or version.status != "READY":
            raise CandidateError(f"version {version.version if version else ''} is not ready")
        metrics = verdict.wanted(self.settings.require, champion=True)
        question = Question("champion", metrics, self.settings.confidence is not None)
        if not self.settings.evaluate:
            return self._logged_champion(version, question)
        return self._evaluated_champion(self.settings.evaluate, version, question)

    def _evaluated_champion(self, command: Evaluate, version: Version, question: Question) -> Worth:
        uri = f"models:/{version.name}/{version.version}"
        self._check_files(version)
        try:
            return by_command(command, uri, question)
        except CandidateError:
            self._check_files(version)  # an outage must end the run, not count as a bad champion
            raise

    def _check_files(self, version: Version) -> None:
        uri = self.registry.download_uri(version.name, version.version)
        if "MLmodel" not in artifacts.names(uri):
            raise CandidateError(f"version {version.version} has no files at {uri}")

    def _logged_champion(self, version: Version, question: Question) -> Worth:
        found = self.registry.run(version.run_id) if version.run_id else None
        if not found or found.deleted:
            raise CandidateError(f"the run of version {version.version} is gone")
        ours, theirs = (r.tags.get("mlp.holdout", "") for r in (self.run, found))
        if not ours or ours != theirs:
            raise CandidateError(f"measured on other data: holdout {theirs or 'unknown'}, the candidate's is {ours or 'unknown'}")
        return logged(self.registry, found, question)

    def _suspect(self, ours: Worth) -> None:
        limit = self.settings.suspicious_above
        for name, value in ours.metrics.items():
            declared = self.settings.metrics.get(name.split("/")[0])
            if limit is not None and declared and declared.direction == "higher" and limit < value <= 1.0:
                raise CandidateError(f"{name} = {value:g} is too good to be true (above {limit:g}): does the data leak the answer?")

    # --- saying it -----------------------------------------------------------------------------------

    def report(self, decision: Decision) -> None:
        """Log the decision to the run, show it, hand it on."""
        artifacts.log_json(self.run.run_id, "decision.json", self._record(decision))
        verb = "Approved" if decision.approved else "Not approved"
        summary(f"### Gate {self.settings.stage}: {verb}\n\n{decision.reason}\n\n{self._table(decision)}")
        outputs(
            {
                "approved": "true" if decision.approved else "false",
                "model_id": self.model.model_id,
                "champion_version": self.champion.version if self.champion else "",
                "reason": decision.reason,
            }
        )

    def _record(self, decision: Decision) -> dict[str, object]:
        champion = self.champion
        return {
            "pipeline": self.settings.pipeline,
            "stage": self.settings.stage,
            "run": f"{optional_env('GITHUB_REPOSITORY')}/{optional_env('GITHUB_RUN_ID')}",
            "approved": decision.approved,
            "reason": decision.reason,
            "data": self.run.tags.get("mlp.holdout") or self.run.tags.get("mlp.snapshot", ""),
            "candidate": {"model_id": self.model.model_id, "metrics": _finite(decision.candidate)},
            "champion": champion and {"version": champion.version, "model_id": champion.model_id, "metrics": _finite(decision.champion)},
            "confidence": self.settings.confidence and asdict(self.settings.confidence),
            "rules": [asdict(result) for result in decision.results],
        }

    def _table(self, decision: Decision) -> str:
        head = ["rule", "candidate", "wanted", "margin", "confidence", "result"]
        return table(head, [_line(result) for result in decision.results]) if decision.results else ""


def _line(result: verdict.Result) -> list[str]:
    share = "" if result.share is None else f"{result.share:.1%}"
    fixed = f"{', '.join(result.fixed)} not resampled" if result.fixed else ""
    numbers = ["" if n is None else f"{n:.6g}" for n in (result.left, result.right)]
    margin = "" if result.margin is None else f"{result.margin:+.6g}"
    return [result.text, *numbers, margin, " ".join(filter(None, [share, fixed])), "holds" if result.holds else "**lost**"]


def _reason(results: list[verdict.Result]) -> str:
    lost = [result for result in results if not result.holds]
    return "; ".join(map(_why, lost)) if lost else f"all {len(results)} rules hold"


def _why(result: verdict.Result) -> str:
    if result.margin is not None and result.margin < 0:
        return f"{result.text}: lost by {-result.margin:.6g}"
    if result.share is not None:
        return f"{result.text}: holds in only {result.share:.1%} of the resamples"
    return f"{result.text}: lost"


def _finite(worth: Worth | None) -> dict[str, float]:
    """Metrics that no rule read may be NaN; JSON has no word for it."""
    return {name: value for name, value in (worth.metrics if worth else {}).items() if abs(value) < float("inf")}


def main() -> None:
    """Decide and report."""
    settings = config(Settings)
    if settings.snapshot:
        snapshot.ensure(Path(settings.snapshot))
    gate = Gate(settings, Registry())
    gate.report(gate.decide())


if __name__ == "__main__":
    run(main)
