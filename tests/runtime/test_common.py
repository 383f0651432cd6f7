from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import common
import pytest


@dataclass(frozen=True)
class Inner:
    number: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    many: list[Inner] = field(default_factory=list[Inner])
    named: dict[str, int] = field(default_factory=dict[str, int])
    maybe: Inner | None = None
    flag: bool = False


def parse(text: str, monkeypatch: pytest.MonkeyPatch) -> Outer:
    monkeypatch.setenv("MLP_CONFIG", text)
    return common.config(Outer)


def test_reads_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{"name": "x", "inner": {"number": 1}, "many": [{"number": 0.5, "kind": "b"}], "named": {"a": 1}, "maybe": null, "flag": true}'
    assert parse(text, monkeypatch) == Outer("x", Inner(1.0), [Inner(0.5, "b")], {"a": 1}, None, flag=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "x", "inner": {"number": 1}, "nmae": 1}', "unknown key nmae"),
        ('{"name": "x", "inner": {"number": 1, "kin": "a"}}', "MLP_CONFIG.inner: unknown key kin"),
        ('{"name": "x"}', "missing key inner"),
        ('{"name": 1, "inner": {"number": 1}}', "MLP_CONFIG.name: expected str, not int"),
        ('{"name": "x", "inner": {"number": true}}', "expected float, not bool"),
        ('{"name": "x", "inner": {"number": "1"}}', "expected float, not str"),
        ('{"name": "x", "inner": {"number": NaN}}', "NaN is not a JSON number"),
        ('{"name": "x", "inner": {"number": 1, "kind": "c"}}', "expected one of 'a', 'b'"),
        ('{"name": "x", "inner": {"number": 1}, "many": [{}]}', r"many\[0\]: missing key number"),
        ('{"name": "x", "inner": {"number": 1}, "named": {"a": 1.5}}', "named.a: expected int"),
        ('{"name": "x", "inner": {"number": 1}, "flag": 1}', "expected bool, not int"),
        ("[1]", "expected dict, not list"),
        ("{", "not JSON"),
        ("", "MLP_CONFIG is not set"),
    ],
)
def test_refuses_a_wrong_configuration(text: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(common.ConfigError, match=says):
        parse(text, monkeypatch)


def test_a_value_cannot_forge_an_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))
    common.output("reason", "a\nEOF\napproved=true\nmlp-0")
    lines = (tmp_path / "out").read_text().splitlines()
    name, _, delimiter = lines[0].partition("<<")
    assert (name, lines[-1]) == ("reason", delimiter)
    assert delimiter not in lines[1:-1]
    common.output("reason", "b")
    assert (tmp_path / "out").read_text().count(delimiter) == 2


def test_a_cell_cannot_break_a_table() -> None:
    text = common.table(["a"], [["x | y\n| z <b>"]])
    assert text.splitlines()[2:] == ["| x \\| y \\| z &lt;b> |"]


@pytest.mark.parametrize(
    ("failure", "code"), [(common.ConfigError, 2), (common.ServiceError, 3), (common.CandidateError, 4), (common.RaceError, 5)]
)
def test_failures_have_exit_codes(
    failure: type[common.Failure], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))

    def main() -> None:
        raise failure("one\n::set-output name=x::y 100%")

    with pytest.raises(SystemExit) as exit_:
        common.run(main)
    assert exit_.value.code == code
    assert capsys.readouterr().out == "::error::one%0A::set-output name=x::y 100%25\n"
    assert "one" in (tmp_path / "summary").read_text()


def test_a_deadline_ends() -> None:
    deadline = common.Deadline(0.05)
    assert not deadline.expired()
    deadline.sleep(30)
    assert deadline.expired()
    assert deadline.left() == 0.0


def test_the_contract_gives_configurations_that_parse() -> None:
    """The JSON examples of CONTRACT.md are the emitter's source: each must fit the script it stands under."""
    import data
    import export
    import gate
    import preflight
    import train

    kinds: dict[str, list[Any]] = {
        "preflight": [preflight.Settings],
        "data": [data.Pull, data.Check, None],
        "train": [train.Settings],
        "gate": [gate.Settings],
        "export": [export.Settings, None],
    }
    text = (Path(common.__file__).parent / "CONTRACT.md").read_text()
    for title, expected in kinds.items():
        section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
        blocks = [part.split("```")[0] for part in section.split("```json\n")[1:]]
        assert len(blocks) == len(expected)
        for block, kind in zip(blocks, expected, strict=True):
            if kind:
                assert common.parse(kind, json.loads(block)) is not None
