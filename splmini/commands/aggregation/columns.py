"""One aggregate over all groups: a column of partial results, by group, updated a batch at a time.

`AccumulatorColumn` serves every stats function through its accumulator class; `_fast_columns` has others for the most
frequent functions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from splmini.commands.aggregation.slices import Keys, Slice, Source, dimensions

# ---- columns --------------------------------------------------------------------------------------------------------


class Column:
    """The partial results of one aggregate: `cells` by the number of the group, None where there is none yet.

    `bad` are the groups that under allnum have no result, since a value was no number.
    """

    blank: Any = None

    def __init__(self, source: Source, make: Callable[[], Any], takes: str, empty: Any, strict: bool = False) -> None:
        self.source = source
        self.make = make
        self.takes = takes
        self.empty = empty
        self.bad: set[int] | None = set() if strict and takes == "number" else None
        self.cells: list[Any] = []

    def grow(self, size: int) -> list[Any]:
        """Make room for so many groups, and return the cells."""
        cells = self.cells
        if len(cells) < size:
            cells.extend([self.blank] * (size - len(cells)))
        return cells

    def travelling(self) -> list[Any]:
        """Return the cells as they are sent to another process."""
        return self.cells

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        raise NotImplementedError

    def numbers(self, part: Slice) -> tuple[Keys, list[Any]]:
        """Return the numbers of the batch with their groups; what is no number is remembered under allnum."""
        keys, numbers, bad = part.numbers(self.source)
        if self.bad is not None and bad:
            self.bad.update(bad)
        return keys, numbers

    def absorb(self, key: int, cell: Any) -> None:
        """Take a cell of another column of the kind into the cell of a group. The other column is given up."""
        raise NotImplementedError

    def moved(self, cell: Any, rows: int) -> Any:
        """Return a cell whose rows arrived a number of rows later."""
        return cell

    def merge(self, other: Column, groups: Sequence[int | None], size: int, rows: int = 0) -> None:
        """Take in a column made from later rows: `groups` are its groups' numbers here, None for those to drop."""
        self.grow(size)
        for key, cell in zip(groups, other.cells, strict=False):
            if key is not None and cell is not None:
                self.absorb(key, self.moved(cell, rows) if rows else cell)
        if self.bad is not None and other.bad:
            self.bad.update(new for old in other.bad if (new := groups[old]) is not None)

    def fold(self, groups: Sequence[int | None], size: int) -> None:
        """Give each group another number; groups whose numbers become equal are merged."""
        before = copy.copy(self)
        self.cells = []
        self.bad = None if before.bad is None else set()
        self.merge(before, groups, size)

    def result(self, key: int | None) -> Any:
        """Return the aggregate of a group; None stands for a group without rows."""
        if key is None or key >= len(self.cells):
            return self.empty
        return self.results([key])[0]

    def results(self, keys: Sequence[int]) -> list[Any]:
        """Return the aggregates of some groups."""
        finished, empty, cells, bad = self.finished, self.empty, self.grow(max(keys, default=-1) + 1), self.bad
        values = [empty if (cell := cells[key]) is None else finished(cell) for key in keys]
        return [None if key in bad else value for key, value in zip(keys, values, strict=True)] if bad else values

    def finished(self, cell: Any) -> Any:
        """Return the aggregate of a cell."""
        return cell

    def prepare(self) -> None:
        """Get ready for results, once all rows are in."""


class AccumulatorColumn(Column):
    """Any stats function: a cell is an accumulator."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        self.grow(part.size)
        _FEEDERS[self.takes](self, part)

    def cell(self, key: int) -> Any:
        """Return the accumulator of a group, made when first asked for."""
        cell = self.cells[key]
        if cell is None:
            cell = self.cells[key] = self.make()
        return cell

    def absorb(self, key: int, cell: Any) -> None:
        """Merge an accumulator into that of a key."""
        mine = self.cells[key]
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
            align([cell for cell in self.cells if cell is not None])


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
    "value": _feed_values,
    "number": _feed_numbers,
    "ordered": _feed_ordered,
    "timed": _feed_timed,
    "series": _feed_series,
}
