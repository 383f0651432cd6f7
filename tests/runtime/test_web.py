from __future__ import annotations

import time

import pytest
from common import ConfigError, Deadline, ServiceError
from registry import Registry
from web import Service

from servers import Api, free_port


def test_a_passing_trouble_is_tried_again(api: Api) -> None:
    statuses = iter([503, 429, 200])
    api.on("GET", "/x", lambda _, __: (next(statuses), {}, b"{}"))
    assert Service("it", api.url).json("GET", "/x") == {}
    assert len(api.seen) == 3


def test_trouble_that_stays_is_an_error(api: Api) -> None:
    api.on("GET", "/x", lambda _, __: (503, {}, b"busy"))
    with pytest.raises(ServiceError, match="503"):
        Service("it", api.url, attempts=2).json("GET", "/x")
    assert len(api.seen) == 2


def test_a_post_is_not_repeated_by_itself(api: Api) -> None:
    api.on("POST", "/x", lambda _, __: (503, {}, b""))
    assert Service("it", api.url).request("POST", "/x").status_code == 503
    assert len(api.seen) == 1


def test_nobody_there() -> None:
    with pytest.raises(ServiceError, match="does not answer"):
        Service("it", f"http://127.0.0.1:{free_port()}", attempts=2).request("GET", "/")


def test_a_server_that_hangs_costs_no_more_than_the_deadline(api: Api) -> None:
    def hang(*_: object) -> tuple[int, dict[str, str], bytes]:
        time.sleep(3)
        return 200, {}, b"{}"

    api.on("GET", "/x", hang)
    start = time.monotonic()
    with pytest.raises(ServiceError, match="does not answer"):
        Service("it", api.url, deadline=Deadline(0.5)).request("GET", "/x")
    assert time.monotonic() - start < 2.5


def test_time_that_passes_between_requests_is_not_waiting(api: Api) -> None:
    api.on("GET", "/x", lambda _, __: (200, {}, b"{}"))
    service = Service("it", api.url, patience=0.2)
    time.sleep(0.3)
    assert service.json("GET", "/x") == {}


def test_a_registry_that_is_updated_comes_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = iter([503] * 20 + [200])
    api.on("GET", "/api/.*", lambda _, __: (next(statuses), {}, b'{"registered_model": {}}'))
    monkeypatch.setattr("web.jitter", lambda _: 0.01)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", api.url)
    assert Registry().aliases("churn") == {}


def test_a_redirect_is_not_followed_with_credentials(api: Api) -> None:
    api.on("GET", "/x", lambda _, __: (302, {"Location": "http://127.0.0.1:1/"}, b""))
    with pytest.raises(ServiceError, match="302"):
        Service("it", api.url, basic=("u", "secret")).json("GET", "/x")


def test_an_error_names_neither_query_nor_password(api: Api) -> None:
    with pytest.raises(ServiceError) as error:
        Service("it", api.url, basic=("u", "hush")).json("GET", "/x?token=hush")
    assert "hush" not in str(error.value)


def test_not_json_and_not_http(api: Api) -> None:
    api.on("GET", "/x", lambda _, __: (200, {}, b"<html>"))
    with pytest.raises(ServiceError, match="not JSON"):
        Service("it", api.url).json("GET", "/x")
    with pytest.raises(ConfigError, match="not an http address"):
        Service("it", "ftp://x")
