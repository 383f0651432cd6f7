"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
E2E = ROOT / "e2e"
INSTALLED = ROOT / "target" / "e2e"
BIN = INSTALLED / "bin"
ACT = ROOT / "target" / "tools" / "bin" / "act"
UV = ROOT / "target" / "tools" / "uv" / "bin"
KUSTOMIZE = ROOT / "target" / "tools" / "bin" / "kustomize"
TLS = INSTALLED / "tls"
ENVIRONMENTS = INSTALLED / "env"
EXAMPLE = ROOT / "examples" / "churn"


def python(environment: str) -> Path:
    """The interpreter of one of the stand's environments."""
    return ENVIRONMENTS / environment / "bin" / "python"
