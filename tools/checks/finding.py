"""What a checker says, and how a checker that cannot run says so."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One complaint of one checker, about one line."""

    file: Path
    line: int
    checker: str
    message: str

    def __str__(self) -> str:
        """One line, whatever the checker wrote."""
        return f"{self.checker} {self.file}:{self.line}: {' '.join(self.message.split())}"


class CannotCheckError(Exception):
    """A tool is missing or broke: nothing is known about the files."""
