"""The GitOps repository as a bare clone: commits are built from content, byte for byte, without a working tree."""

from __future__ import annotations

import base64
import enum
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from common import ConfigError, ServiceError, jitter, optional_env, warning

ATTEMPTS = 10
NETWORK_SECONDS = 180.0
AUTHOR = ("mlp", "mlp@users.noreply.github.com")
FILE_MODES = frozenset({"100644", "100755"})

# These would redirect git to another repository or sign the commit with another name.
INHERITED = re.compile(r"GIT_(DIR|WORK_TREE|INDEX_FILE|NAMESPACE|CONFIG|(OBJECT|AUTHOR|COMMITTER)_.*|CONFIG_(COUNT|KEY|VALUE|PARAM).*)")
REFUSED = re.compile(
    r"authentication failed|could not read username|permission .*denied|returned error: 40[13]|not found|does not exist", re.IGNORECASE
)
# How a server words that the branch moved while it took the push: a lost race, not a refusal.
MOVED = re.compile(r"cannot lock ref|failed to (update|lock) ref|incorrect old value|non-fast-forward|fetch first", re.IGNORECASE)

Read = Callable[[str], "bytes | None"]


@dataclass(frozen=True)
class Remote:
    """Where the repository is, which branch counts, and how to get in."""

    url: str
    branch: str
    token: str = ""

    @staticmethod
    def from_env() -> Remote:
        """Read GITOPS_URL, GITOPS_BRANCH and GITOPS_TOKEN."""
        url, branch = optional_env("GITOPS_URL"), optional_env("GITOPS_BRANCH")
        if not url or not branch:
            raise ConfigError("GITOPS_URL and GITOPS_BRANCH must be set")
        return Remote(url, branch, optional_env("GITOPS_TOKEN"))


class Pushed(enum.Enum):
    """What became of a push."""

    LANDED = enum.auto()
    MOVED = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True)
class Commit:
    """A commit with its trailers."""

    sha: str
    trailers: Mapping[str, str]

    def matches(self, wanted: Mapping[str, str]) -> bool:
        """Whether every wanted trailer is there with that value."""
        return all(self.trailers.get(name) == value for name, value in wanted.items())


