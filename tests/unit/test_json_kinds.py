"""The kinds of JSON events that the built-in packs list."""

from __future__ import annotations

import pytest

from splmini.events.recognise import JsonKind, json_kind, json_kinds


def example(kind: JsonKind) -> dict[str, str]:
    """Return an object that has what a kind asks for, and nothing else."""
    return {**dict.fromkeys(kind.keys, "x"), **kind.where}


@pytest.mark.parametrize("kind", json_kinds(), ids=lambda kind: f"{kind.sourcetype} {'+'.join(sorted(kind.keys))}")
def test_each_kind_is_reached(kind: JsonKind) -> None:
    """An object with the keys of a kind is of that kind: no kind listed before it takes it away."""
    found = json_kind(example(kind))
    assert (found.sourcetype, found.source) == (kind.sourcetype.replace("{_path}", "x"), kind.source)


@pytest.mark.parametrize("kind", json_kinds(), ids=lambda kind: f"{kind.sourcetype} {'+'.join(sorted(kind.keys))}")
def test_each_kind_asks_for_something_and_tells_the_time(kind: JsonKind) -> None:
    """A kind has keys, among them those whose values it names, and says which of its fields is the time."""
    assert kind.keys
    assert kind.times
    assert kind.where.keys() <= kind.keys


def test_an_object_of_no_kind_is_plain_json() -> None:
    """An object that no pack knows is of sourcetype _json."""
    assert json_kind({"a": 1}).sourcetype == "_json"
