"""The schema of SARIF 2.1.0."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema

from checks.finding import CannotCheckError, Finding
from checks.programs import INSTALLED


def sarif(files: list[Path]) -> Iterator[Finding]:
    """Validate SARIF logs."""
    try:
        schema = json.loads((INSTALLED / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotCheckError(f"no SARIF schema: run tools/install ({error})") from error
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    for file in files:
        yield from _validate(validator, file)


def _validate(validator: jsonschema.Draft7Validator, file: Path) -> Iterator[Finding]:
    try:
        log = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotCheckError(str(error)) from error
    except ValueError as error:
        yield Finding(file, 1, "sarif", str(error))
        return
    for violation in validator.iter_errors(log):
        yield Finding(file, 1, "sarif", f"{violation.json_path}: {violation.message}")
