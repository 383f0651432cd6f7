"""Turns the OpenAPI schemas of CRDs into strict JSON schemas.

Run as `python -m checks.crd_schemas INTO CRD.yaml…`: leaves a copy of each CRD and one JSON schema a version in INTO.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

STRING_MAP = {"type": "object", "additionalProperties": {"type": "string"}}
# CRDs leave `metadata` to the API server; what a file in git may say of it is little.
METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
        "namespace": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"},
        "labels": STRING_MAP,
        "annotations": STRING_MAP,
        "finalizers": {"type": "array", "items": {"type": "string"}},
    },
}
DROPPED = {"description", "default", "example", "nullable"}


def strict(schema: Schema) -> Schema:
    """Refuse fields that the CRD does not name, except where it keeps unknown ones."""
    result = {
        key: _child(key, value) for key, value in schema.items() if key not in DROPPED and not key.startswith("x-")
    }
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if "properties" in schema and not open_ended:
        result["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        result.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    if schema.get("x-kubernetes-list-type") == "set":
        result["uniqueItems"] = True
    if schema.get("nullable"):
        return {"anyOf": [{"type": "null"}, result]}
    return result


def _child(key: str, value: object) -> object:
    if key == "properties" and isinstance(value, dict):
        return {name: strict(child) for name, child in value.items()}
    if key in {"items", "additionalProperties", "not"} and isinstance(value, dict):
        return strict(value)
    return value


def convert(crd: dict[str, Any]) -> dict[str, Schema]:
    """Return the schemas of a CRD by `group_version_Kind`."""
    spec = crd["spec"]
    group, kind = spec["group"], spec["names"]["kind"]
    return {
        f"{group}_{version['name']}_{kind}": _root(version, group, kind)
        for version in spec["versions"]
        if version["served"]
    }


def _root(version: dict[str, Any], group: str, kind: str) -> Schema:
    schema = strict(version["schema"]["openAPIV3Schema"])
    properties = schema["properties"]
    properties |= {"apiVersion": {"const": f"{group}/{version['name']}"}, "kind": {"const": kind}, "metadata": METADATA}
    schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", [])})
    return schema


def main(into: Path, crds: list[Path]) -> None:
    """Fill the directory."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for file in crds:
        shutil.copyfile(file, into / file.name)
        crd = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for name, schema in convert(crd).items():
            (into / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
