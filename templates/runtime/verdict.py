"""The rules of a gate, applied: who won, by how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import bootstrap
import rules
from common import CandidateError, ConfigError
from evaluation import Worth


@dataclass(frozen=True)
class Confidence:
    """Configuration: the share of resamples in which a rule must hold."""

    level: float
    samples: int = 1000

    def __post_init__(self) -> None:
        if not 0.5 < self.level < 1.0 or not 100 <= self.samples <= 100_000:
            raise ConfigError("confidence: level must be between 0.5 and 1, samples between 100 and 100000")


@dataclass(frozen=True)
class Result:
    """One rule, applied. `margin` is positive on the winning side; `share` is of the resamples."""

    text: str
    holds: bool
    left: float | None = None
    right: float | None = None
    margin: float | None = None
    share: float | None = None
    fixed: tuple[str, ...] = ()


def reads_champion(rule: rules.Rule) -> bool:
    """Whether a rule compares with the champion."""
    return any(leaf.name == "champion" for leaf in rules.leaves(rule.rule))


def wanted(items: list[rules.Rule], *, champion: bool) -> list[str]:
    """The metrics that the rules read, of the champion or of the candidate."""
    found = (leaf for rule in items for leaf in rules.leaves(rule.rule))
    names = (_metric(leaf) for leaf in found if (leaf.name == "champion") == champion)
    return list(dict.fromkeys(names))


def _metric(leaf: rules.Leaf) -> str:
    if leaf.name == "champion" and len(leaf.arguments) == 1:
        return leaf.arguments[0]
    if leaf.arguments or leaf.name == "champion":
        raise ConfigError(f"a gate knows no {leaf.name}({', '.join(leaf.arguments)})")
    return leaf.name


def judge(items: list[rules.Rule], candidate: Worth, champion: Worth | None, confidence: Confidence | None) -> list[Result]:
    """Apply every rule."""
    results = [_point(rule, _lookup(candidate.metrics, champion.metrics if champion else {})) for rule in items]
    if not confidence or not champion:
        return results
    return _resampled(items, results, candidate, champion, confidence)


def _point(rule: rules.Rule, lookup: rules.Lookup) -> Result:
    good = rules.holds(rule, lookup)
    if not (both := rules.sides(rule, lookup)):
        return Result(rule.text, good)
    left, sign, right = both
    margin = right - left if sign in ("<", "<=") else left - right
    return Result(rule.text, good, left, right, margin)


def _lookup(candidate: dict[str, float], champion: dict[str, float]) -> rules.Lookup:
    def look(name: str, arguments: tuple[str, ...]) -> float:
        metric = _metric(rules.Leaf(name, arguments))
        return (champion if name == "champion" else candidate)[metric]

    return look


def _resampled(items: list[rules.Rule], results: list[Result], candidate: Worth, champion: Worth, confidence: Confidence) -> list[Result]:
    if candidate.labels != champion.labels:
        raise CandidateError("the predictions of candidate and champion are not about the same rows: their labels differ")
    both = candidate.measured.keys() & champion.measured.keys()
    numbers = [n for n, rule in enumerate(items) if reads_champion(rule) and _metrics(rule) & both]
    if not numbers:
        raise CandidateError("`confidence` is asked for, but the predictions give no metric that is compared with the champion")
    counts = _count([items[n] for n in numbers], candidate, champion, both, confidence.samples)
    shares = {n: count / confidence.samples for n, count in zip(numbers, counts, strict=True)}
    fixed = [tuple(sorted(_metrics(rule) - both)) if reads_champion(rule) else () for rule in items]
    return [_with_share(result, shares.get(n), fixed[n], confidence.level) for n, result in enumerate(results)]


def _metrics(rule: rules.Rule) -> set[str]:
    return {_metric(leaf) for leaf in rules.leaves(rule.rule)}


def _with_share(result: Result, share: float | None, fixed: tuple[str, ...], level: float) -> Result:
    good = result.holds and (share is None or share >= level)
    return Result(result.text, good, result.left, result.right, result.margin, share, fixed)


def _count(items: list[rules.Rule], candidate: Worth, champion: Worth, names: set[str], samples: int) -> list[int]:
    """In how many resamples each rule holds; both models see the same resample."""
    counts = [0] * len(items)
    used = [name for name in names if any(name in _metrics(rule) for rule in items)]
    for weights in bootstrap.resamples(len(candidate.labels), samples):
        ours = candidate.metrics | {name: candidate.measured[name](weights) for name in used}
        theirs = champion.metrics | {name: champion.measured[name](weights) for name in used}
        look = _lookup(ours, theirs)
        counts = [count + rules.holds(rule, look) for count, rule in zip(counts, items, strict=True)]
    return counts
