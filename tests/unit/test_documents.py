"""YAML from strangers."""

from __future__ import annotations

import pytest

from splmini import KnowledgeError
from splmini.documents import load_data, load_document


def test_a_date_that_no_calendar_has_is_text() -> None:
    """Dates are text, so one that is wrong does not make a file unreadable."""
    assert load_data("date: 2025-22-10\nday: 2025-01-02") == {"date": "2025-22-10", "day": "2025-01-02"}


def test_positions_of_values_and_keys() -> None:
    """Every value and every key knows where it stands."""
    document = load_document("a: [1, b]")
    assert (document.positions["a", 1], document.keys["a",]) == ((1, 8), (1, 1))


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("a: &x 1\nb: *x", "YAML aliases are not allowed.", (2, 4)),
        ("a: &x [1, {b: 2}]\nc: {d: [*x]}", "YAML aliases are not allowed.", (2, 9)),
        ("a: &x [1, *x]", "YAML aliases are not allowed.", (1, 11)),
        ("a: &x {b: 1}\nc:\n  <<: *x", "YAML aliases are not allowed.", (3, 7)),
        ("? &x k\n: *x", "YAML aliases are not allowed.", (2, 3)),
        ("a: *nowhere", "YAML aliases are not allowed.", (1, 4)),
        ("<<: {a: 1}\na: 2\na: 3", "The key 'a' stands twice.", (3, 1)),
        ("a: 1\na: 2", "The key 'a' stands twice.", (2, 1)),
        ("a: [1", "Not YAML: did not find expected ',' or ']'.", (2, 1)),
    ],
)
def test_refused(text: str, message: str, position: tuple[int, int]) -> None:
    """What could blow up, hide a value or is no YAML is refused where it stands."""
    with pytest.raises(KnowledgeError) as caught:
        load_document(text, "x.yml")
    assert (caught.value.message, caught.value.position) == (message, position)


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x", "a: &x [1, *x]", "a: *nowhere", "- &x {b: 1}\n- *x"])
def test_data_alone_has_no_aliases(text: str) -> None:
    """Where no positions are wanted, aliases are refused as well."""
    with pytest.raises(KnowledgeError, match="YAML aliases are not allowed"):
        load_data(text)


def test_stars_and_anchors_that_are_no_aliases() -> None:
    """Wildcards, ampersands and an anchor that nothing refers to are no aliases, nor are equal values."""
    text = "a: 'x * *y & &z'\nb: &anchor 1\nc: [x*, x*]\n<<: {d: 1}"
    document = load_document(text)
    assert document.data == load_data(text) == {"a": "x * *y & &z", "b": 1, "c": ["x*", "x*"], "d": 1}
    assert document.positions["<<", "d"] == (4, 9)
