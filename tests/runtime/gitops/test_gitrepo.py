"""The clone: credentials over real HTTP, the runner's environment, links."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import gitrepo
import pytest
from common import ConfigError

from gitops.world import Origin, git

TOKEN = "gh-t0ken"


class Smart(BaseHTTPRequestHandler):
    """Git's own HTTP backend behind a token that reads and, unless it is read-only, writes."""

    root: Path
    writable: bool

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        wanted = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()
        elif "receive-pack" in self.path and not self.writable:
            self.send_response(403)
            self.end_headers()
        else:
            self._backend(url.path, url.query, body)

    def _backend(self, path: str, query: str, body: bytes) -> None:
        env = {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH": os.environ["PATH"],
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "mlp",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = respond  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(params=[True, False], ids=["writable", "read-only"])
def served(request: pytest.FixtureRequest, origin: Origin) -> Iterator[tuple[str, bool]]:
    """The origin over HTTP, and whether its token may push."""
    handler = type("Handler", (Smart,), {"root": origin.url.parent, "writable": request.param})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/origin.git", request.param
    server.shutdown()
    server.server_close()


def test_token_over_http(served: tuple[str, bool], origin: Origin, tmp_path: Path) -> None:
    url, writable = served
    with pytest.raises(ConfigError, match="refused git clone"):
        gitrepo.Clone(gitrepo.Remote(url, "main", "wrong"), tmp_path / "refused.git")
    clone = gitrepo.Clone(gitrepo.Remote(url, "main", TOKEN), tmp_path / "clone.git")
    commits: list[str | None] = []

    def edit(tip: str) -> str | None:
        commits.append(clone.commit(tip, {"a.yaml": b"a: 1\n"}, "Add", {"Mlp-Run": "x"}))
        return commits[-1]

    if writable:
        assert gitrepo.land(clone, edit) == origin.tip()
        assert origin.read("a.yaml") == "a: 1\n"
        assert clone.read(origin.tip(), "README.md") == b"The GitOps repository.\n"
    else:
        with pytest.raises(ConfigError, match="refused the push"):
            gitrepo.land(clone, edit)
        assert len(commits) == 1


def test_contents_are_fetched_only_when_read(origin: Origin, tmp_path: Path) -> None:
    origin.push({"big.bin": b"\0" * 100_000, "small.yaml": "a: 1\n"})
    clone = gitrepo.Clone(gitrepo.Remote(f"file://{origin.url}", "main"), tmp_path / "clone.git")
    tip = clone.fetch()
    missing = git(tmp_path / "clone.git", "rev-list", "--objects", "--missing=print", "--no-object-names", tip)
    assert missing.count("?") == 3
    assert clone.read(tip, "small.yaml") == b"a: 1\n"
    assert clone.commit(tip, {"small.yaml": b"a: 2\n"}, "Edit", {})
    missing = git(tmp_path / "clone.git", "rev-list", "--objects", "--missing=print", "--no-object-names", tip)
    assert missing.count("?") == 2


def test_the_token_stands_in_no_argument_and_for_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody else")
    env = gitrepo.environment(gitrepo.Remote("https://ada@github.com/acme/x.git", "main", TOKEN))
    assert {"GIT_DIR", "GIT_INDEX_FILE"}.isdisjoint(env)
    assert env["GIT_AUTHOR_NAME"] == "mlp"
    keys = [value for name, value in env.items() if name.startswith("GIT_CONFIG_KEY")]
    assert "http.https://github.com/.extraHeader" in keys
    assert int(env["GIT_CONFIG_COUNT"]) == len(keys)
    assert not any("extraHeader" in v for v in gitrepo.environment(gitrepo.Remote("git@github.com:a/b", "main", TOKEN)).values())


def test_a_password_in_an_address_is_not_shown() -> None:
    assert (
        gitrepo.last_line("warning: x\nfatal: unable to access 'https://me:secret@host/x'\n") == "fatal: unable to access 'https://host/x'"
    )


def test_a_link_is_not_written_through(origin: Origin, tmp_path: Path) -> None:
    (origin.work / "link.yaml").symlink_to("/etc/passwd")
    origin.push({})
    clone = gitrepo.Clone(gitrepo.Remote(str(origin.url), "main"), tmp_path / "clone.git")
    with pytest.raises(ConfigError, match="link"):
        clone.commit(clone.fetch(), {"link.yaml": b"a: 1\n"}, "Edit", {})


@pytest.mark.parametrize("value", ["two\nlines", "nul\0"])
def test_a_value_cannot_forge_a_trailer(origin: Origin, tmp_path: Path, value: str) -> None:
    clone = gitrepo.Clone(gitrepo.Remote(str(origin.url), "main"), tmp_path / "clone.git")
    with pytest.raises(ConfigError):
        clone.commit(clone.fetch(), {"a": b"a"}, "Edit", {"Mlp-Run": value})
    with pytest.raises(ConfigError):
        clone.commit(clone.fetch(), {"a": b"a"}, value, {})
