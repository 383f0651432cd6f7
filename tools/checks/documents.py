"""The Kubernetes documents of a repository: as emitted, and as kustomize builds them."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import yaml

from checks.finding import CannotCheckError, Finding
from checks.lines import line_of
from checks.programs import program, run
from checks.repository import MANIFESTS, Repository

DIGEST = "sha256:" + "0123456789abcdef" * 4
STORAGE_URI = "s3://models/mlp/1/artifacts"


@dataclass(frozen=True)
class Document:
    """One Kubernetes object."""

    file: Path
    index: int
    content: dict[str, object]
    # How kustomize came to it; empty for what stands in the file.
    build: str = ""

    @property
    def group(self) -> str:
        """API group, empty for the core group."""
        version = str(self.content.get("apiVersion", ""))
        return version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Group, version and kind in the usual writing."""
        return f"{self.content.get('apiVersion')} {self.content.get('kind')}"

    def finding(self, checker: str, steps: list[str | int], message: str) -> Finding:
        """Point at a place in this document."""
        dotted = ".".join(str(step) for step in steps)
        if self.build:
            return Finding(self.file, 1, checker, f"{self.kind}, {self.build}: {dotted}: {message}")
        return Finding(self.file, line_of(self.file, steps, self.index), checker, f"{dotted}: {message}")


def emitted(repository: Repository) -> list[Document]:
    """Return the objects in the files, without kustomizations and the patches of release components."""
    return [
        document
        for file in repository.manifests
        if file.parent.name != "release" and file.name != "kustomization.yaml"
        for document in _read(file)
    ]


def _read(file: Path) -> Iterator[Document]:
    return _parse(file.read_text(encoding="utf-8"), file)


def _parse(text: str, file: Path, build: str = "") -> Iterator[Document]:
    for index, content in enumerate(yaml.load_all(text, Loader=yaml.CSafeLoader)):
        if isinstance(content, dict):
            yield Document(file, index, content, build)


@dataclass(frozen=True)
class Built:
    """What kustomize made of a repository."""

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]


_building = Lock()


def built(repository: Repository) -> Built:
    """Build every kustomization as committed, and every overlay as it will be after a deploy."""
    with _building:
        return _built(repository)


@cache
def _built(repository: Repository) -> Built:
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        copy = _after_deploy(repository, Path(scratch))
        jobs = [
            pool.submit(_build, directory, directory, "as committed")
            for directory in repository.kustomizations
            if _has_components(directory)
        ]
        jobs += [
            pool.submit(_build, copy / directory.relative_to(repository.root), directory, "after a deploy")
            for directory in repository.kustomizations
            if _components(directory)
        ]
        results = [job.result() for job in jobs]
    documents = tuple(document for result in results for document in result.documents)
    return Built(documents, tuple(finding for result in results for finding in result.findings))


def _build(directory: Path, origin: Path, build: str) -> Built:
    file = origin / "kustomization.yaml"
    kustomize = program("kustomize")
    try:
        text = run([kustomize, "build", directory])
    except CannotCheckError as error:
        return Built((), (Finding(file, 1, "kustomize", f"{build}: {error}"),))
    return Built(tuple(_parse(text, file, f"{origin.name} {build}")), ())


def _components(directory: Path) -> list[str]:
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text(encoding="utf-8"))
    return list(kustomization.get("components", []))


def _has_components(directory: Path) -> bool:
    """Whether it can be built: a GitOps repository elsewhere gets its release component from the first deploy."""
    return all((directory / component).is_dir() for component in _components(directory))


def _after_deploy(repository: Repository, scratch: Path) -> Path:
    """Copy the manifests and write the release components that a deploy would write."""
    if (repository.root / MANIFESTS).is_dir():
        shutil.copytree(repository.root / MANIFESTS, scratch / MANIFESTS)
    for overlay in repository.kustomizations:
        for component in _components(overlay):
            directory = scratch / overlay.relative_to(repository.root) / component
            directory.mkdir(exist_ok=True)
            _write_release(directory, _images(repository, overlay))
    return scratch


def _write_release(directory: Path, images: set[str]) -> None:
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": [{"path": "release.yaml", "target": {"kind": "InferenceService"}}],
        "images": [{"name": image, "digest": DIGEST} for image in sorted(images)],
    }
    release = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "any", "annotations": {"mlp/model-version": "1"}},
        "spec": {"predictor": {"model": {"storageUri": STORAGE_URI}}},
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    (directory / "release.yaml").write_text(yaml.safe_dump(release), encoding="utf-8")


def _images(repository: Repository, overlay: Path) -> set[str]:
    """Return the images of the same pipeline that wait for their digest."""
    pipeline = repository.root / MANIFESTS / overlay.relative_to(repository.root / MANIFESTS).parts[0]
    documents = (document for document in emitted(repository) if document.file.is_relative_to(pipeline))
    return {image for document in documents for image in _images_in(document.content) if "@" not in image}


def _images_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        image = value.get("image")
        if isinstance(image, str):
            yield image
        for child in value.values():
            yield from _images_in(child)
    elif isinstance(value, list):
        for child in value:
            yield from _images_in(child)
