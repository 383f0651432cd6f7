"""The emitted files of a repository."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from checks.finding import CannotCheckError

MANIFESTS = Path("deploy/mlp")
APPLICATIONS = Path("argocd/mlp")
SCRIPTS = Path(".github/mlp")


@dataclass(frozen=True)
class Repository:
    """A directory tree with emitted files in it."""

    root: Path

    @cached_property
    def workflows(self) -> list[Path]:
        """Workflow files."""
        return sorted((self.root / ".github" / "workflows").glob("mlp-*.yml"))

    @cached_property
    def manifests(self) -> list[Path]:
        """Every YAML file below the compiled manifests and the Argo CD configuration."""
        directories = (self.root / MANIFESTS, self.root / APPLICATIONS)
        return sorted(file for directory in directories for file in directory.rglob("*.yaml"))

    @cached_property
    def kustomizations(self) -> list[Path]:
        """Directories that kustomize can build: bases and overlays, not components."""
        found = sorted((self.root / MANIFESTS).rglob("kustomization.yaml"))
        return [file.parent for file in found if "kind: Component" not in file.read_text(encoding="utf-8")]

    @property
    def scripts(self) -> Path | None:
        """Directory of the helper scripts."""
        directory = self.root / SCRIPTS
        return directory if directory.is_dir() else None

    @property
    def emitted(self) -> bool:
        """Whether anything was emitted here."""
        return bool(self.workflows or self.manifests)


def find(directories: list[Path]) -> list[Repository]:
    """Return the repositories at or below the directories given; each of these must hold one."""
    found: dict[Path, Repository] = {}
    for directory in directories:
        if not directory.is_dir():
            raise CannotCheckError(f"{directory} is not a directory")
        below = {repository.root: repository for repository in _search(directory.resolve())}
        if not below:
            raise CannotCheckError(f"nothing emitted in {directory}")
        found |= below
    return list(found.values())


def _search(top: Path) -> Iterator[Repository]:
    for parent, children, _ in os.walk(top):
        repository = Repository(Path(parent))
        if repository.emitted:
            children.clear()
            yield repository
        children[:] = sorted(child for child in children if not child.startswith(".") and child != "target")
