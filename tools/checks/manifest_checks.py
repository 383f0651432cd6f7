"""Checkers of manifests: kustomize, the schemas of the CRDs, the API server's own judgement, core kinds."""

import json
from collections.abc import Iterator
from functools import cache

import jsonschema_rs
import kubernetes_validate

from checks.documents import Document, built, emitted
from checks.finding import CannotCheckError, Finding
from checks.lines import steps_of
from checks.programs import INSTALLED, program, run
from checks.repository import Repository

KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
KUBERNETES = "1.37"


def _documents(repositories: list[Repository]) -> list[Document]:
    return [
        document for repository in repositories for document in (*emitted(repository), *built(repository).documents)
    ]


def kustomize(repositories: list[Repository]) -> Iterator[Finding]:
    """Build every kustomization, as committed and as after a deploy."""
    for repository in repositories:
        yield from built(repository).findings


@cache
def _schemas() -> dict[tuple[str, str], jsonschema_rs.Validator]:
    files = sorted((INSTALLED / "crds").glob("*.json"))
    if not files:
        raise CannotCheckError("no CRD schemas: run tools/install")
    schemas = {}
    for file in files:
        group, version, kind = file.stem.split("_")
        schemas[f"{group}/{version}", kind] = jsonschema_rs.validator_for(json.loads(file.read_text(encoding="utf-8")))
    return schemas


def _schema(document: Document) -> jsonschema_rs.Validator | None:
    return _schemas().get((str(document.content.get("apiVersion")), str(document.content.get("kind"))))


def crd_schema(repositories: list[Repository]) -> Iterator[Finding]:
    """Strict JSON schemas made of the CRDs."""
    for document in _documents(repositories):
        schema = _schema(document)
        if schema is not None:
            for error in schema.iter_errors(document.content):
                yield document.finding("crd-schema", list(error.instance_path), error.message)


def crd_server(repositories: list[Repository]) -> Iterator[Finding]:
    """Ask the API server's own code: unknown fields, schema, list keys, CEL rules, defaults inside lists."""
    documents = [document for document in _documents(repositories) if _schema(document) is not None]
    crds = sorted((INSTALLED / "crds").glob("*.yaml"))
    lines = "".join(json.dumps({"document": document.content}) + "\n" for document in documents)
    for line in run([program("crdcheck"), *crds], stdin=lines).splitlines():
        found = json.loads(line)
        yield documents[found["index"]].finding("crd-server", steps_of(found["path"]), found["message"])


def core_kinds(repositories: list[Repository]) -> Iterator[Finding]:
    """Kubernetes' own kinds, strictly; a kind that nobody knows is a finding too."""
    for document in _documents(repositories):
        if _schema(document) is None and document.group != KUSTOMIZE_GROUP:
            yield from _core_kind(document)


def _core_kind(document: Document) -> Iterator[Finding]:
    if "apiVersion" not in document.content or "kind" not in document.content:
        yield document.finding("core-kinds", [], "no apiVersion and kind")
        return
    try:
        kubernetes_validate.validate(document.content, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield document.finding("core-kinds", list(error.path), error.message)
    except kubernetes_validate.SchemaNotFoundError as error:
        yield document.finding("core-kinds", ["kind"], error.message)
