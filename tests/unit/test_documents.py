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
        ("a: 1\na: 2", "The key 'a' stands twice.", (2, 1)),
        ("a: [1", "Not YAML: did not find expected ',' or ']'.", (2, 1)),
    ],
)
def test_refused(text: str, message: str, position: tuple[int, int]) -> None:
    """What could blow up, hide a value or is no YAML is refused where it stands."""
    with pytest.raises(KnowledgeError) as caught:
        load_document(text, "x.yml")
    assert (caught.value.message, caught.value.position) == (message, position)
