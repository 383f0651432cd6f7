"""What a release is in the GitOps repository: the component the pipeline owns, or values in a user's manifest."""

from __future__ import annotations

import abc
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import splice
from common import ConfigError, RaceError
from gitrepo import Clone, Read

Changes = dict[str, "bytes | None"]
Place = tuple[str, splice.Path]  # file and path in it

URI: splice.Path = ("spec", "predictor", "model", "storageUri")
DIGEST: splice.Path = ("images", 0, "digest")
NOTES: dict[splice.Path, str] = {  # annotation: field of Release
    ("metadata", "annotations", "mlp/model-version"): "version",
    ("metadata", "annotations", "mlp/run"): "run",
    ("metadata", "annotations", "mlp/mlflow-run"): "mlflow_run",
    ("metadata", "annotations", "mlp/data-sha256"): "data",
    ("metadata", "annotations", "mlp/source-commit"): "source",
}
TRAILERS = {  # trailer: field of Release
    "Mlp-Run": "run",
    "Mlp-Source": "source",
    "Mlp-Model-Version": "version",
    "Mlp-Storage-Uri": "uri",
    "Mlp-Mlflow-Run": "mlflow_run",
    "Mlp-Data": "data",
    "Mlp-Image": "digest",
}
COMPONENT = """\
# The release: written by the pipeline at run time, one deploy is one commit to this directory.
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - path: release.yaml
    target:
      group: serving.kserve.io
      kind: InferenceService
      name: {service}
"""
NOTHING = """\
# Nothing is deployed yet: the InferenceService is left out.
$patch: delete
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {service}
"""

RELEASE = """\
# Written by the pipeline's deploy; the next deploy writes it anew.
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {service}
  annotations:
{notes}
spec:
  predictor:
    model:
      storageUri: {uri}
"""


@dataclass(frozen=True)
class Manifest:
    """Configuration: where the InferenceService lives in the GitOps repository."""

    service: str
    path: str | None = None
    patch: str | None = None
    image: str | None = None

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.patch):
            raise ConfigError("manifest: exactly one of `path` and `patch` must be set")
        place = self.path or self.patch or ""
        if place.startswith("/") or {"", ".", ".."} & set(place.split("/")):
            raise ConfigError(f"manifest: {place!r} is not a path below the root of the GitOps repository")


@dataclass(frozen=True)
class Release:
    """One model in one environment; an empty `uri` means that nothing is deployed."""

    uri: str = ""
    version: str = ""
    digest: str = ""
    run: str = ""
    mlflow_run: str = ""
    data: str = ""
    source: str = ""


@dataclass(frozen=True)
class Identity:
    """Whose release it is; the trailers by which its commits are found."""

    pipeline: str
    environment: str

    def trailers(self, action: str) -> dict[str, str]:
        """Trailers of every commit of this action."""
        return {"Mlp-Pipeline": self.pipeline, "Mlp-Environment": self.environment, "Mlp-Action": action}


class Target(abc.ABC):
    """The files of a release, read and written; `values` are the scalars in them that a release sets."""

    files: list[str]

    @abc.abstractmethod
    def values(self, read: Read) -> dict[Place, str]:
        """Return the values in place."""

    @abc.abstractmethod
    def read(self, read: Read) -> Release:
        """Return the release in place."""

    @abc.abstractmethod
    def write(self, read: Read, release: Release) -> Changes:
        """Return the files' new content."""

    def undo(self, tip: Read, ours: Read, before: Read) -> Changes:
        """Return what takes our release back; whatever others changed since then stays."""
        changes: Changes = {}
        for name in self.files:
            if tip(name) == ours(name):
                changes[name] = before(name)
            else:
                changes |= self._undo_values(name, tip, ours, before)
        return changes

    def _undo_values(self, name: str, tip: Read, ours: Read, before: Read) -> Changes:
        now, old = self.values(tip), self.values(before)
        mine = {place: value for place, value in self.values(ours).items() if place[0] == name}
        back = {path: old[name, path] for (_, path), value in mine.items() if now.get((name, path)) == value and (name, path) in old}
        return {name: self._set(name, tip, back)} if back else {}

    def _set(self, name: str, read: Read, values: Mapping[splice.Path, str]) -> bytes:
        number, _ = self.document(name, read)
        return splice.replace(read(name) or b"", name, number, values)

    @abc.abstractmethod
    def document(self, name: str, read: Read) -> tuple[int, Any]:
        """Return number and content of the document of a file that holds the values."""


