"""The machine is measured before anything runs on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Step


def test_a_machine_that_has_enough_passes(step: Step) -> None:
    assert step("host", {"cpu": 1, "memory": 1024, "disk": 1024}).code == 0


def test_what_is_short_is_named(step: Step) -> None:
    result = step("host", {"memory": 2**60, "disk": 2**60})
    assert result.code == 2
    assert "memory (bytes)" in result.summary
    assert "free disk (bytes)" in result.summary


def test_no_driver_means_no_gpu(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "GPUs 0, not 1" in step("host", {"gpu": 1}).log


def test_gpus_are_counted(step: Step, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'GPU 0: A'\necho 'GPU 1: B'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert step("host", {"gpu": 2}).code == 0
    assert "GPUs 2, not 3" in step("host", {"gpu": 3}).log
