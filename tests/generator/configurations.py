"""Every MLP_CONFIG of the workflows below a directory, read as its script reads it: `configurations.py SCRIPTS DIRECTORY`."""

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import yaml

CALL = re.compile(r"\.github/mlp/(\w+)\.py(?: (\w+))?$")
# Where a script reads several configurations, or one that another script declares.
CLASSES = {("data", "pull"): "Pull", ("data", "check"): "Check", ("host", None): "Host"}


class Absent:
    """Stands in for the libraries that a script imports, none of which has a part in its configuration."""

    def __init__(self, own: set[str]) -> None:
        self.own = own

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name.split(".")[0] in self.own or name.split(".")[0] in sys.stdlib_module_names:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: object) -> ModuleType:
        module = MagicMock(name=spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module: ModuleType) -> None:
        pass


def kind(script: str, subcommand: str | None) -> type:
    module = importlib.import_module(script)
    names = [CLASSES.get((script, subcommand)), "Config", "Settings"]
    return next(getattr(module, name) for name in names if name and hasattr(module, name))


def complaints(workflow: Path) -> list[str]:
    common = importlib.import_module("common")
    found = []
    for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
        for step in job["steps"]:
            if call := CALL.search(step.get("run", "")):
                try:
                    common.parse(kind(*call.groups()), json.loads(step["env"]["MLP_CONFIG"]))
                except common.ConfigError as error:
                    found.append(f"{workflow}: {step['name']}: {error}")
    return found


def main() -> int:
    scripts, directory = map(Path, sys.argv[1:])
    sys.path.insert(0, str(scripts))
    sys.meta_path.insert(0, Absent({path.stem for path in scripts.glob("*.py")}))
    workflows = sorted(directory.glob("**/.github/workflows/*.yml"))
    found = [line for workflow in workflows for line in complaints(workflow)]
    print("\n".join([*found, f"{len(workflows)} workflows"]))
    return 1 if found or not workflows else 0


if __name__ == "__main__":
    sys.exit(main())
