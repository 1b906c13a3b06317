"""Cells that are wildcards: looked up by their text or tested, they match what each of them matches alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from splmini.knowledge.lookups.tables import _Patterns
from splmini.values.wildcards import compile_wildcard

CELLS = st.text(alphabet="abB*.", min_size=1, max_size=5)


@given(st.lists(CELLS, max_size=8), st.text(alphabet="abB.", max_size=6), st.booleans())
def test_wildcards_of_a_column(cells: list[str], value: str, fold: bool) -> None:
    """The rows found are those whose cell matches, whatever its form, with and without respect to case."""
    column = _Patterns("WILDCARD", fold)
    for position, cell in enumerate(cells):
        column.add(cell, position)
    expected = {position for position, cell in enumerate(cells) if compile_wildcard(cell, ignore_case=fold)(value)}
    assert column.matching(value) == expected
