"""Smoke tests: the model is ready, answers as the approved one did, and keeps its contract."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import requests

import usercode
from common import CandidateError, ConfigError, Deadline, ServiceError, optional_env, parse
from web import Service

READY_IN_A_ROW = 3
WARM_UP, TIMED = 5, 50
SECRET = frozenset({"GITOPS_TOKEN", "ARGOCD_AUTH_TOKEN", "SERVING_TOKEN", "GITHUB_TOKEN"})

Values = dict[str, list[Any]]


@dataclass(frozen=True)
class Golden:
    """Configuration: known requests, and how their answers are known."""

    rows: str
    tolerance: float
    reference: list[str] | None = None


@dataclass(frozen=True)
class Contract:
    """Configuration: bad requests, and the time a good one may take."""

    requests: str | None = None
    p95_seconds: float | None = None


@dataclass(frozen=True)
class Smoke:
    """Configuration: which smoke tests."""

    ready: bool = True
    golden: Golden | None = None
    contract: Contract | None = None

    def __post_init__(self) -> None:
        if self.contract and self.contract.p95_seconds is not None and not self.golden:
            raise ConfigError("smoke.contract.p95_seconds needs smoke.golden: its request is the one that is timed")


@dataclass(frozen=True)
class Case:
    """One bad request of the file `contract.requests`."""

    name: str
    body: Any = None
    raw: str | None = None
    path: str | None = None
    status: list[int] = field(default_factory=list[int])

    def accepts(self, code: int) -> bool:
        """Whether the answer is a refusal of the caller, not a failure of the server."""
        return code in self.status if self.status else 400 <= code < 500


@dataclass(frozen=True)
class Model:
    """Which model is asked: the version, and the run that holds its golden predictions."""

    uri: str
    run_id: str


class Endpoint:
    """The served model."""

    def __init__(self, url: str, service: str, protocol: Literal["v1", "v2"], deadline: Deadline) -> None:
        self.service = service
        headers = {"Host": optional_env("SERVING_HOST"), "Authorization": _bearer()}
        given = {name: value for name, value in headers.items() if value}
        self._patient = Service("the model's endpoint", url, given, attempts=4, deadline=deadline)
        self._once = Service("the model's endpoint", url, given, attempts=1, deadline=deadline)
        model = f"/{protocol}/models/{service}"
        self.health = ["/v2/health/ready", f"{model}/ready"] if protocol == "v2" else [model]
        self.predict = f"{model}/infer" if protocol == "v2" else f"{model}:predict"
        self.deadline = deadline

    def is_ready(self) -> str:
        """Ask server and model; the answer says what is not ready, and is empty if all is."""
        for path in self.health:
            try:
                response = self._once.request("GET", path)
            except ServiceError as error:
                return str(error)
            if response.status_code != 200 or _json(response).get("ready") not in (True, None, "True", "true"):
                return f"{path} answers {response.status_code} {response.text[:200]}"
        return ""

    def post(self, body: Any = None, raw: str | None = None, path: str | None = None) -> requests.Response:
        """Send a request, again if the way there is disturbed."""
        return self._send(self._patient, body, raw, path or self.predict)

    def time(self, body: Any) -> float:
        """Send a request once; seconds until its answer is read."""
        start = time.perf_counter()
        response = self._send(self._once, body, None, self.predict)
        seconds = time.perf_counter() - start
        if response.status_code != 200:
            raise CandidateError(f"smoke test latency: a good request was answered {response.status_code}: {response.text[:300]}")
        return seconds

    def _send(self, service: Service, body: Any, raw: str | None, path: str) -> requests.Response:
        data = (raw if raw is not None else json.dumps(body)).encode()
        return service.request("POST", path, again=True, data=data, headers={"Content-Type": "application/json"})


def _bearer() -> str:
    token = optional_env("SERVING_TOKEN")
    return f"Bearer {token}" if token else ""


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        decoded = response.json()
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


# --- the three tests ------------------------------------------------------------------------------------


def ready(endpoint: Endpoint, poll_seconds: float) -> str:
    """Wait for three good polls in a row: one may have met an old pod that is about to go."""
    row, last = 0, "it was not asked"
    while not endpoint.deadline.expired():
        last = endpoint.is_ready()
        row = 0 if last else row + 1
        if row == READY_IN_A_ROW:
            return f"ready {row} times in a row"
        endpoint.deadline.sleep(poll_seconds)
    raise CandidateError(f"smoke test ready: not ready {READY_IN_A_ROW} times in a row before the deadline: {last}")


@dataclass(frozen=True)
class Known:
    """A request with the answer it must get."""

    request: dict[str, Any]
    outputs: Values


def known(golden: Golden, model: Model, deadline: Deadline) -> Known:
    """Return the golden request and its answer: of the approved artifact, or of the reference program."""
    if golden.reference:
        request = _load(Path(golden.rows))
        return Known(_object(request, golden.rows), _reference(golden, golden.reference, model, deadline))
    text = golden_file(model.run_id)
    if text is None:
        raise ServiceError(f"run {model.run_id} has no mlp/golden.json; the export that wrote it ran without golden rows")
    data = json.loads(text)
    return Known(data["request"], data["outputs"])


def golden_file(run_id: str) -> str | None:
    """Return the golden predictions that `export` kept in the run, None if it kept none."""
    import artifacts  # noqa: PLC0415  (MLflow takes seconds to import, and nothing else here needs it)

    return artifacts.read_run_file(run_id, "golden.json")


def _reference(golden: Golden, argv: list[str], model: Model, deadline: Deadline) -> Values:
    with tempfile.TemporaryDirectory(prefix="mlp-") as folder:
        answer = Path(folder) / "expected.json"
        extra = {"MLP_MODEL_URI": model.uri, "MLP_ROWS": str(Path(golden.rows).resolve()), "MLP_EXPECTED": str(answer)}
        wrong = usercode.call(argv, usercode.environment(extra, SECRET), deadline.left())
        if wrong:
            raise ConfigError(f"the reference program {wrong}")
        predictions = _object(_load(answer), "what the reference program wrote").get("predictions")
    if not isinstance(predictions, list):
        raise ConfigError('the reference program must write {"predictions": […]} to MLP_EXPECTED')
    return {"predict": list(_flat(predictions))}


def answers(endpoint: Endpoint, wanted: Known, tolerance: float) -> str:
    """Send the golden request and compare."""
    response = endpoint.post(wanted.request)
    if response.status_code != 200:
        raise CandidateError(f"smoke test golden: answered {response.status_code}: {response.text[:300]}")
    wrong = list(differences(wanted.outputs, values(_json(response)), tolerance))
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise CandidateError(f"smoke test golden: {'; '.join(wrong[:3])}{more}")
    return f"{sum(map(len, wanted.outputs.values()))} values within {tolerance:g}"


def values(answer: Mapping[str, Any]) -> Values:
    """Flatten the answer of either protocol: output → its values in row-major order."""
    if isinstance(outputs := answer.get("outputs"), list):
        return {str(o.get("name", n)): list(_flat(o.get("data"))) for n, o in enumerate(outputs) if isinstance(o, dict)}
    rows = answer.get("predictions")
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        return {name: list(_flat([row.get(name) for row in rows])) for name in rows[0]}
    return {"predict": list(_flat(rows))} if isinstance(rows, list) else {}


def differences(wanted: Values, got: Values, tolerance: float) -> Iterator[str]:
    """Say where an answer differs; a single output is compared whatever its name."""
    if len(wanted) == len(got) == 1:
        got = dict(zip(wanted, got.values(), strict=True))
    if missing := sorted(wanted.keys() - got.keys()):
        yield f"no output {', '.join(missing)}"
    for name in wanted.keys() & got.keys():
        ours, theirs = wanted[name], got[name]
        if len(ours) != len(theirs):
            yield f"{name}: {len(theirs)} values instead of {len(ours)}"
            continue
        pairs = enumerate(zip(ours, theirs, strict=True))
        yield from (f"{name}[{n}]: {b!r} instead of {a!r}" for n, (a, b) in pairs if not close(a, b, tolerance))


def close(wanted: Any, got: Any, tolerance: float) -> bool:
    """Whether two values are equal; numbers within the tolerance, absolute or relative to the expected one."""
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        return math.isfinite(got) and abs(wanted - got) <= tolerance * max(1.0, abs(wanted))
    return type(wanted) is type(got) and bool(wanted == got)


def refusals(endpoint: Endpoint, contract: Contract) -> str:
    """Send what must be refused; afterwards the model must still be ready."""
    cases = _cases(contract, endpoint)
    for case in cases:
        response = endpoint.post(case.body, case.raw, case.path)
        if not case.accepts(response.status_code):
            wanted = "/".join(map(str, case.status)) or "4xx"
            raise CandidateError(
                f"smoke test contract: {case.name!r} was answered {response.status_code}, not {wanted}: {response.text[:300]}"
            )
    if wrong := endpoint.is_ready():
        raise CandidateError(f"smoke test contract: no longer ready after bad requests: {wrong}")
    return f"{len(cases)} bad requests refused, still ready"


def _cases(contract: Contract, endpoint: Endpoint) -> list[Case]:
    if contract.requests:
        data = _load(Path(contract.requests))
        return list(parse(list[Case], data, contract.requests))
    unknown = endpoint.predict.replace(f"/{endpoint.service}", f"/{endpoint.service}-unknown")
    return [Case("not JSON", raw='{"inputs": ['), Case("no inputs", body={}), Case("an unknown model", body={"inputs": []}, path=unknown)]


def latency(endpoint: Endpoint, request: Any, budget: float) -> tuple[float, str]:
    """Time the golden request: 95th percentile by nearest rank, seen from here."""
    times = sorted([endpoint.time(request) for _ in range(WARM_UP + TIMED)][WARM_UP:])
    p95 = times[math.ceil(0.95 * TIMED) - 1]
    if p95 > budget:
        raise CandidateError(f"smoke test latency: p95 is {p95 * 1000:.1f} ms, more than {budget * 1000:g} ms")
    return p95, f"p95 {p95 * 1000:.1f} ms of at most {budget * 1000:g} ms"


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as JSON: {error}") from None


def _object(data: Any, name: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ConfigError(f"{name}: expected a JSON object")
    return data


def _flat(data: Any) -> Iterator[Any]:
    if isinstance(data, list):
        for item in data:
            yield from _flat(item)
    else:
        yield data


# --- all of them --------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What the tests found; filled as they pass, so that a failure leaves what came before."""

    rows: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    p95_seconds: str = ""


def run_all(endpoint: Endpoint, smoke: Smoke, model: Model | None, poll_seconds: float, report: Report) -> None:
    """Run the tests in order; the first that fails ends it. Without `model` nothing golden is known."""
    if smoke.ready:
        report.rows.append(("ready", ready(endpoint, poll_seconds)))
    wanted = known(smoke.golden, model, endpoint.deadline) if smoke.golden and model else None
    if wanted and smoke.golden:
        report.rows.append(("golden", answers(endpoint, wanted, smoke.golden.tolerance)))
    if smoke.contract:
        report.rows.append(("contract", refusals(endpoint, smoke.contract)))
    if smoke.contract and smoke.contract.p95_seconds is not None and wanted:
        p95, text = latency(endpoint, wanted.request, smoke.contract.p95_seconds)
        report.p95_seconds = f"{p95:.6f}"
        report.rows.append(("latency", text))