class Clone:
    """A bare clone without file contents; those are fetched when read."""

    def __init__(self, remote: Remote, folder: Path) -> None:
        self._remote = remote
        self._folder = folder
        self._env = environment(remote)
        options = ["--bare", "--quiet", "--filter=blob:none", "--single-branch", "--no-tags"]
        self._network("clone", *options, "--branch", remote.branch, "--", remote.url, str(folder))
        self._ref = f"refs/heads/{remote.branch}"

    # --- reading ---------------------------------------------------------------------------------

    def fetch(self) -> str:
        """Bring the branch up to date and return its tip."""
        self._network("fetch", "--quiet", "--no-tags", "origin", f"+{self._ref}:{self._ref}")
        return self._git("rev-parse", "--verify", f"{self._ref}^{{commit}}").strip()

    def at(self, commit: str) -> Read:
        """Return a function that reads a file of `commit`."""
        return lambda path: self.read(commit, path)

    def read(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a file, or None where there is none."""
        entry = self.files(commit, path).get(path)
        return None if entry is None else self._run("cat-file", "blob", entry[1]).stdout

    def files(self, commit: str, folder: str) -> dict[str, tuple[str, str]]:
        """List the files at or below `folder`: path to mode and blob."""
        listing = self._git("ls-tree", "-r", "-z", "--full-tree", commit, "--", f":(literal){folder}")
        entries = (line.split("\t", 1) for line in listing.split("\0") if line)
        return {path: (meta.split()[0], meta.split()[2]) for meta, path in entries}

    def parent(self, commit: str) -> str:
        """Return the first parent."""
        return self._git("rev-parse", "--verify", f"{commit}^1").strip()

    def has(self, commit: str) -> bool:
        """Whether the clone knows the commit."""
        return self._run("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}", check=False).returncode == 0

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `commit` is `ancestor` or comes after it."""
        if not (self.has(commit) and self.has(ancestor)):
            return False
        return self._run("merge-base", "--is-ancestor", ancestor, commit, check=False).returncode == 0

    def log(self, tip: str, wanted: Mapping[str, str]) -> list[Commit]:
        """List the commits that carry these trailers, newest first."""
        name, value = next(iter(wanted.items()))
        form = "--format=%H%x00%(trailers:only,unfold)%x1e"
        text = self._git("log", form, "--fixed-strings", f"--grep={name}: {value}", tip, "--")
        commits = (_parse_commit(part.strip("\n")) for part in text.split("\x1e") if part.strip())
        return [commit for commit in commits if commit.matches(wanted)]

    # --- writing ---------------------------------------------------------------------------------

    def commit(self, parent: str, changes: Mapping[str, bytes | None], subject: str, trailers: Mapping[str, str]) -> str | None:
        """Build a commit on `parent` (None deletes a file); None if nothing would change."""
        tree = self._tree(parent, changes)
        if tree == self._git("rev-parse", "--verify", f"{parent}^{{tree}}").strip():
            return None
        lines = [f"{name}: {_one_line(value)}" for name, value in trailers.items() if value]
        message = "\n".join([_one_line(subject), "", *lines, ""])
        return self._git("commit-tree", "-p", parent, "-F", "-", tree, stdin=message.encode()).strip()

    def _tree(self, parent: str, changes: Mapping[str, bytes | None]) -> str:
        index = {"GIT_INDEX_FILE": str(self._folder / "mlp-index")}
        self._run("read-tree", parent, extra=index)
        lines = "".join(self._index_line(parent, path, content) for path, content in changes.items())
        self._run("update-index", "-z", "--index-info", stdin=lines.encode(), extra=index)
        # Contents that did not change were never fetched.
        return self._run("write-tree", "--missing-ok", extra=index).stdout.decode().strip()

    def _index_line(self, parent: str, path: str, content: bytes | None) -> str:
        if content is None:
            return f"0 {'0' * 40}\t{path}\0"
        mode = self.files(parent, path).get(path, ("100644", ""))[0]
        if mode not in FILE_MODES:
            raise ConfigError(f"{path} in the GitOps repository is a link or a submodule, not a file")
        blob = self._git("hash-object", "-w", "--stdin", stdin=content).strip()
        return f"{mode} {blob}\t{path}\0"

    def push(self, commit: str) -> Pushed:
        """Offer `commit` as the new tip; a refusal is an error, anything else is told."""
        done = self._run("push", "--porcelain", "origin", f"{commit}:{self._ref}", check=False)
        if done.returncode == 0:
            return Pushed.LANDED
        answer, noise = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        refusal = next((line for line in answer.splitlines() if line.startswith("!")), "")
        if "[rejected]" in refusal or MOVED.search(refusal):
            return Pushed.MOVED
        if "[remote rejected]" in refusal or (not refusal and REFUSED.search(noise)):
            reason = refusal.split("\t")[-1] or last_line(noise)
            detail = " ".join(line[8:] for line in noise.splitlines() if line.startswith("remote: "))
            raise ConfigError(f"the GitOps repository refused the push to {self._remote.branch}: {reason} {detail}".rstrip())
        warning(f"the push to the GitOps repository got no clear answer: {last_line(noise)}")
        return Pushed.UNKNOWN

    # --- running git -----------------------------------------------------------------------------

    def _network(self, *command: str) -> None:
        for attempt in range(4):
            done = self._run(*command, check=False)
            if done.returncode == 0:
                return
            noise = done.stderr.decode(errors="replace")
            if REFUSED.search(noise):
                break
            time.sleep(jitter(attempt))
        else:
            raise ServiceError(f"the GitOps repository does not answer git {command[0]}: {last_line(noise)}")
        raise ConfigError(f"the GitOps repository refused git {command[0]}: {last_line(noise)}")

    def _git(self, *command: str, stdin: bytes = b"") -> str:
        return self._run(*command, stdin=stdin).stdout.decode(errors="surrogateescape")

    def _run(
        self, *command: str, stdin: bytes = b"", check: bool = True, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        place: Sequence[str] = [] if command[0] == "clone" else ["--git-dir", str(self._folder)]
        done = _call(["git", *place, *command], stdin, {**self._env, **(extra or {})})
        if check and done.returncode != 0:
            noise = done.stderr.decode(errors="replace")
            raise ServiceError(f"git {command[0]} failed in the clone of the GitOps repository: {last_line(noise)}")
        return done


def land(clone: Clone, edit: Callable[[str], str | None]) -> str | None:
    """Make the edit on the fresh tip and push it, again and again until it lands; None if it changes nothing."""
    for attempt in range(ATTEMPTS):
        head = edit(clone.fetch())
        if head is None:
            return None
        if clone.push(head) is Pushed.LANDED or clone.contains(clone.fetch(), head):
            return head
        time.sleep(jitter(attempt))
    raise ServiceError(f"the GitOps branch moved under {ATTEMPTS} pushes in a row")


def environment(remote: Remote) -> dict[str, str]:
    """The environment for git: the runner's, without redirections, with our name and credentials."""
    env = {name: value for name, value in os.environ.items() if not INHERITED.fullmatch(name)}
    for role in ("AUTHOR", "COMMITTER"):
        env[f"GIT_{role}_NAME"], env[f"GIT_{role}_EMAIL"] = AUTHOR
    settings = [("gc.auto", "0"), ("http.lowSpeedLimit", "1"), ("http.lowSpeedTime", "60"), *_credentials(remote)]
    for number, (name, value) in enumerate(settings):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = name, value
    return {**env, "GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _credentials(remote: Remote) -> list[tuple[str, str]]:
    """Pass the token by environment (an argument would show in the process list), for this host alone."""
    parts = urlsplit(remote.url)
    if not remote.token or parts.scheme not in ("https", "http"):
        return []
    secret = base64.b64encode(f"x-access-token:{remote.token}".encode()).decode()
    host = parts.netloc.rsplit("@", 1)[-1]
    return [(f"http.{parts.scheme}://{host}/.extraHeader", f"Authorization: Basic {secret}")]


def _call(command: Sequence[str], stdin: bytes, env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=NETWORK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, b"", f"no answer in {NETWORK_SECONDS:.0f} s".encode())
    except FileNotFoundError:
        raise ConfigError("git is not installed") from None


def _parse_commit(text: str) -> Commit:
    sha, _, trailers = text.partition("\0")
    pairs = (line.partition(": ")[::2] for line in trailers.splitlines())
    return Commit(sha, dict(pairs))


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ConfigError(f"{text!r} cannot stand in a commit message")
    return text


def last_line(noise: str) -> str:
    """The line in which git says why, without credentials of a URL."""
    lines = [line for line in noise.splitlines() if line.strip()] or ["(no message)"]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return re.sub(r"//[^/@\s]+@", "//", (fatal or lines)[-1])
