"""Conditions on a dataset's fields under the names of the events; the lookup tables of an environment as a mapping."""

from __future__ import annotations

import pytest

import splmini
from splmini.knowledge.datamodels.conditions import renamed
from splmini.language import parser

NAMES = {"D.a": "a", "D.b": "b_raw"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D.a=1", "a=1"),
        ("D.b IN (1, x*)", "b_raw IN (1, x*)"),
        ("NOT D.a=1", "NOT a=1"),
        ("D.a=1 OR D.b!=2", "a=1 OR b_raw!=2"),
        ("D.a=1 word D.b=2", "a=1 word b_raw=2"),
        ("D.c=1", None),
        ("NOT D.c=1", None),
        ("D.a=1 OR D.c=2", None),
        ("D.c IN (1)", None),
    ],
)
def test_a_condition_by_the_names_of_the_events(text: str, expected: str | None) -> None:
    """A condition is asked of the events where each of its fields is one of theirs, and of none otherwise."""
    found = renamed(parser.parse_search(text), NAMES)
    assert found == (None if expected is None else parser.parse_search(expected))


def test_lookups_are_a_mapping() -> None:
    """The tables of an environment are listed by name, counted, found, and missed with a KeyError."""
    lookups = splmini.Environment(apps=[], lookups={"t": [{"k": "a"}], "s": []}).lookups
    assert [name for name in lookups if name in ("s", "t", "t.csv", "s.csv")] != []
    assert len(lookups) == len(list(lookups))
    assert "t" in lookups
    assert "nosuch" not in lookups
    assert list(lookups["t"].rows) == [{"k": "a"}]
    with pytest.raises(KeyError):
        lookups["nosuch"]
