"""The command line: exit codes, lines, and what it refuses to pass over in silence."""

import json
from pathlib import Path

import pytest

from checks import programs
from checks.__main__ import CHECKERS, main
from checks.documents import DIGEST, STORAGE_URI, built
from checks.repository import Repository

WORKFLOW = ".github/workflows/mlp-churn.yml"
SARIF = {
    "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
    "version": "2.1.0",
    "runs": [{"tool": {"driver": {"name": "mlp"}}, "results": []}],
}


def spoil(good: Repository) -> Path:
    """Spoil a workflow and return it."""
    file = good.root / WORKFLOW
    file.write_text(file.read_text(encoding="utf-8").replace("needs: fit", "needs: fitt"), encoding="utf-8")
    return file


def test_clean(good: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(good.root)]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"{checker}: 0 findings" in err for checker in CHECKERS)


def test_a_finding_is_one_line(good: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    file = spoil(good)
    assert main([str(good.root), "--only", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"github {file}:48: parser: Job 'rollout' depends on unknown job 'fitt'." in lines


def test_repositories_below_a_directory(good: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(good)
    assert main([str(good.root.parent), "--only", "github"]) == 1
    assert WORKFLOW in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_check_is_an_error(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_one_empty_directory_beside_a_good_one_is_an_error(good: Repository, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert main([str(good.root), str(tmp_path / "empty"), "--only", "readers"]) == 2


def test_a_missing_tool_is_an_error(
    good: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "PROGRAMS", ())
    monkeypatch.setenv("PATH", "")
    for checker in sorted(set(CHECKERS) - {"readers"}):  # these need no program
        assert main([str(good.root), "--only", checker]) == 2
        err = capsys.readouterr().err
        assert "run tools/install" in err or "node is not on PATH" in err


def test_a_missing_shellcheck_is_an_error(good: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PROGRAMS", programs.PROGRAMS[:1])
    assert main([str(good.root), "--only", "actionlint"]) == 2


def test_files_that_git_ignores_are_checked(good: Repository) -> None:
    file = good.root / WORKFLOW
    (good.root / ".git").mkdir()
    (good.root / ".gitignore").write_text("*\n", encoding="utf-8")
    (good.root / ".github" / "mlp" / "gate.py").write_text("import os\n", encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("persist-credentials: false", "persist-credentials: true"), encoding="utf-8")
    for checker in ("zizmor", "ruff"):
        assert main([str(good.root), "--only", checker]) == 1


def test_overlays_are_built_before_and_after_a_deploy(good: Repository) -> None:
    documents = built(good).documents
    before = [document for document in documents if document.build == "prod as committed"]
    assert [document.content["kind"] for document in before] == ["ServiceAccount"]
    after = [document for document in documents if document.build == "prod after a deploy"]
    service = json.dumps(next(d.content for d in after if d.content["kind"] == "InferenceService"))
    assert STORAGE_URI in service
    assert f"ghcr.io/acme/churn-transformer@{DIGEST}" in service


def test_an_overlay_without_its_release_component_is_built_as_after_a_deploy(good: Repository) -> None:
    release = good.root / "deploy/mlp/churn/overlays/prod/release"
    for file in release.iterdir():
        file.unlink()
    release.rmdir()
    assert built(good).findings == ()
    assert {document.build for document in built(good).documents} == {"base as committed", "prod after a deploy"}


def test_sarif(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.sarif"
    log.write_text(json.dumps(SARIF), encoding="utf-8")
    assert main(["--sarif", str(log)]) == 0
    log.write_text(json.dumps(SARIF | {"version": "2.0.0"}), encoding="utf-8")
    assert main(["--sarif", str(log)]) == 1
    assert "$.version: '2.0.0' is not one of ['2.1.0']" in capsys.readouterr().out
    log.write_text("{", encoding="utf-8")
    assert main(["--sarif", str(log)]) == 1
    assert main(["--sarif", str(tmp_path / "none")]) == 2
