"""A good file with one mistake in it."""

from dataclasses import dataclass
from pathlib import Path

from checks.__main__ import CHECKERS
from checks.repository import Repository


@dataclass(frozen=True)
class Spoilt:
    """One replacement in the first file that matches, and the words that the checker is expected to use."""

    checker: str
    files: str
    old: str
    new: str
    words: str

    def check(self, repository: Repository) -> None:
        """Spoil the file and demand a finding in it."""
        file = self._apply(repository)
        findings = list(CHECKERS[self.checker]([repository]))
        assert any(finding.file == file and self.words in finding.message for finding in findings), findings

    def _apply(self, repository: Repository) -> Path:
        for file in sorted(repository.root.glob(self.files)):
            text = file.read_text(encoding="utf-8")
            if self.old in text:
                file.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")
                return file
        raise AssertionError(f"no {self.old!r} in {self.files}")
