"""The columns of the most frequent functions: as `AccumulatorColumn`, without a call per value.

A property test holds each equal to the accumulators of its function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from splmini.commands.aggregation.columns import Column
from splmini.commands.aggregation.slices import Flat, Keys, Slice, texts
from splmini.functions.stats.multivalue import sorted_values
from splmini.values.exact import ExactSum, added, merged, value_of
from splmini.values.numbers import to_number, to_text


class EventCountColumn(Column):
    """count without a field."""

    blank = 0

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        self.count(part.keys, part)

    def count(self, keys: Keys, part: Slice) -> None:
        """Count the rows of groups."""
        cells = self.grow(part.size)
        if part.single:
            cells[0] += len(keys)
        else:
            for key in keys:
                cells[key] += 1

    def absorb(self, key: int, cell: int) -> None:
        """Add a count."""
        self.cells[key] += cell


class ValueCountColumn(EventCountColumn):
    """count(X)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        self.count(part.flat(self.source).keys, part)


class SumColumn(Column):
    """sum(X): a cell is an integer or, once there was a float, an `ExactSum`."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        keys, numbers = self.numbers(part)
        cells = self.grow(part.size)
        if part.single:
            if numbers:
                self.absorb(0, _sum(numbers))
        elif sum(numbers).__class__ is int:
            for key, number in zip(keys, numbers, strict=True):
                known = cells[key]
                cells[key] = number if known is None else known + number
        else:
            for key, number in zip(keys, numbers, strict=True):
                known = cells[key]
                if known.__class__ is ExactSum:
                    known.add(number)
                else:
                    cells[key] = added(known, number)

    def absorb(self, key: int, cell: Any) -> None:
        """Add a sum."""
        self.cells[key] = merged(self.cells[key], cell)

    def finished(self, cell: Any) -> Any:
        """Return the sum."""
        return value_of(cell)


def _sum(numbers: list[Any]) -> int | ExactSum:
    total = sum(numbers)
    if total.__class__ is int:
        return int(total)
    exact = ExactSum()
    exact.take(numbers)
    return exact


class AvgColumn(Column):
    """avg(X): cells are [sum, count]."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        keys, numbers = self.numbers(part)
        cells = self.grow(part.size)
        if part.single:
            if numbers:
                self.absorb(0, [_sum(numbers), len(numbers)])
            return
        whole = sum(numbers).__class__ is int
        for key, number in zip(keys, numbers, strict=True):
            cell = cells[key]
            if cell is None:
                cells[key] = [number if whole else added(None, number), 1]
            else:
                cell[0] = cell[0] + number if whole else added(cell[0], number)
                cell[1] += 1

    def absorb(self, key: int, cell: Any) -> None:
        """Add a sum and a count."""
        mine = self.cells[key]
        if mine is None:
            self.cells[key] = cell
        else:
            mine[0] = merged(mine[0], cell[0])
            mine[1] += cell[1]

    def finished(self, cell: Any) -> Any:
        """Return the mean."""
        total = value_of(cell[0])
        return None if total is None else total / cell[1]


class MinColumn(Column):
    """min(X): a cell is the least number, or the least text where no number was seen."""

    best: Callable[..., Any] = staticmethod(min)

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        self.grow(part.size)
        flat = part.flat(self.source)
        keys, numbers, bad = part.numbers(self.source)
        if part.single and numbers:
            self.absorb(0, self.best(numbers))
        elif numbers:
            try:
                self.take(keys, numbers)
            except TypeError:  # a group whose cell is a text; taking a number twice does no harm
                for key, number in zip(keys, numbers, strict=True):
                    self.absorb(key, number)
        if bad:
            for key, value in zip(flat.keys, flat.values, strict=True):
                if to_number(value) is None:
                    self.absorb(key, to_text(value))

    def take(self, keys: Keys, numbers: list[Any]) -> None:
        """Take in numbers, where no cell is a text."""
        cells = self.cells
        for key, number in zip(keys, numbers, strict=True):
            known = cells[key]
            if known is None or number < known:
                cells[key] = number

    def absorb(self, key: int, cell: Any) -> None:
        """Keep the better of two numbers or two texts; a number beats any text."""
        known = self.cells[key]
        if known is None or (known.__class__ is str and cell.__class__ is not str):
            self.cells[key] = cell
        elif (known.__class__ is str) == (cell.__class__ is str):
            self.cells[key] = self.best(known, cell)


class MaxColumn(MinColumn):
    """max(X): a cell is the greatest number, or the greatest text where no number was seen."""

    best = staticmethod(max)

    def take(self, keys: Keys, numbers: list[Any]) -> None:
        """Take in numbers, where no cell is a text."""
        cells = self.cells
        for key, number in zip(keys, numbers, strict=True):
            known = cells[key]
            if known is None or number > known:
                cells[key] = number


