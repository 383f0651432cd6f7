"""A throwaway certificate authority, and one certificate for all names of the world."""

from pathlib import Path

import trustme

from stand.names import HOSTS
from stand.paths import TLS

SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")
BUNDLE = TLS / "bundle.pem"
CERTIFICATE = TLS / "certificate.pem"
KEY = TLS / "key.pem"


def make() -> None:
    """Write authority, certificate and key anew."""
    TLS.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*HOSTS)
    KEY.write_bytes(issued.private_key_pem.bytes())
    CERTIFICATE.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    system = SYSTEM.read_bytes() if SYSTEM.exists() else b""
    BUNDLE.write_bytes(system + authority.cert_pem.bytes())


if __name__ == "__main__":
    make()
