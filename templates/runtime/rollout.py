"""Waiting until a commit is really live: synced, the right object, the right pods, and only those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argocd import DEPLOYMENT, INFERENCE_SERVICE, Application, ArgoCD, Object
from common import CandidateError, Deadline, Failure, ServiceError
from gitrepo import Clone

PATIENCE = 6  # looks in a row at the same failure: a status may still be that of the model before
REFRESH_EVERY = 6  # looks
LOAD_FAILED = ("BlockedByFailedLoad", "InvalidSpec")


@dataclass(frozen=True)
class Goal:
    """What must be live; an empty `uri` means no InferenceService at all, an empty `image` no transformer."""

    commit: str
    namespace: str
    service: str
    uri: str = ""
    image: str = ""


class NotYet(Exception):
    """What is still missing; `failure` is the error that it becomes when it stays."""

    def __init__(self, missing: str, failure: type[Failure] | None = None) -> None:
        super().__init__(missing)
        self.failure = failure


@dataclass
class Rollout:
    """One wait. `ends_stuck`: end operations on older commits, and do not give up early (a rollback has no choice)."""

    argocd: ArgoCD
    clone: Clone
    goal: Goal
    poll_seconds: float
    ends_stuck: bool = False

    def wait(self, deadline: Deadline) -> Object:
        """Look until the goal is reached; return the live InferenceService (empty if none is wanted)."""
        looks, failures, last = 0, 0, "nothing was seen"
        while not deadline.expired():
            try:
                return self._look(refresh=looks % REFRESH_EVERY == 0)
            except (NotYet, ServiceError) as missing:
                if deadline.expired() and looks:  # says nothing but that the time is over
                    break
                failure = missing.failure if isinstance(missing, NotYet) else None
                failures = failures + 1 if failure and not self.ends_stuck else 0
                if failure and failures >= PATIENCE:
                    raise failure(str(missing)) from None
                last = _tell(last, str(missing))
            looks += 1
            deadline.sleep(self.poll_seconds)
        raise ServiceError(f"the rollout did not finish in time: {last}")

    def _look(self, *, refresh: bool) -> Object:
        self._synced(self.argocd.application(refresh=refresh))
        service = self._service()
        if service:
            self._rolled_out(f"{self.goal.service}-predictor", self.goal.uri)
        if service and self.goal.image:
            self._rolled_out(f"{self.goal.service}-transformer", self.goal.image)
        return service

    def _synced(self, seen: Application) -> None:
        if seen.operating:
            self._operation(seen)
        if seen.operation_phase in ("Failed", "Error") and self._ours(seen.operation_revisions):
            raise NotYet(f"Argo CD could not sync: {seen.message}", ServiceError)
        if not self._ours(seen.revisions):
            raise NotYet(f"Argo CD is at {', '.join(seen.revisions) or 'no commit'}, not yet at {self.goal.commit}. {seen.message}")
        if not seen.synced:
            raise NotYet(f"Argo CD has not synced the commit. {seen.message}")

    def _operation(self, seen: Application) -> None:
        # Ended after the push, not before: what Argo CD starts next is then the new commit.
        stuck = seen.operation_revisions and not self._ours(seen.operation_revisions)
        if self.ends_stuck and stuck and seen.operation_phase != "Terminating":
            self.argocd.terminate()
            raise NotYet(f"ended a sync operation that hung on {', '.join(seen.operation_revisions)}")
        raise NotYet(f"a sync operation is running. {seen.message}")

    def _ours(self, revisions: tuple[str, ...]) -> bool:
        if any(not self.clone.has(revision) for revision in revisions):
            self.clone.fetch()
        return any(self.clone.contains(revision, self.goal.commit) for revision in revisions)

    def _service(self) -> Object:
        live = self.argocd.live(INFERENCE_SERVICE, self.goal.namespace, self.goal.service)
        if not self.goal.uri:
            if live:
                raise NotYet(f"InferenceService {self.goal.service} is still there")
            return {}
        if not live:
            raise NotYet(f"InferenceService {self.goal.service} is not there yet")
        if (uri := storage_uri(live)) != self.goal.uri:
            raise NotYet(f"the live InferenceService still has {uri or 'no URI'}")
        self._loaded((live.get("status") or {}).get("modelStatus") or {})
        return live

    def _loaded(self, status: Mapping[str, Any]) -> None:
        transition = status.get("transitionStatus")
        if transition in LOAD_FAILED:
            info = status.get("lastFailureInfo") or {}
            detail = f"{info.get('reason', '')} {info.get('message', '')}".strip()
            raise NotYet(f"the model does not load ({transition}): {detail[:500]}", CandidateError)

    def _rolled_out(self, name: str, content: str) -> None:
        live = self.argocd.live(DEPLOYMENT, self.goal.namespace, name)
        if not live:
            raise NotYet(f"Deployment {name} is not there yet")
        spec, status = live.get("spec") or {}, live.get("status") or {}
        # KServe's status says ready while old pods still serve, so ask the Deployment, and whether it is the new one.
        if not mentions(spec.get("template"), content):
            raise NotYet(f"KServe has not brought {content} into Deployment {name}")
        if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
            raise NotYet(f"Deployment {name} has not been looked at")
        if any(c.get("reason") == "ProgressDeadlineExceeded" for c in status.get("conditions") or []):
            raise NotYet(f"Deployment {name} makes no progress (ProgressDeadlineExceeded)", CandidateError)
        wanted = spec.get("replicas", 1)
        updated, total, up = (status.get(key) or 0 for key in ("updatedReplicas", "replicas", "availableReplicas"))
        if updated < wanted or total > updated or up < updated:
            raise NotYet(f"Deployment {name}: {updated} of {wanted} pods are new, {total - updated} old, {up} available")


def storage_uri(service: Object) -> str:
    """The model's URI of an InferenceService, under whichever framework key."""
    predictor = (service.get("spec") or {}).get("predictor") or {}
    found = [v["storageUri"] for v in predictor.values() if isinstance(v, dict) and "storageUri" in v]
    return str(found[0]) if found else ""


def mentions(data: object, text: str) -> bool:
    """Whether some string in the data is exactly this text."""
    if isinstance(data, dict):
        return any(mentions(value, text) for value in data.values())
    if isinstance(data, list):
        return any(mentions(value, text) for value in data)
    return data == text


def _tell(last: str, now: str) -> str:
    if now != last:
        print(f"waiting: {now}", flush=True)
    return now
