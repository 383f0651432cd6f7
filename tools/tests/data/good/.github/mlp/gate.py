"""Decides."""


def approved(score: float, limit: float) -> str:
    """Return an output of GitHub Actions."""
    return str(score >= limit).lower()


print(approved(0.9, 0.75))