class SetColumn(Column):
    """dc(X): a cell is the set of texts."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat = part.flat(self.source)
        values = self.items(flat)
        cells = self.grow(part.size)
        if part.single and values:
            if cells[0] is None:
                cells[0] = set()
            cells[0].update(values)
            return
        try:
            self.add(flat.keys, values)
        except TypeError:  # a group that has no set yet; adding a value twice does no harm
            for key in set(flat.keys):
                if cells[key] is None:
                    cells[key] = set()
            self.add(flat.keys, values)

    def add(self, keys: Keys, values: Sequence[Any]) -> None:
        """Add values to the sets of their groups."""
        deque(map(set.add, map(self.cells.__getitem__, keys), values), maxlen=0)  # a loop without bytecode

    def travelling(self) -> list[Any]:
        """Return the cells with one object for equal texts: pickle writes it once."""
        known: dict[str, str] = {}
        one = known.setdefault
        return [
            cell and {one(value, value) if value.__class__ is str else value for value in cell} for cell in self.cells
        ]

    def items(self, flat: Flat) -> Sequence[Any]:
        """Return what is remembered of the values."""
        return texts(flat)

    def absorb(self, key: int, cell: set[Any]) -> None:
        """Unite sets."""
        mine = self.cells[key]
        if mine is None:
            self.cells[key] = cell
        else:
            mine |= cell

    def finished(self, cell: set[Any]) -> Any:
        """Return the size."""
        return len(cell)


class ValuesColumn(SetColumn):
    """values(X): a cell is the set of values."""

    def items(self, flat: Flat) -> Sequence[Any]:
        """Return what is remembered of the values."""
        return flat.values

    def finished(self, cell: set[Any]) -> Any:
        """Return the values in order; one alone is the value itself."""
        items = sorted_values(cell, self.make().limit) if len(cell) > 1 else list(cell)
        return items if len(items) > 1 else items[0]


class LatestColumn(Column):
    """latest(X): cells are (time, order, value)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat, orders, times = part.flat(self.source), part.orders, part.times()
        cells = self.grow(part.size)
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            time, known = times[row], cells[key]
            if time is not None and (known is None or time > known[0]):
                cells[key] = (time, orders[row], value)

    def absorb(self, key: int, cell: Any) -> None:
        """Keep the later; of equal times, what arrived first."""
        known = self.cells[key]
        if known is None or (cell[0], -cell[1]) > (known[0], -known[1]):
            self.cells[key] = cell

    def moved(self, cell: Any, rows: int) -> Any:
        """Return a cell whose rows arrived later."""
        return (cell[0], cell[1] + rows, cell[2])

    def finished(self, cell: Any) -> Any:
        """Return the value."""
        return cell[2]


class EarliestColumn(LatestColumn):
    """earliest(X): cells are (time, order, value)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat, orders, times = part.flat(self.source), part.orders, part.times()
        cells = self.grow(part.size)
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            time, known = times[row], cells[key]
            if time is not None and (known is None or time < known[0]):
                cells[key] = (time, orders[row], value)

    def absorb(self, key: int, cell: Any) -> None:
        """Keep the earlier; of equal times, what arrived first."""
        known = self.cells[key]
        if known is None or cell[:2] < known[:2]:
            self.cells[key] = cell


class FirstColumn(Column):
    """first(X): cells are (order, value)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat, orders, cells = part.flat(self.source), part.orders, self.grow(part.size)
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            if cells[key] is None:
                cells[key] = (orders[row], value)

    def absorb(self, key: int, cell: Any) -> None:
        """Keep what arrived first."""
        known = self.cells[key]
        if known is None or cell[0] < known[0]:
            self.cells[key] = cell

    def moved(self, cell: Any, rows: int) -> Any:
        """Return a cell whose rows arrived later."""
        return (cell[0] + rows, cell[1])

    def finished(self, cell: Any) -> Any:
        """Return the value."""
        return cell[1]


class LastColumn(FirstColumn):
    """last(X): cells are (order, value)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat, orders, cells = part.flat(self.source), part.orders, self.grow(part.size)
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            cells[key] = (orders[row], value)

    def absorb(self, key: int, cell: Any) -> None:
        """Keep what arrived last."""
        known = self.cells[key]
        if known is None or cell[0] >= known[0]:
            self.cells[key] = cell


FAST: dict[str, type[Column]] = {
    "count": ValueCountColumn,
    "c": ValueCountColumn,
    "sum": SumColumn,
    "avg": AvgColumn,
    "mean": AvgColumn,
    "min": MinColumn,
    "max": MaxColumn,
    "dc": SetColumn,
    "distinct_count": SetColumn,
    "values": ValuesColumn,
    "latest": LatestColumn,
    "earliest": EarliestColumn,
    "first": FirstColumn,
    "last": LastColumn,
}
"""The fast columns, by function; all other functions have an `AccumulatorColumn`."""