class Owned(Target):
    """The Kustomize component that belongs to the pipeline alone."""

    def __init__(self, manifest: Manifest, environment: str) -> None:
        self._manifest = manifest
        self._folder = f"{manifest.path}/overlays/{environment}/release"
        self.files = sorted(nothing_deployed(self._folder, manifest.service))

    def values(self, read: Read) -> dict[Place, str]:
        """Return the values in place."""
        places = {name: [DIGEST] if name.endswith("kustomization.yaml") else [URI, *NOTES] for name in self.files}
        return {place: value for name in self.files for place, value in self._read_file(name, read, places[name])}

    def _read_file(self, name: str, read: Read, paths: Sequence[splice.Path]) -> Iterator[tuple[Place, str]]:
        _, document = self.document(name, read)
        found = ((path, splice.get(document, path)) for path in paths)
        return (((name, path), value) for path, value in found if isinstance(value, str))

    def document(self, name: str, read: Read) -> tuple[int, Any]:
        """Return the document of a file."""
        return 0, next(iter(splice.documents(read(name) or b"", name)), None)

    def read(self, read: Read) -> Release:
        """Return the release in place."""
        fields = {**NOTES, URI: "uri", DIGEST: "digest"}
        return Release(**{fields[path]: value for (_, path), value in self.values(read).items()})

    def write(self, read: Read, release: Release) -> Changes:  # noqa: ARG002  (patches need it)
        """Return the files' new content."""
        if not release.uri:
            return nothing_deployed(self._folder, self._manifest.service)
        images = _images(self._manifest.image, release.digest)
        return {
            f"{self._folder}/kustomization.yaml": (COMPONENT.format(service=self._manifest.service) + images).encode(),
            f"{self._folder}/release.yaml": _release_yaml(self._manifest.service, release).encode(),
        }

    def undo(self, tip: Read, ours: Read, before: Read) -> Changes:
        """Return what takes our release back; a first one leaves nothing deployed."""
        old = self.read(before)
        if not old.uri:
            return self.write(tip, old)
        if not old.digest and self.read(ours).digest:  # the transformer is new: without a digest it would not start
            return super().undo(tip, ours, before) | {self.files[0]: tip(self.files[0])}
        return super().undo(tip, ours, before)


class Patched(Target):
    """Values in a manifest of the user's; version and provenance stand in the commits alone."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._name = manifest.patch or ""
        self.files = [self._name]

    def document(self, name: str, read: Read) -> tuple[int, Any]:
        """Return the document of a file."""
        content = read(name)
        if content is None:
            raise ConfigError(f"{name} is not in the GitOps repository")
        found = splice.documents(content, name)
        number = splice.find_document(found, "InferenceService", self._manifest.service, name)
        return number, found[number]

    def values(self, read: Read) -> dict[Place, str]:
        """Return the values in place."""
        _, document = self.document(self._name, read)
        return {(self._name, path): splice.get(document, path) for path in self._paths(document)}

    def _paths(self, document: Any) -> list[splice.Path]:
        image = [_image_path(document, self._name)] if self._manifest.image else []
        return [_uri_path(document, self._name), *image]

    def read(self, read: Read) -> Release:
        """Return the release in place."""
        uri, *image = self.values(read).values()
        return Release(uri=uri, digest=image[0].partition("@")[2] if image else "")

    def write(self, read: Read, release: Release) -> Changes:
        """Return the files' new content."""
        _, document = self.document(self._name, read)
        wanted = [release.uri, f"{self._manifest.image}@{release.digest}"]
        values = dict(zip(self._paths(document), wanted, strict=False))
        return {self._name: self._set(self._name, read, values)}


