from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import store
import tableschema
from common import ConfigError

from conftest import Step
from servers import BUCKET

FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "tenure", "type": "integer", "constraints": {"minimum": 0}},
    {"name": "charge", "type": "number"},
]
CONFIG = {
    "pipeline": "churn",
    "path": "features.parquet",
    "schema": "schema.json",
    "expect": [
        {"text": "rows >= 3", "rule": [">=", "rows", 3]},
        {"text": 'null_rate("tenure") <= 30%', "rule": ["<=", ["null_rate", "tenure"], 0.3]},
        {"text": 'mean("charge") > 1', "rule": [">", ["mean", "charge"], 1]},
    ],
}


def table(**columns: Any) -> pa.Table:
    return pa.table({"id": ["a", "b", "c", "d"], "tenure": [1, None, 3, 4], "charge": [1.5, 2.5, 3.5, 4.5]} | columns)


@pytest.fixture
def features(workspace: Path) -> Path:
    (workspace / "schema.json").write_text(json.dumps({"fields": FIELDS}))
    pyarrow.parquet.write_table(table(), workspace / "features.parquet")
    return workspace / "features.parquet"


# --- check -------------------------------------------------------------------------------------------


def test_good_data_becomes_a_snapshot(step: Step, features: Path, store_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in store_env.items():
        monkeypatch.setenv(name, value)
    done = step("data check", CONFIG, store_env, process=True)
    assert done.code == 0, done.log
    sha256 = subprocess.run(["sha256sum", str(features)], capture_output=True, text=True, check=True).stdout.split()[0]
    uri = f"s3://{BUCKET}/mlp/churn/snapshots/{sha256}/features.parquet"
    assert done.outputs == {"snapshot_sha256": sha256, "snapshot_uri": uri}
    assert store.Store().read(uri) == features.read_bytes()
    assert "null_rate tenure = 0.25" in done.summary
    again = step("data check", CONFIG, store_env)
    assert again.outputs == done.outputs


def test_without_a_store_the_workflow_carries_the_snapshot(step: Step, features: Path) -> None:
    done = step("data check", CONFIG)
    assert (done.code, done.outputs["snapshot_uri"]) == (0, "")
    assert "::warning::no object store" in done.log


def test_a_directory_is_hashed_as_sha256sum_would(step: Step, workspace: Path) -> None:
    for name in ("b/2.bin", "a.bin", "b/1.bin"):
        path = workspace / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    done = step("data check", {"pipeline": "churn", "path": "out"})
    command = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    shell = subprocess.run(["bash", "-c", command], cwd=workspace / "out", capture_output=True, text=True, check=True)
    assert done.outputs["snapshot_sha256"] == shell.stdout.split()[0]


def test_all_that_is_wrong_is_said_at_once(step: Step, features: Path, store_env: dict[str, str]) -> None:
    bad = pa.table({"id": ["a", "a", None], "tenure": [-1, 2, None], "note": ["x", "y", "z"]})
    pyarrow.parquet.write_table(bad, features)
    done = step("data check", CONFIG | {"expect": [{"text": "rows >= 4", "rule": [">=", "rows", 4]}]}, store_env)
    assert (done.code, done.outputs) == (4, {})
    for text in ("column charge is missing", "column note is not in the schema", "id: 1 values are missing", "id: 1 values repeat"):
        assert text in done.log
    assert "tenure: 1 values are below 0: -1" in done.log
    assert "rows >= 4: rows = 3" in done.log


def test_an_empty_table_has_no_rates(step: Step, features: Path) -> None:
    pyarrow.parquet.write_table(table().slice(0, 0), features)
    done = step("data check", CONFIG | {"expect": CONFIG["expect"][1:]})
    assert done.code == 4
    assert "null_rate tenure = nan" in done.log


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"expect": [{"text": "x", "rule": ["<", ["null_rate", "gone"], 1]}]}, 4, "no such column"),
        ({"expect": [{"text": "x", "rule": ["<", ["median", "tenure"], 1]}]}, 2, "no measure median(tenure)"),
        ({"expect": [{"text": "x", "rule": ["<", ["mean", "id"], 1]}]}, 4, "mean(id)"),
        ({"schema": "gone.json"}, 2, "gone.json"),
        ({"path": "gone.parquet"}, 4, "was not written"),
        ({"path": "schema.json"}, 2, "needs a .parquet or .csv file"),
    ],
)
def test_what_cannot_be_checked(step: Step, features: Path, change: dict[str, Any], code: int, says: str) -> None:
    done = step("data check", CONFIG | change)
    assert done.code == code, done.log
    assert says in done.log


