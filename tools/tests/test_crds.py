"""What is made of a CRD: the API server's judgement with CEL rules, and the strict JSON schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from checks.crd_schemas import convert
from checks.programs import INSTALLED, program, run

WIDGET = Path(__file__).parent / "data" / "crds" / "widget.yaml"


def widget(**spec: object) -> dict[str, Any]:
    """Return a custom resource."""
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def judged(document: dict[str, Any]) -> list[str]:
    """Return what the API server's code says."""
    output = run([program("crdcheck"), WIDGET], stdin=json.dumps({"document": document}) + "\n")
    return [json.loads(line)["message"] for line in output.splitlines()]


def test_a_cel_rule_is_enforced() -> None:
    assert judged(widget(low=1, high=2)) == []
    (message,) = judged(widget(low=2, high=1))
    assert "low must not exceed high" in message


def test_a_list_set_holds_no_value_twice() -> None:
    (message,) = judged(widget(low=1, high=2, tags=["a", "a"]))
    assert "Duplicate value" in message


def test_an_unknown_kind_is_refused() -> None:
    (message,) = judged(widget() | {"kind": "Gadget"})
    assert message == "no CRD for example.com/v1 Gadget"


def test_the_installed_crds_have_no_cel_rules_yet() -> None:
    # Once this number grows, spoil an emitted file against one of the new rules in test_awake.py.
    rules = run([program("crdcheck"), "-rules", *sorted((INSTALLED / "crds").glob("*.yaml"))])
    assert rules.splitlines() == [
        "argoproj.io/v1alpha1 AppProject 0",
        "argoproj.io/v1alpha1 Application 0",
        "serving.kserve.io/v1beta1 InferenceService 0",
    ]


@pytest.mark.parametrize(
    ("spec", "valid"),
    [
        ({"low": 1, "size": "2Gi", "note": None, "tags": ["a", "b"], "free": {"any": 1}}, True),
        ({"size": 2}, True),
        ({"size": 0.5}, False),
        ({"low": None}, False),
        ({"lo": 1}, False),
        ({"tags": ["a", "a"]}, False),
    ],
)
def test_the_json_schema_is_strict(spec: dict[str, object], valid: bool) -> None:
    (schema,) = convert(yaml.safe_load(WIDGET.read_text(encoding="utf-8"))).values()
    assert jsonschema_rs.validator_for(schema).is_valid(widget(**spec)) is valid
