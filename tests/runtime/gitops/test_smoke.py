"""Smoke tests against a served model that misbehaves in every way that matters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import smoke
from common import CandidateError, ConfigError, Deadline, ServiceError

from gitops.cluster import Cluster, predictions, slow
from gitops.releases import REQUEST, ROWS, uri

URI = uri(2)
KNOWN = smoke.Known(REQUEST, {"predict": predictions(URI, ROWS)})


@pytest.fixture
def served(cluster: Cluster) -> Cluster:
    """Version 2 serves."""
    cluster.deployed = {"uri": URI}
    return cluster


def endpoint(served: Cluster, protocol: Any = "v2", seconds: float = 30) -> smoke.Endpoint:
    return smoke.Endpoint(served.env()["SERVING_ENDPOINT"], "churn", protocol, Deadline(seconds))


def on_infer(answer: Any) -> Any:
    return lambda path, _: answer if path.endswith("infer") else None


def outputs(*data: Any) -> Any:
    return on_infer((200, {"outputs": [{"name": "out", "data": list(data)}]}))


def test_a_good_model_passes(served: Cluster) -> None:
    there = endpoint(served)
    assert smoke.ready(there, 0.01) == "ready 3 times in a row"
    assert smoke.answers(there, KNOWN, 0.001) == "3 values within 0.001"
    assert smoke.refusals(there, smoke.Contract()) == "3 bad requests refused, still ready"
    p95, _ = smoke.latency(there, REQUEST, 5.0)
    assert 0 < p95 < 5


def test_v1(served: Cluster) -> None:
    there = endpoint(served, "v1")
    known = smoke.Known({"instances": [[row] for row in ROWS]}, KNOWN.outputs)
    assert smoke.ready(there, 0.01)
    assert smoke.answers(there, known, 0.001)
    assert smoke.refusals(there, smoke.Contract())


def test_ready_means_three_times_in_a_row(served: Cluster) -> None:
    polls: list[str] = []

    def flaky(path: str, _: Any) -> Any:
        if path == "/v2/health/ready":
            polls.append(path)
            return (503, {}) if len(polls) == 3 else None
        return None

    served.behaviour[URI] = flaky
    smoke.ready(endpoint(served), 0.01)
    assert len(polls) == 6


def test_a_server_without_its_model_is_not_ready(served: Cluster) -> None:
    served.behaviour[URI] = lambda path, _: (404, {}) if path == "/v2/models/churn/ready" else None
    with pytest.raises(CandidateError, match="smoke test ready"):
        smoke.ready(endpoint(served, seconds=0.5), 0.01)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (outputs(*(a + 0.01 for a in KNOWN.outputs["predict"])), r"predict\[0\]"),
        (outputs(*predictions(uri(1), ROWS)), "predict"),
        (outputs(*[float("nan")] * 3), "nan"),
        (outputs(*[float("inf")] * 3), "inf"),
        (outputs("2.1", "2.2", "5.0"), "predict"),
        (outputs(2.1), "1 values instead of 3"),
        (on_infer((200, {"outputs": []})), "no output predict"),
        (on_infer((200, "text")), "no output predict"),
        (on_infer((500, {"error": "traceback"})), "answered 500"),
    ],
)
def test_golden_refuses(served: Cluster, behaviour: Any, said: str) -> None:
    served.behaviour[URI] = behaviour
    with pytest.raises(CandidateError, match=said):
        smoke.answers(endpoint(served), KNOWN, 0.001)


def test_golden_is_sent_again_when_the_way_is_disturbed(served: Cluster) -> None:
    answers: Any = iter([(503, {}), (502, {})])
    served.behaviour[URI] = lambda path, _: next(answers, None) if path.endswith("infer") else None
    assert smoke.answers(endpoint(served), KNOWN, 0.001)


@pytest.mark.parametrize(
    ("wanted", "got", "equal"),
    [(100.0, 100.09, True), (100.0, 100.2, False), (0.0, 0.0009, True), ("a", "a", True), ("1", 1, False), (1, True, True)],
)
def test_tolerance_is_absolute_or_relative(wanted: Any, got: Any, equal: bool) -> None:  # noqa: FBT001
    assert smoke.close(wanted, got, 0.001) is equal


def test_outputs_are_compared_by_name_where_there_are_several() -> None:
    answer = {"outputs": [{"name": "b", "data": [[1], [2]]}, {"name": "a", "data": [3]}]}
    assert list(smoke.differences({"a": [3], "b": [1, 2]}, smoke.values(answer), 0)) == []
    assert list(smoke.differences({"a": [3], "c": [1]}, smoke.values(answer), 0)) == ["no output c"]
    rows = {"predictions": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    assert smoke.values(rows) == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(500, b'{"inputs": [', "'not JSON' was answered 500"), (200, b"{}", "'no inputs' was answered 200")],
)
def test_contract_refuses(served: Cluster, status: int, body: bytes, said: str) -> None:
    served.behaviour[URI] = lambda _, sent: (status, {}) if sent == body else None
    with pytest.raises(CandidateError, match=said):
        smoke.refusals(endpoint(served), smoke.Contract())


def test_a_bad_request_must_not_bring_the_model_down(served: Cluster) -> None:
    broken: list[bytes] = []

    def behave(path: str, body: bytes) -> Any:
        if body == b"{}":
            broken.append(body)
        return (503, {}) if broken and path.endswith("ready") else None

    served.behaviour[URI] = behave
    with pytest.raises(CandidateError, match="no longer ready"):
        smoke.refusals(endpoint(served), smoke.Contract())


def test_the_users_own_bad_requests(served: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps([{"name": "gone", "path": "/v2/models/x/infer", "body": REQUEST, "status": [404]}]))
    assert smoke.refusals(endpoint(served), smoke.Contract(str(file))).startswith("1 bad")
    file.write_text(json.dumps([{"name": "fine", "body": REQUEST}]))
    with pytest.raises(CandidateError, match="'fine' was answered 200, not 4xx"):
        smoke.refusals(endpoint(served), smoke.Contract(str(file)))
    file.write_text(json.dumps([{"name": "fine", "unknown": 1}]))
    with pytest.raises(ConfigError, match="unknown"):
        smoke.refusals(endpoint(served), smoke.Contract(str(file)))


def test_latency_is_the_95th_percentile(served: Cluster) -> None:
    there = endpoint(served)
    served.behaviour[URI] = slow(0.01)
    p95, _ = smoke.latency(there, REQUEST, 10)
    assert p95 > 0.01
    with pytest.raises(CandidateError, match="smoke test latency: p95"):
        smoke.latency(there, REQUEST, 0.01)


def test_a_dead_endpoint_is_somebody_elses_fault() -> None:
    there = smoke.Endpoint("http://127.0.0.1:9", "churn", "v2", Deadline(1))
    with pytest.raises(ServiceError):
        smoke.answers(there, KNOWN, 0.001)


REFERENCE = """
import json, os
rows = json.load(open(os.environ["MLP_ROWS"]))["inputs"][0]["data"]
assert "ARGOCD_AUTH_TOKEN" not in os.environ and "MLP_CONFIG" not in os.environ
version = os.environ["MLP_MODEL_URI"].rsplit("/", 1)[1]
json.dump({"predictions": [[row / 10 + int(version)] for row in rows]}, open(os.environ["MLP_EXPECTED"], "w"))
"""


@pytest.mark.parametrize(
    ("program", "error"),
    [(REFERENCE, None), (REFERENCE.replace("/ 10", "/ 9"), CandidateError), ("raise SystemExit(1)", ConfigError), ("", ConfigError)],
)
def test_a_reference_program_says_what_to_expect(served: Cluster, tmp_path: Path, monkeypatch: Any, program: str, error: Any) -> None:
    monkeypatch.setenv("ARGOCD_AUTH_TOKEN", "secret")
    monkeypatch.setenv("MLP_CONFIG", "{}")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps(REQUEST))
    golden = smoke.Golden(str(rows), 0.001, [sys.executable, "-c", program])
    given = (endpoint(served), smoke.Smoke(golden=golden), smoke.Model("models:/churn/2", "run"), 0.01, smoke.Report())
    if error:
        with pytest.raises(error):
            smoke.run_all(*given)
    else:
        smoke.run_all(*given)
        assert [name for name, _ in given[-1].rows] == ["ready", "golden"]
