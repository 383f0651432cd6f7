"""Setting one value changes that value and no other byte."""

from __future__ import annotations

import pytest
import splice
from common import ConfigError

import gitops.world  # noqa: F401  (puts the scripts on the path)

PATH: splice.Path = ("spec", "uri")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec: {uri: old}  # note\n", "spec: {uri: s3://new/x}  # note\n"),
        ("spec:\n  uri: 'old' # note\n", "spec:\n  uri: 's3://new/x' # note\n"),
        ('spec:\n  uri: "old"\n', 'spec:\n  uri: "s3://new/x"\n'),
        ("spec:\r\n  uri: old\r\n  b: [1,  2]\r\n", "spec:\r\n  uri: s3://new/x\r\n  b: [1,  2]\r\n"),
        ("\ufeffspec:\n  uri: old\n", "\ufeffspec:\n  uri: s3://new/x\n"),
        ("é: 'ü𝄞'\nspec:\n  uri: old\n", "é: 'ü𝄞'\nspec:\n  uri: s3://new/x\n"),
        ("spec:\n  uri:\n", "spec:\n  uri: s3://new/x\n"),
        ("spec:\n  uri: old", "spec:\n  uri: s3://new/x"),
        ("---\nspec:\n  uri: old\n...\n", "---\nspec:\n  uri: s3://new/x\n...\n"),
        ("spec:\n  ? uri\n  : old\n", "spec:\n  ? uri\n  : s3://new/x\n"),
    ],
)
def test_replaces_in_place(before: str, after: str) -> None:
    once = splice.replace(before.encode(), "f.yaml", 0, {PATH: "s3://new/x"})
    assert once == after.encode()
    assert splice.replace(once, "f.yaml", 0, {PATH: "s3://new/x"}) == once


@pytest.mark.parametrize("value", ["a: b", "a #b", "- x", "it's", 'a"b\\', "a,b]", "{a", "", "yes", "ü", "1e5", " x "])
@pytest.mark.parametrize("style", ["spec: {{uri: {}}}\n", "spec:\n  uri: {} # note\n"])
@pytest.mark.parametrize("quote", ["old", "'old'", '"old"'])
def test_no_value_can_change_the_structure(value: str, style: str, quote: str) -> None:
    result = splice.replace(style.format(quote).encode(), "f.yaml", 0, {PATH: value})
    assert splice.documents(result, "f.yaml") == [{"spec": {"uri": value}}]


@pytest.mark.parametrize(
    "text",
    [
        "a: &u old\nspec:\n  uri: *u\n",
        "spec:\n  uri: &u old\nb: *u\n",
        "spec:\n  uri: old\n  uri: other\n",
        "spec:\n  uri: |\n    old\n",
        "spec:\n  uri: [old]\n",
        "spec: {}\n",
        "spec: [\n",
        "\x00",
    ],
)
def test_refuses_what_it_cannot_do_safely(text: str) -> None:
    with pytest.raises(ConfigError):
        splice.replace(text.encode(), "f.yaml", 0, {PATH: "s3://new"})


def test_several_documents_and_values() -> None:
    text = b"spec: {uri: a}\n---\nspec: {uri: b, image: c} # d\n"
    result = splice.replace(text, "f.yaml", 1, {PATH: "longer", ("spec", "image"): "x"})
    assert result == b"spec: {uri: a}\n---\nspec: {uri: longer, image: x} # d\n"


def test_line_breaks_are_refused() -> None:
    with pytest.raises(ConfigError):
        splice.replace(b"spec: {uri: 'a'}\n", "f.yaml", 0, {PATH: "a\nb: c"})
