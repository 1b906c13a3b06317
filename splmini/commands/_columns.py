"""One aggregate over all groups: a column of partial results, keyed by group, updated a batch at a time.

`AccumulatorColumn` serves every stats function through its accumulator class; `_fast_columns` has others for the most
frequent functions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from splmini.commands._slices import Keys, Slice, Source, dimensions

# ---- columns --------------------------------------------------------------------------------------------------------


class Column:
    """The partial results of one aggregate, by group; `cells` is all that it keeps, and `bad` under allnum."""

    cells: dict[Any, Any]

    def __init__(self, source: Source, make: Callable[[], Any], takes: str, empty: Any, strict: bool = False) -> None:
        self.source = source
        self.make = make
        self.takes = takes
        self.empty = empty
        self.bad: set[Any] | None = set() if strict and takes == "number" else None
        self.cells = self.no_cells()

    def no_cells(self) -> dict[Any, Any]:
        """Return an empty table of cells."""
        return {}

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        raise NotImplementedError

    def numbers(self, part: Slice) -> tuple[Keys, list[Any]]:
        """Return the numbers of the batch with their keys; what is no number is remembered under allnum."""
        keys, numbers, bad = part.numbers(self.source)
        if self.bad is not None and bad:
            self.bad.update(bad)
        return keys, numbers

    def absorb(self, key: Any, cell: Any) -> None:
        """Take a cell of another column of the kind into the cell of a key. The other column is given up."""
        raise NotImplementedError

    def moved(self, cell: Any, rows: int) -> Any:
        """Return a cell whose rows arrived a number of rows later."""
        return cell

    def merge(self, other: Column, rows: int) -> None:
        """Take in a column made from rows that come after the `rows` rows of this one."""
        for key, cell in other.cells.items():
            self.absorb(key, self.moved(cell, rows) if rows else cell)
        if self.bad is not None and other.bad:
            self.bad |= other.bad

    def fold(self, target: Callable[[Any], Any]) -> None:
        """Give each group another key; groups whose keys become equal are merged, those with None are dropped."""
        cells, self.cells = self.cells, self.no_cells()
        for key, cell in cells.items():
            new = target(key)
            if new is not None:
                self.absorb(new, cell)
        if self.bad:
            self.bad = {new for key in self.bad if (new := target(key)) is not None}

    def result(self, key: Any) -> Any:
        """Return the aggregate of a group."""
        if self.bad and key in self.bad:
            return None
        cell = self.cells.get(key)
        return self.empty if cell is None else self.finished(cell)

    def finished(self, cell: Any) -> Any:
        """Return the aggregate of a cell."""
        return cell

    def prepare(self) -> None:
        """Get ready for results, once all rows are in."""

    def forget(self, key: Any) -> None:
        """Drop a group."""
        self.cells.pop(key, None)
        if self.bad:
            self.bad.discard(key)


class AccumulatorColumn(Column):
    """Any stats function: a cell is an accumulator."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        _FEEDERS[self.takes](self, part)

    def cell(self, key: Any) -> Any:
        """Return the accumulator of a group, made when first asked for."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = self.make()
        return cell

    def absorb(self, key: Any, cell: Any) -> None:
        """Merge an accumulator into that of a key."""
        mine = self.cells.get(key)
        if mine is None:
            self.cells[key] = cell
        else:
            mine.merge(cell)

    def moved(self, cell: Any, rows: int) -> Any:
        """Return an accumulator whose rows arrived later."""
        if hasattr(cell, "shift"):
            cell = copy.copy(cell)
            cell.shift(rows)
        return cell

    def finished(self, cell: Any) -> Any:
        """Return the accumulator's result."""
        return cell.result()

    def prepare(self) -> None:
        """Let accumulators agree on what they share over all groups (sparklines: their time range)."""
        align = getattr(self.make, "align", None)
        if align is not None:
            align(self.cells.values())


def _feed_values(column: AccumulatorColumn, part: Slice) -> None:
    flat = part.flat(column.source)
    for key, value in zip(flat.keys, flat.values, strict=True):
        column.cell(key).add(value)


def _feed_numbers(column: AccumulatorColumn, part: Slice) -> None:
    keys, numbers = column.numbers(part)
    for key, number in zip(keys, numbers, strict=True):
        column.cell(key).add(number)


def _feed_ordered(column: AccumulatorColumn, part: Slice) -> None:
    flat, orders = part.flat(column.source), part.orders
    for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
        column.cell(key).add(value, orders[row])


def _feed_timed(column: AccumulatorColumn, part: Slice) -> None:
    flat, orders, times = part.flat(column.source), part.orders, part.times()
    for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
        if times[row] is not None:
            column.cell(key).add(value, times[row], orders[row])


def _feed_series(column: AccumulatorColumn, part: Slice) -> None:
    flat, orders, times = part.flat(column.source), part.orders, part.times()
    for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
        if times[row] is not None:
            series = dimensions(part.rows[row], column.source.name)
            column.cell(key).add(value, times[row], orders[row], series)


_FEEDERS = {
    "value": _feed_values, "number": _feed_numbers, "ordered": _feed_ordered, "timed": _feed_timed,
    "series": _feed_series,
}
