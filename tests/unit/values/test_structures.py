"""JSON and XML values."""

from __future__ import annotations

from typing import Any

import pytest

from splmini.values import json, xml


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"a": {"b": {"c": 1}}}, {"a.b.c": 1}),
        ({"l": ["x", "y"]}, {"l{}": ["x", "y"]}),
        ({"l": [{"c": 1}, {"d": 2}]}, {"l{}.c": 1, "l{}.d": 2}),
        ([{"a": 1}, {"a": 2}], {"{}.a": [1, 2]}),
        ({"l": [[1], [2]]}, {"l{}{}": [1, 2]}),
        ({"t": True, "f": False, "n": None}, {"t": "true", "f": "false", "n": "null"}),
        ({"e": {}, "l": []}, {}),
        ("text", {}),
        ({"a": [1, [2, {"b": 3}]]}, {"a{}": 1, "a{}{}": 2, "a{}{}.b": 3}),
    ],
)
def test_flatten(value: Any, fields: dict[str, Any]) -> None:
    """JSON flattens to the field names that Splunk gives."""
    assert json.flatten(value) == fields


def test_flatten_deep_nesting() -> None:
    """Nesting does not exhaust the stack."""
    value: Any = 1
    for _ in range(5000):
        value = {"a": value}
    assert len(json.flatten(value)) == 1


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (True, "true"),
        (None, None),
        ((1, 2), [1, 2]),
        ([{"a": 1.0}], '{"a":1}'),
        (b"ab\xff", "ab\ufffd"),
        ({"a": None}, '{"a":null}'),
        ([], None),
        ([None, "x"], "x"),
        (1.5, 1.5),
    ],
)
def test_plain(value: Any, plain: Any) -> None:
    """Any Python value becomes a field value."""
    assert json.plain(value) == plain


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", "{'a': 1}", '{"a":1} x', '"\\ud8zz"', "[" * 100_000, "nul"])
def test_what_is_not_json(text: str) -> None:
    """Text that is not strict JSON is invalid, however long."""
    assert json.decode(text) is json.INVALID


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "x\ud83d", "b": 1}', {"a": "x\ufffd", "b": 1}),
        (r'"\ude00 \ud83d\ude00\ud83d"', "\ufffd \U0001f600\ufffd"),
        (r'"\\ud83d \\\ud83d \u00e9"', "\\ud83d \\\ufffd \u00e9"),
        (rb'["\uDC00"]', ["\ufffd"]),
    ],
)
def test_half_a_surrogate_pair(text: str | bytes, value: Any) -> None:
    """A character that was cut in two is replaced; whole pairs and escaped backslashes stay what they are."""
    assert json.decode(text) == value


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b", ["a", "b"]),
        ("{0}", [0]),
        ("a{}.b{2}", ["a", None, "b", 2]),
        ("a b.c-d", ["a b", "c-d"]),
        ("a{x}", None),
        ("", []),
        ("a..b", None),
    ],
)
def test_paths(path: str, steps: Any) -> None:
    """A path is a list of keys, indexes and wildcards."""
    assert json.parse_path(path) == steps


def test_xml() -> None:
    """XML flattens to element paths and attributes."""
    text = "<r a='1'><i>x</i><i k='v'>y<j/></i></r>"
    assert xml.flatten(text) == {"r{@a}": "1", "r.i": ["x", "y"], "r.i{@k}": "v"}
    assert xml.extract(text, "r.i{@k}") == "v"
    assert xml.extract(text, "r.z") is None
    assert xml.extract(text, "r{") is None


@pytest.mark.parametrize(
    "text",
    ["<a>", "plain", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>" * 300 + "</a>" * 300, "<a>&undefined;</a>", ""],
)
def test_xml_that_is_not_read(text: str) -> None:
    """Malformed XML, a DTD and absurd nesting give nothing."""
    assert xml.flatten(text) == {}
    assert xml.extract(text, "a") is None
