"""The release component and the compare-and-set, on plain dictionaries."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import yaml
from common import RaceError
from release import Changes, Manifest, Release, may_replace, nothing_deployed, target

from gitops.world import RUNTIME

MANIFEST = Manifest("churn", path="apps/churn", image="ghcr.io/acme/t")
OLD = Release("s3://ml/1", "1", "sha256:" + "1" * 64, "a/b/1")
NEW = Release("s3://ml/2", "2", "sha256:" + "2" * 64, "a/b/2", "run", "da7a", "c0de")


def reader(files: Changes) -> Callable[[str], bytes | None]:
    return files.get


def test_the_contract_shows_the_component_byte_for_byte() -> None:
    text = (RUNTIME / "CONTRACT.md").read_text()
    section = text[text.index("### The release component") : text.index("### Commits")]
    shown = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert [content.encode() for content in shown] == list(nothing_deployed("x", "churn").values())


def test_what_is_written_is_read_back() -> None:
    owned = target(MANIFEST, "prod")
    files = owned.write(reader({}), NEW)
    assert list(files) == [f"apps/churn/overlays/prod/release/{n}.yaml" for n in ("kustomization", "release")]
    assert owned.read(reader(files)) == NEW
    assert owned.read(reader(owned.write(reader({}), Release()))) == Release()
    assert owned.read(reader({})) == Release()


@pytest.mark.parametrize("value", ['a"b', "a: b # c", "1e5", "yes", "\\", "{{ x }}", "é"])
def test_no_value_changes_the_structure(value: str) -> None:
    owned = target(MANIFEST, "prod")
    files = owned.write(reader({}), Release(value, value, value, value, value, value, value))
    annotations = yaml.safe_load(files[owned.files[1]] or b"")["metadata"]["annotations"]
    assert list(annotations.values()) == [value] * 5
    assert owned.read(reader(files)).uri == value


def test_undo_restores_the_bytes_before() -> None:
    owned = target(MANIFEST, "prod")
    before, ours = owned.write(reader({}), OLD), owned.write(reader({}), NEW)
    assert owned.undo(reader(ours), reader(ours), reader(before)) == before


def test_undo_of_a_first_release_leaves_nothing_deployed() -> None:
    owned = target(MANIFEST, "prod")
    ours = owned.write(reader({}), NEW)
    assert owned.undo(reader(ours), reader(ours), reader({})) == nothing_deployed("apps/churn/overlays/prod/release", "churn")


def test_undo_keeps_the_digest_of_a_transformer_that_is_new() -> None:
    """Manifests are not rolled back, and a transformer without a digest would not start."""
    owned = target(MANIFEST, "prod")
    before = target(Manifest("churn", path="apps/churn"), "prod").write(reader({}), OLD)
    ours = owned.write(reader({}), NEW)
    after = owned.read(reader(owned.undo(reader(ours), reader(ours), reader(before))))
    assert (after.uri, after.digest) == (OLD.uri, NEW.digest)


@pytest.mark.parametrize(
    ("now", "rule", "champion", "adopted", "allowed"),
    [
        (Release(), "champion", "", False, True),
        (Release(), "champion", "9", True, True),
        (OLD, "champion", "1", True, True),
        (OLD, "champion", "", True, False),
        (OLD, "champion", "10", True, False),
        (OLD, "older", "", True, True),
        (Release("s3://ml/3", "3"), "older", "", True, False),
        (Release("s3://ml/10", "10"), "champion", "10", True, False),
        (Release("s3://ml/9", "2", run="a/b/2"), "champion", "1", True, True),
        (Release("s3://by-hand"), "champion", "", False, True),
        (Release("s3://by-hand"), "older", "", True, False),
        (Release("s3://by-hand", "latest"), "older", "", True, False),
    ],
)
def test_compare_and_set(now: Release, rule: str, champion: str, adopted: bool, allowed: bool) -> None:  # noqa: FBT001
    if allowed:
        may_replace(now, NEW, rule, champion, adopted=adopted)
    else:
        with pytest.raises(RaceError):
            may_replace(now, NEW, rule, champion, adopted=adopted)
