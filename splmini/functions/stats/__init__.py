"""The aggregates of stats, chart, timechart and their relatives: one decorated class each, by family.

A class has `add`, `merge` and `result` (see `splmini.registry.Accumulator`). A result never depends on where the rows
were cut into parts: merging partial accumulators gives what one accumulator over all rows gives. Aggregates that
depend on the order of rows are given a row's number and keep it (`takes="ordered"`, `takes="timed"`), so that they
merge in any order; `shift` moves those numbers when a part turns out to begin later.
"""

from __future__ import annotations

from typing import Any

from splmini.values.numbers import to_number


def feed(takes: str, accumulator: Any, value: Any, time: float | None, order: int) -> None:
    """Give one value (never null, never a list) to an accumulator, in the way that it takes values."""
    if takes == "value":
        accumulator.add(value)
    elif takes == "number":
        number = to_number(value)
        if number is not None:
            accumulator.add(number)
    elif takes == "ordered":
        accumulator.add(value, order)
    elif time is not None:
        accumulator.add(value, time, order)
