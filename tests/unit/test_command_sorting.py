"""Sorting in memory and on disk, and rows that are kept for a second reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splmini.commands._sorting import SortKey, sort_rows, sorted_rows
from splmini.commands._spool import decode_row, encode_row, spooled
from splmini.errors import LimitExceeded
from splmini.limits import Limits
from splmini.operators import Row, batched
from splmini.values.numbers import Shown

SCALARS = st.one_of(st.integers(), st.floats(allow_nan=False), st.text(max_size=4), st.just("10.0.0.1"), st.just("7"))
ROWS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.one_of(SCALARS, st.lists(SCALARS, min_size=2, max_size=3))), max_size=30
)
KEYS = st.lists(
    st.builds(SortKey, st.sampled_from("abc"), st.booleans(), st.sampled_from(["auto", "num", "str", "ip"])),
    min_size=1,
    max_size=3,
)


@dataclass
class Context:
    """What sorting asks of a run."""

    limits: Limits = field(default_factory=Limits)

    def check(self, rows_kept: int = 0) -> None:
        """Accept any number of rows."""


def ordered(rows: list[Row], keys: list[SortKey], **options: Any) -> list[Row]:
    """Sort rows with the limits given; `count` is handed on."""
    count = options.pop("count", 0)
    context: Any = Context(Limits(**options))
    return list(sorted_rows(batched(rows, 3), keys, context, count))


@given(ROWS, KEYS)
def test_disk_sorts_as_memory_does(rows: list[Row], keys: list[SortKey]) -> None:
    """Runs on disk, merged, give what one sort in memory gives."""
    assert ordered(rows, keys, spool_bytes=400) == sort_rows(list(rows), keys)


@given(ROWS, KEYS, st.integers(1, 5))
def test_count_is_a_prefix(rows: list[Row], keys: list[SortKey], count: int) -> None:
    """A sort with a count gives the first rows of the whole sort."""
    assert ordered(rows, keys, count=count) == sort_rows(list(rows), keys)[:count]


@given(st.dictionaries(st.text(max_size=5), st.one_of(SCALARS, st.lists(SCALARS, min_size=2))))
def test_rows_survive_the_disk(row: Row) -> None:
    """A row that is written comes back as it was, types included."""
    back = decode_row(encode_row(row))
    assert back == row
    assert [type(value) for value in back.values()] == [type(value) for value in row.values()]


def test_shown_numbers_and_large_integers_survive_the_disk() -> None:
    """Numbers with fixed decimals and integers beyond 64 bits keep what they are."""
    back = decode_row(encode_row({"a": Shown(10, 2), "b": 1 << 80, "c": [1 << 70, Shown(1.5, 3)]}))
    assert (back["a"].places, back["b"], back["c"][0], back["c"][1].places) == (2, 1 << 80, 1 << 70, 3)


def test_spool_keeps_order_and_names() -> None:
    """A spool that goes to disk gives its rows in order, and knows the fields in theirs."""
    rows: list[Row] = [{"n": number, f"f{number % 3}": "x" * 50} for number in range(50)]
    context: Any = Context(Limits(spool_bytes=2000))
    spool = spooled(batched(rows, 4), context)
    assert list(spool.names) == ["n", "f0", "f1", "f2"]
    assert [row["n"] for batch in spool.batches() for row in batch] == list(range(50))


def test_spool_has_a_limit() -> None:
    """A spool that outgrows the disk budget says which limit to raise."""
    context: Any = Context(Limits(spool_bytes=1, sort_bytes=10))
    with pytest.raises(LimitExceeded, match="more than 10 bytes"):
        spooled(batched([{"a": "x" * 50}] * 20, 2), context)
