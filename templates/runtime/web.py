"""HTTP with timeouts, bounded retries and errors that say whose service failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from common import ConfigError, Deadline, ServiceError, jitter, optional_env

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
PASSING = frozenset({429, 502, 503, 504})  # states of a server that are worth a second try


@dataclass
class Service:
    """One HTTP service: its name in messages, address, credentials and time."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    basic: tuple[str, str] | None = None
    attempts: int = 4
    deadline: Deadline = field(default_factory=lambda: Deadline(120.0))

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        if not self.url.startswith(("https://", "http://")):
            raise ConfigError(f"{self.name}: {self.url!r} is not an http address")
        self._session = requests.Session()
        self._session.trust_env = False  # a ~/.netrc would override the credentials given here
        self._session.verify = optional_env("REQUESTS_CA_BUNDLE") or optional_env("SSL_CERT_FILE") or True
        self._session.proxies.update(requests.utils.get_environ_proxies(self.url))
        self._session.headers.update(self.headers)
        self._session.auth = self.basic

    def request(self, method: str, path: str, *, again: bool | None = None, **options: Any) -> requests.Response:
        """Send one request; any status is an answer. `again` allows repeats (default: not for POST)."""
        repeatable = method != "POST" if again is None else again
        last = "no time left"
        for attempt in range(self.attempts if repeatable else 1):
            if attempt:
                self.deadline.sleep(jitter(attempt))
            if self.deadline.expired():
                break
            try:
                response = self._send(method, path, options)
            except requests.RequestException as error:
                last = explain(error)
                continue
            if response.status_code not in PASSING or attempt + 1 == self.attempts or not repeatable:
                return response
            last = f"status {response.status_code}"
        raise ServiceError(f"{self.name} at {self.url} does not answer: {last}")

    def _send(self, method: str, path: str, options: Mapping[str, Any]) -> requests.Response:
        url = path if path.startswith(("https://", "http://")) else self.url + path
        left = max(self.deadline.left(), 0.1)
        timeout = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
        return self._session.request(method, url, **{"timeout": timeout, "allow_redirects": False, **options})

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send one request and decode its answer, which must be a success."""
        response = self.request(method, path, **options)
        self.expect(response)
        try:
            return response.json()
        except ValueError:
            raise ServiceError(f"{self.name} at {self.url} answered {path} with something that is not JSON") from None

    def expect(self, response: requests.Response) -> None:
        """Refuse an answer that is not a success."""
        if not 200 <= response.status_code < 300:
            where = response.url.split("?")[0]
            detail = response.text[:300].strip() or response.reason
            raise ServiceError(f"{self.name}: {where} answered {response.status_code}: {detail}")


def explain(error: requests.RequestException) -> str:
    """The kind of a transport error, without the noise (nor the query) of its text."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"{type(error).__name__} ({type(cause).__name__}: {str(cause)[:200]})"
