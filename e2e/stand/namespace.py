"""Runs a command in a world of its own: `unshare --mount --net … python -m stand.namespace COMMAND…`.

In it there is no network but the loopback, the world's names lead there, and the throwaway authority is trusted as a
company's own would be.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from stand.certificates import BUNDLE, SYSTEM
from stand.names import HOSTS

# Every program here has its own idea of where certificates come from.
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO")
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def raise_loopback() -> None:
    """Do what `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def bind(source: Path, target: Path) -> None:
    """Put a file in the place of another, for this namespace only."""
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)


def main() -> None:
    """Set the world up, then become the command."""
    raise_loopback()
    with tempfile.NamedTemporaryFile("w", prefix="hosts-", delete=False) as hosts:
        hosts.write(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
    Path(hosts.name).chmod(0o644)
    bind(Path(hosts.name), Path("/etc/hosts"))
    Path(hosts.name).unlink()
    if SYSTEM.exists():
        bind(BUNDLE, SYSTEM)
    env = {**os.environ, **dict.fromkeys(BUNDLE_VARIABLES, str(BUNDLE)), "E2E_INSIDE": "1"}
    os.execvpe(sys.argv[1], sys.argv[1:], env)


if __name__ == "__main__":
    main()
