"""JSON that breaks off: the members before the break are read, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import splmini
from splmini.knowledge.fields.autokv import json_fields
from splmini.knowledge.fields.steps import Names

EVERYTHING = Names(None)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), st.integers(1, 60))
def test_cut_at_any_place(document: dict[str, Any], place: int) -> None:
    """Cut anywhere, a text is read or refused, never an error; whole, it is read whole."""
    text = json.dumps(document)
    cut = json_fields(text[:place], EVERYTHING)
    assert cut is None or isinstance(cut, dict)
    assert json_fields(text, EVERYTHING) is not None


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"a": 1, "b": {"c": "x", "d": "cut of', {"a": 1, "b.c": "x"}),
        ('{"a": [{"b": 1}, {"b": 2}, {"b', {"a{}.b": [1, 2]}),
        (r'{"a": "x\ud83d", "b": 1.10}', {"a": "x\ufffd", "b": "1.10"}),
        (r'{"a": "x\ud83d", "b": "cut', {"a": "x\ufffd"}),
        ('{"a": 12', None),
        ('{"a": 1} and more', None),
        ("{a: 1}", None),
        ("[GIN] text", None),
    ],
)
def test_members_before_the_break(text: str, fields: dict[str, Any] | None) -> None:
    """Whole members before the break are fields; what is wrong rather than cut is no JSON."""
    assert json_fields(text, EVERYTHING) == fields


def test_an_absent_table_is_said() -> None:
    """A lookup whose content is not here is read as empty, and a message says so."""
    found = splmini.Environment().compile("| makeresults | eval a=1 | lookup asset_lookup_by_str asset AS a").run([])
    assert [each.text for each in found.messages] == [
        "The content of the lookup 'asset_lookup_by_str' is not here; it is read as empty."
    ]