def target(manifest: Manifest, environment: str) -> Target:
    """Return the target that the configuration describes."""
    return Patched(manifest) if manifest.patch else Owned(manifest, environment)


def nothing_deployed(folder: str, service: str) -> Changes:
    """The component before the first deploy."""
    return {
        f"{folder}/kustomization.yaml": COMPONENT.format(service=service).encode(),
        f"{folder}/release.yaml": NOTHING.format(service=service).encode(),
    }


def _images(image: str | None, digest: str) -> str:
    if not image:
        return ""
    return f"images:\n  - name: {json.dumps(image)}\n    digest: {json.dumps(digest)}\n"


def _release_yaml(service: str, release: Release) -> str:
    notes = {path[-1]: getattr(release, field) for path, field in NOTES.items()}
    lines = [f"    {name}: {json.dumps(value)}" for name, value in notes.items() if value]
    return RELEASE.format(service=service, notes="\n".join(lines), uri=json.dumps(release.uri))


def _uri_path(document: Any, name: str) -> splice.Path:
    """The model's URI: `predictor.model`, or the older form that names the framework."""
    predictor = splice.get(document, ("spec", "predictor"))
    holders = [key for key, value in predictor.items() if "storageUri" in (value or ())] if isinstance(predictor, dict) else []
    if len(holders) != 1:
        raise ConfigError(f"{name}: spec.predictor must hold one storageUri, for the pipeline to set; found {len(holders)}")
    return ("spec", "predictor", holders[0], "storageUri")


def _image_path(document: Any, name: str) -> splice.Path:
    containers = splice.get(document, ("spec", "transformer", "containers")) or []
    named = [n for n, c in enumerate(containers) if len(containers) == 1 or c.get("name") == "kserve-container"]
    if len(named) != 1 or "image" not in containers[named[0]]:
        raise ConfigError(f"{name}: spec.transformer must hold a container with an image, for the pipeline to set")
    return ("spec", "transformer", "containers", named[0], "image")


# --- whose release is in place -----------------------------------------------------------------------


def in_place(clone: Clone, tip: str, place: Target, identity: Identity) -> Release:
    """Return the release at `tip`; in patch mode our commits know the version that belongs to a URI."""
    found = place.read(clone.at(tip))
    if found.version or not found.uri:
        return found
    for commit in clone.log(tip, identity.trailers("release")):
        if commit.trailers.get("Mlp-Storage-Uri") == found.uri:
            return replace(from_trailers(commit.trailers), digest=found.digest)
    return found


def from_trailers(trailers: Mapping[str, str]) -> Release:
    """Return the release that a commit wrote."""
    return Release(**{field: trailers.get(name, "") for name, field in TRAILERS.items()})


def trailers_of(release: Release, identity: Identity) -> dict[str, str]:
    """Return the trailers of a release's commit."""
    return identity.trailers("release") | {name: getattr(release, field) for name, field in TRAILERS.items()}


def may_replace(now: Release, new: Release, rule: str, champion: str, *, adopted: bool) -> None:
    """The compare-and-set: only the version that the gate compared with may be replaced."""
    if not now.uri or now.run == new.run:
        return
    if not now.version.isdecimal():
        if not adopted:
            return
        raise RaceError(f"{now.uri} is deployed, which no pipeline run released: it was changed by hand. Revert that, then run again")
    if int(now.version) > int(new.version):
        raise RaceError(f"version {now.version} is deployed, which is newer than {new.version}")
    if rule == "champion" and now.version != champion:
        raise RaceError(f"version {now.version} is deployed, but the gate compared with {champion or 'none'}: another run was faster")
