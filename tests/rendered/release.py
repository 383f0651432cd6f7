"""Writes a release as a deploy does: `release.py SCRIPTS REPOSITORY`, with the deploy's configuration and the release on standard input."""

import json
import sys
from pathlib import Path


def main() -> None:
    scripts, root = map(Path, sys.argv[1:])
    sys.path.insert(0, str(scripts))
    from release import Manifest, Release, target  # noqa: PLC0415  (of the scripts under test)

    given = json.load(sys.stdin)
    place = target(Manifest(**given["config"]["manifest"]), given["config"]["environment"])

    def read(name: str) -> bytes | None:
        return (root / name).read_bytes() if (root / name).exists() else None

    for name, content in place.write(read, Release(**given["release"])).items():
        if content is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)


if __name__ == "__main__":
    main()
