"""The data stage: pull versioned data, check what was made of it, keep a snapshot."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

import rules
import snapshot
import store
import tableschema
from common import CandidateError, ConfigError, ServiceError, config, outputs, run, summary, table, warning

PULL_SECONDS = 3600


@dataclass(frozen=True)
class Pull:
    """Configuration of `pull`."""

    targets: list[str]
    remote: str | None = None


@dataclass(frozen=True)
class Check:
    """Configuration of `check`."""

    pipeline: str
    path: str
    schema: str | None = None
    expect: list[rules.Rule] = field(default_factory=list[rules.Rule])


# --- pull ----------------------------------------------------------------------------------------------


def pull() -> None:
    """Pull the targets, verifying every hash."""
    settings = config(Pull)
    remote = settings.remote or _dvc("remote", "default").strip()
    if not remote or remote == "No default remote set":
        raise ConfigError("DVC: no remote is named, and the repository sets no default")
    _dvc("remote", "modify", "--local", remote, "verify", "true")  # else a corrupt object is pulled in silence
    print(_dvc("pull", "--remote", remote, "--", *settings.targets))


def _dvc(*arguments: str) -> str:
    try:
        done = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, timeout=PULL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ServiceError(f"dvc {arguments[0]} took more than {PULL_SECONDS} s") from None
    if done.returncode == 0:
        return done.stdout
    noise = (done.stderr or done.stdout).strip()[-1000:]
    raise ServiceError(f"dvc {' '.join(arguments)}: {noise}")


# --- check ---------------------------------------------------------------------------------------------


def check() -> None:
    """Check schema and expectations, then keep the snapshot."""
    settings = config(Check)
    path = Path(settings.path)
    if not path.exists():
        raise CandidateError(f"{path} was not written")
    if settings.schema or settings.expect:
        _check_table(read(path), settings)
    sha256 = snapshot.sha256(path)
    outputs({"snapshot_sha256": sha256, "snapshot_uri": _keep(path, settings.pipeline, sha256)})


def _check_table(data: pa.Table, settings: Check) -> None:
    found = tableschema.findings(data, _schema(settings.schema)) if settings.schema else []
    lookup = _measures(data)
    results = [(rule, *_result(rule, lookup)) for rule in settings.expect]
    lines = [("schema", "broken" if found else "ok", "; ".join(found)) for _ in [0] if settings.schema]
    lines += [(rule.text, "ok" if good else "broken", shown) for rule, good, shown in results]
    summary(f"### Data: {data.num_rows} rows, {data.num_columns} columns\n\n" + table(["check", "result", "found"], lines))
    broken = found + [f"{rule.text}: {shown}" for rule, good, shown in results if not good]
    if broken:
        raise CandidateError("the data is not as expected: " + "; ".join(broken))


def _result(rule: rules.Rule, lookup: rules.Lookup) -> tuple[bool, str]:
    values = {leaf: lookup(leaf.name, leaf.arguments) for leaf in rules.leaves(rule.rule)}
    shown = ", ".join(f"{' '.join((leaf.name, *leaf.arguments))} = {value:g}" for leaf, value in values.items())
    return rules.holds(rule, lookup), shown


def _schema(name: str) -> tableschema.Schema:
    try:
        return tableschema.load(json.loads(Path(name).read_text(encoding="utf-8")), name)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the schema {name}: {error}") from None


def read(path: Path) -> pa.Table:
    """Read a table."""
    try:
        if path.is_dir() or path.suffix == ".parquet":
            return pyarrow.parquet.read_table(path)
        if path.suffix == ".csv":
            return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    except (pa.ArrowException, OSError) as error:
        raise CandidateError(f"{path} cannot be read: {error}") from None
    raise ConfigError(f"{path}: a schema or expectation needs a .parquet or .csv file")


MEASURES: dict[str, Callable[[pa.ChunkedArray], float | None]] = {
    "null_rate": lambda c: c.null_count / len(c) if len(c) else math.nan,
    "distinct": lambda c: float(len(c.drop_null().unique())),
    "min": lambda c: pc.min(c).as_py(),
    "max": lambda c: pc.max(c).as_py(),
    "mean": lambda c: pc.mean(c).as_py(),
    "std": lambda c: pc.stddev(c, ddof=1).as_py(),
}


def _measures(data: pa.Table) -> rules.Lookup:
    def lookup(name: str, arguments: tuple[str, ...]) -> float:
        if not arguments and name in ("rows", "columns"):
            return float(data.num_rows if name == "rows" else data.num_columns)
        if len(arguments) != 1 or name not in MEASURES:
            raise ConfigError(f"there is no measure {name}({', '.join(arguments)})")
        return _measure(data, name, arguments[0])

    return lookup


def _measure(data: pa.Table, name: str, column: str) -> float:
    if column not in data.column_names:
        raise CandidateError(f"{name}({column}): the data has no such column")
    try:
        value = MEASURES[name](data[column])
        return math.nan if value is None else float(value)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise CandidateError(f"{name}({column}): {error}") from None


def _keep(path: Path, pipeline: str, sha256: str) -> str:
    """Upload the snapshot, unless this very content is there already."""
    if not store.bucket():
        warning("no object store: the snapshot travels as a workflow artifact, which readers of the repository can download")
        return ""
    uri = f"s3://{store.bucket()}/mlp/{pipeline}/snapshots/{sha256}"
    here, done = store.Store(), f"{uri}/.complete"  # a directory's upload may have died half way
    if not here.objects(done):
        here.upload(path, f"{uri}/{path.name}")
        here.write(done, b"")
    return f"{uri}/{path.name}"


def main() -> None:
    """Run the subcommand."""
    commands = {"pull": pull, "check": check}
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in commands:
        raise ConfigError("usage: data.py pull | check")
    commands[name]()


if __name__ == "__main__":
    run(main)
