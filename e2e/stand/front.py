"""The TLS front: names of the world → servers on the loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stand.certificates import CERTIFICATE, KEY
from stand.paths import BIN
from stand.process import Command, Server

Route = dict[str, Any]


class Front:
    """Routes that can be moved or cut while a pipeline runs."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "routes.json"
        self._routes: dict[str, Route] = {}
        self._cut: dict[str, Route] = {}
        self._write()
        command: Command = [BIN / "front", "127.0.0.1", CERTIFICATE, KEY, self._file]
        self.server = Server(command, "http://127.0.0.1:80", folder / "front.log")

    def proxy(self, host: str, target: str) -> None:
        """Send a name's requests to a server."""
        self._routes[host] = {"proxy": target}
        self._write()

    def git(self, host: str, root: Path, tokens: dict[str, str]) -> None:
        """Serve the bare repositories below `root`; a token may `read` or `write`."""
        self._routes[host] = {"git": str(root), "tokens": tokens}
        self._write()

    def cut(self, host: str) -> Route:
        """Answer 503 for a name; gives the route that `restore` takes."""
        route = self._routes.pop(host, {})
        self._cut[host] = route
        self._write()
        return route

    def restore(self, host: str, route: Route) -> None:
        """Undo a cut."""
        self._routes[host] = route
        self._cut.pop(host, None)
        self._write()

    def mend(self) -> None:
        """Undo every cut."""
        for host, route in list(self._cut.items()):
            self.restore(host, route)

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._routes))
        fresh.replace(self._file)
