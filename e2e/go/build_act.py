"""Builds act with a schema of workflows that knows the keys that are newer than it: `python3 build_act.py INTO`.

Nothing else of act is changed. INTO is a directory for the copy of its source; the program goes where `GOBIN` says, unless it is there
already.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ACT = "github.com/nektos/act"
# `deployment: false` makes no deployment record; act keeps no such records anyway.
NEWER = {"job-environment-mapping": {"deployment": "boolean"}}


def go(*command: str) -> str:
    """Run go in this directory."""
    here = Path(__file__).parent
    return subprocess.run(["go", *command], cwd=here, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def renew(schema: Path) -> None:
    """Add the newer keys."""
    content = json.loads(schema.read_text(encoding="utf-8"))
    for definition, keys in NEWER.items():
        content["definitions"][definition]["mapping"]["properties"].update(keys)
    schema.write_text(json.dumps(content), encoding="utf-8")


def pins() -> str:
    """Return what changes with everything that decides what is built."""
    files = [Path(__file__).with_name(name) for name in ("go.mod", "go.sum", "build_act.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def main() -> None:
    """Build, unless that is done, and remember what was built."""
    into = Path(sys.argv[1])
    built, program = into / "built", Path(os.environ["GOBIN"]) / "act"
    if program.is_file() and built.is_file() and built.read_text(encoding="utf-8") == pins():
        return
    build(into)
    built.write_text(pins(), encoding="utf-8")


def build(into: Path) -> None:
    """Copy the pinned source, change its schema, build with the pinned dependencies."""
    shutil.rmtree(into, ignore_errors=True)
    go("mod", "download", ACT)
    shutil.copytree(go("list", "-m", "-f", "{{.Dir}}", ACT), into / "act", copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(into):
        Path(folder).chmod(0o755)
    renew(into / "act/pkg/schema/workflow_schema.json")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(Path(__file__).with_name(name), into / name)
    modfile = f"-modfile={into / 'go.mod'}"
    go("mod", "edit", f"-replace={ACT}={into / 'act'}", str(into / "go.mod"))
    go("install", modfile, ACT)


if __name__ == "__main__":
    main()
