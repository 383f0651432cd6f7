"""Assembles and pushes an image without a daemon: `python -m stand.builder CONTEXT NAME:TAG` prints its digest.

Of the last stage of a Dockerfile: COPY from the context becomes a layer; WORKDIR, USER and ENTRYPOINT become the image's
configuration. Base image and RUN are left out, for neither the internet nor a sandbox is there; whoever runs the image
makes its environment from the lock file in it. Anything else is refused, and so is a file that does not exist.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stand.paths import BIN

NOT_RUN = ("RUN", "EXPOSE", "LABEL", "ARG", "ENV")


class BuildError(Exception):
    """The image cannot be built."""


@dataclass
class Image:
    """What a Dockerfile says."""

    workdir: str = "/"
    user: str = ""
    entrypoint: list[str] = field(default_factory=list[str])
    files: dict[str, Path] = field(default_factory=dict[str, Path])

    def apply(self, context: Path, instruction: str, value: str) -> None:
        """Take one instruction."""
        if instruction == "WORKDIR":
            self.workdir = str(PurePosixPath(self.workdir) / value)
        elif instruction == "USER":
            self.user = value
        elif instruction == "ENTRYPOINT":
            self.entrypoint = json.loads(value)
        elif instruction == "COPY":
            self._copy(context, value.split())
        elif instruction not in NOT_RUN:
            raise BuildError(f"unknown instruction: {instruction} {value}")

    def _copy(self, context: Path, words: list[str]) -> None:
        if words[0].startswith("--from="):
            return
        *sources, target = words
        for source in sources:
            path = context / source
            if not path.is_file():
                raise BuildError(f'"/{source}": not found')
            place = PurePosixPath(self.workdir) / target
            self.files[str(place / path.name if target.endswith("/") else place)] = path


def read(context: Path) -> Image:
    """Read the Dockerfile of a context."""
    image = Image()
    for line in (context / "Dockerfile").read_text(encoding="utf-8").splitlines():
        instruction, _, value = line.strip().partition(" ")
        if instruction.upper() == "FROM":
            image = Image()  # a new stage starts from nothing
        elif instruction and not line.startswith("#"):
            image.apply(context, instruction.upper(), value.strip())
    return image


def layer(image: Image) -> bytes:
    """The files as a tar archive, the same bytes for the same files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, path in sorted(image.files.items()):
            entry = tarfile.TarInfo(name.lstrip("/"))
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def push(image: Image, tag: str) -> str:
    """Push layer and configuration; gives the digest."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "layer.tar"
        file.write_bytes(layer(image))
        _crane("append", "--oci-empty-base", "--new_layer", str(file), "--new_tag", tag)
    settings = ["--workdir", image.workdir, "--user", image.user, "--entrypoint", ",".join(image.entrypoint)]
    return _crane("mutate", tag, "--tag", tag, *settings).rpartition("@")[2]


def _crane(*arguments: str) -> str:
    done = subprocess.run([BIN / "crane", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(done.stderr.strip())
    return done.stdout.strip()


def main() -> None:
    """Build, push, print the digest."""
    try:
        print(push(read(Path(sys.argv[1])), sys.argv[2]))
    except BuildError as error:
        sys.exit(f"ERROR: failed to build: {error}")


if __name__ == "__main__":
    main()