def test_a_store_that_is_down(step: Step, features: Path, store_env: dict[str, str]) -> None:
    done = step("data check", CONFIG, store_env, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9")
    assert done.code == 3
    assert "object store" in done.log


# --- schema ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "values", "constraints", "found"),
    [
        ("integer", ["1"], {}, "is string, not integer"),
        ("integer", [1.5], {}, "is double, not integer"),
        ("integer", [True], {}, "is bool, not integer"),
        ("number", [1], {}, ""),
        ("number", [float("nan")], {}, "1 values are not finite: nan"),
        ("boolean", [True, None], {}, ""),
        ("string", [None, None], {}, ""),
        ("string", [None], {"required": True}, "1 values are missing"),
        ("string", ["ab", "b"], {"enum": ["b"]}, "1 values are not among the allowed: 'ab'"),
        ("string", ["ab", "b"], {"pattern": "a|b"}, "1 values do not match a|b: 'ab'"),
        ("string", ["ab", "b"], {"minLength": 2}, "1 values are shorter than 2: 'b'"),
        ("string", ["äb", "b"], {"maxLength": 1}, "1 values are longer than 1: 'äb'"),
        ("number", [1.0, 2.0], {"maximum": 1.5}, "1 values are above 1.5: 2.0"),
        ("integer", [1, 2], {"maximum": 1.5}, "1 values are above 1.5: 2"),
        ("date", [dt.date(2026, 1, 1)], {"minimum": "2026-02-01"}, "1 values are below 2026-02-01: datetime.date(2026, 1, 1)"),
        ("datetime", [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], {}, ""),
        ("any", [1], {"unique": True}, ""),
    ],
)
def test_types_and_constraints(type_: str, values: list[Any], constraints: dict[str, Any], found: str) -> None:
    schema = tableschema.load({"fields": [{"name": "x", "type": type_, "constraints": constraints}]}, "schema.json")
    assert "; ".join(tableschema.findings(pa.table({"x": values}), schema)) == (f"x: {found}" if found else "")


def test_dictionaries_and_keys() -> None:
    schema = tableschema.load({"fields": [{"name": "x", "type": "string"}, {"name": "y"}], "primaryKey": ["x", "y"]}, "schema.json")
    data = pa.table({"x": pa.array(["a", "a", "a"]).dictionary_encode(), "y": [1, 1, None]})
    assert tableschema.findings(data, schema) == ["primary key x, y: 1 rows repeat another", "primary key x, y: 1 values are missing"]


@pytest.mark.parametrize(("match", "found"), [("exact", ["the columns are in another order: y, x"]), ("equal", []), ("subset", [])])
def test_order_of_fields(match: str, found: list[str]) -> None:
    schema = tableschema.load({"fields": [{"name": "x"}, {"name": "y"}], "fieldsMatch": match}, "schema.json")
    assert tableschema.findings(pa.table({"y": [1], "x": [1]}), schema) == found


@pytest.mark.parametrize(
    "schema",
    [
        {"fields": [{"name": "x", "type": "geopoint"}]},
        {"fields": [{"name": "x", "format": "email"}]},
        {"fields": [{"name": "x"}, {"name": "x"}]},
        {"fields": [{"name": "x"}], "primaryKey": ["y"]},
        {"fields": [{"name": "x", "constraints": {"pattern": "(?=a)"}}]},
        {"fields": [{"name": "x"}], "foreignKeys": []},
    ],
)
def test_refuses_a_schema_it_does_not_understand(schema: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        tableschema.load(schema, "schema.json")


def test_csv(step: Step, features: Path, workspace: Path) -> None:
    pyarrow.csv.write_csv(table(), workspace / "features.csv")
    assert step("data check", CONFIG | {"path": "features.csv"}).code == 0


# --- pull --------------------------------------------------------------------------------------------


def test_pulls_from_the_default_remote(step: Step, clone: Path, store_env: dict[str, str]) -> None:
    done = step("data pull", {"targets": ["data.csv.dvc"]}, store_env)
    assert done.code == 0, done.log
    assert (clone / "data.csv").read_text() == "id\n1\n"


@pytest.mark.parametrize("content", [b"tampered", None])
def test_a_corrupt_or_missing_object(step: Step, clone: Path, store_env: dict[str, str], run_id: str, content: bytes | None) -> None:
    client = boto3.client("s3")
    key = client.list_objects_v2(Bucket=BUCKET, Prefix=f"dvc/{run_id}/")["Contents"][0]["Key"]
    if content is None:
        client.delete_object(Bucket=BUCKET, Key=key)
    else:
        client.put_object(Bucket=BUCKET, Key=key, Body=content)
    done = step("data pull", {"targets": ["data.csv.dvc"], "remote": "storage"}, store_env)
    assert done.code == 3, done.log
    assert not (clone / "data.csv").exists()


def test_a_pull_that_takes_too_long_says_so(step: Step, clone: Path, store_env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections are taken, answers never come
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = step("data pull", {"targets": ["data.csv.dvc"], "seconds": 6}, store_env, AWS_ENDPOINT_URL_S3=url)
    assert done.code == 3, done.log
    assert "DVC: pulling data.csv.dvc took more than 6 s" in done.log


def test_a_rule_about_nothing_is_a_finding(step: Step, features: Path) -> None:
    pyarrow.parquet.write_table(table().slice(0, 0), features)
    expect = [{"text": "no gaps", "rule": ["not", [">", ["null_rate", "tenure"], 0.1]]}, {"text": "rows >= 3", "rule": [">=", "rows", 3]}]
    done = step("data check", CONFIG | {"expect": expect})
    assert done.code == 4
    assert "the rule 'no gaps' cannot be decided: null_rate tenure is nan" in done.log
    assert "rows >= 3: rows = 0" in done.log
