"""One aggregate over all groups: a column of partial results, keyed by group, updated a batch at a time.

`AccumulatorColumn` serves every stats function through its accumulator class. The classes below it do the same for
the most frequent functions without a call per value; a property test holds them equal to it.
"""

from __future__ import annotations

import copy
import operator
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeAlias

from splmini.functions.stats.multivalue import sorted_values
from splmini.operators import Row
from splmini.values.numbers import to_number, to_text

Key: TypeAlias = Hashable
Keys: TypeAlias = "Sequence[Any]"

_NONE = type(None)
_NUMBERS = {int, float}
_TEXT = {str}

# ---- what is read from a batch --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from: a field, or a function of the row; `name` tells sources apart."""

    name: str
    evaluate: Callable[[Row], Any] | None = None

    def read(self, rows: list[Row]) -> list[Any]:
        """Return the value of each row; None where there is none."""
        if self.evaluate is not None:
            return [_as_field(value) for value in map(self.evaluate, rows)]
        name = self.name
        try:
            return list(map(operator.itemgetter(name), rows))
        except KeyError:
            return [row.get(name) for row in rows]


def _as_field(value: Any) -> Any:
    """Turn the result of an expression into a value: true counts as 1, false as none."""
    if value is True:
        return 1
    if value is False or value == []:
        return None
    return value


@dataclass(slots=True)
class Flat:
    """Values without nulls and lists, with the key of each and the row (an index) that it came from."""

    keys: Keys
    values: Sequence[Any]
    rows: Sequence[int]
    kinds: set[type]


class Slice:
    """A batch of rows with their group keys; what columns read from it is read once."""

    def __init__(self, rows: list[Row], keys: Keys, start: int, orders: Sequence[int] | None, single: bool) -> None:
        self.rows = rows
        self.keys = keys
        self.orders: Sequence[int] = range(start, start + len(rows)) if orders is None else orders
        self.single = single
        self._flat: dict[str, Flat] = {}
        self._numbers: dict[str, tuple[Keys, list[Any], Sequence[Any]]] = {}
        self._times: list[Any] | None = None

    def flat(self, source: Source) -> Flat:
        """Return the values of a source, one by one."""
        known = self._flat.get(source.name)
        if known is None:
            known = self._flat[source.name] = self._flatten(source.read(self.rows))
        return known

    def _flatten(self, values: list[Any]) -> Flat:
        kinds = set(map(type, values))
        rows: Sequence[int] = range(len(values))
        keys = self.keys
        if list in kinds:
            pairs = [(row, item) for row, value in enumerate(values) for item in _items(value)]
            rows = [row for row, _ in pairs]
            values = [item for _, item in pairs]
            keys = [keys[row] for row in rows]
            kinds = set(map(type, values))
        elif _NONE in kinds:
            present = [value is not None for value in values]
            keys, rows = list(compress(keys, present)), list(compress(rows, present))
            values = list(compress(values, present))
            kinds.discard(_NONE)
        return Flat(keys, values, rows, kinds)

    def numbers(self, source: Source) -> tuple[Keys, list[Any], Sequence[Any]]:
        """Return the numbers of a source, the key of each, and the keys of the values that are no numbers."""
        known = self._numbers.get(source.name)
        if known is None:
            known = self._numbers[source.name] = _numbers(self.flat(source))
        return known

    def times(self) -> list[Any]:
        """Return the time of each row; None where it has none."""
        if self._times is None:
            times = [row.get("_time") for row in self.rows]
            if not set(map(type, times)) <= _NUMBERS:
                times = [_time(value) for value in times]
            self._times = times
        return self._times


def _items(value: Any) -> Iterable[Any]:
    if value.__class__ is list:
        return [item for item in value if item is not None]
    return () if value is None else (value,)


def _time(value: Any) -> Any:
    return to_number(value[0] if isinstance(value, list) and value else value)


def _numbers(flat: Flat) -> tuple[Keys, list[Any], Sequence[Any]]:
    if flat.kinds <= _NUMBERS:
        return flat.keys, list(flat.values), ()
    numbers = list(map(to_number, flat.values))
    if None not in numbers:
        return flat.keys, numbers, ()
    good = [number is not None for number in numbers]
    bad = [key for key, fine in zip(flat.keys, good, strict=True) if not fine]
    return list(compress(flat.keys, good)), list(compress(numbers, good)), bad


def _texts(flat: Flat) -> Sequence[Any]:
    return flat.values if flat.kinds <= _TEXT else [v if v.__class__ is str else to_text(v) for v in flat.values]


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
            dimensions = _dimensions(part.rows[row], column.source.name)
            column.cell(key).add(value, times[row], orders[row], dimensions)


def _dimensions(row: Row, measured: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(
        (name, to_text(value)) for name, value in row.items()
        if name != measured and name[:1] != "_" and not name.startswith("metric_name:") and not isinstance(value, list)
    ))


_FEEDERS = {
    "value": _feed_values, "number": _feed_numbers, "ordered": _feed_ordered, "timed": _feed_timed,
    "series": _feed_series,
}

# ---- the fast ones --------------------------------------------------------------------------------------------------


class EventCountColumn(Column):
    """count without a field."""

    cells: Counter[Any]

    def no_cells(self) -> Counter[Any]:
        """Return an empty counter."""
        return Counter()

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        if part.single:
            self.cells[()] += len(part.keys)
        else:
            self.cells.update(part.keys)

    def absorb(self, key: Any, cell: int) -> None:
        """Add a count."""
        self.cells[key] += cell


class ValueCountColumn(EventCountColumn):
    """count(X)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        self.cells.update(part.flat(self.source).keys)


class SumColumn(Column):
    """sum(X)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        keys, numbers = self.numbers(part)
        cells = self.cells
        if part.single:
            if numbers:
                self.absorb((), sum(numbers))
            return
        for key, number in zip(keys, numbers, strict=True):
            if key in cells:
                cells[key] += number
            else:
                cells[key] = number

    def absorb(self, key: Any, cell: Any) -> None:
        """Add a sum."""
        self.cells[key] = self.cells[key] + cell if key in self.cells else cell


class AvgColumn(Column):
    """avg(X): cells are [sum, count]."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        keys, numbers = self.numbers(part)
        cells = self.cells
        if part.single:
            if numbers:
                self.absorb((), [sum(numbers), len(numbers)])
            return
        for key, number in zip(keys, numbers, strict=True):
            cell = cells.get(key)
            if cell is None:
                cells[key] = [number, 1]
            else:
                cell[0] += number
                cell[1] += 1

    def absorb(self, key: Any, cell: Any) -> None:
        """Add a sum and a count."""
        mine = self.cells.get(key)
        if mine is None:
            self.cells[key] = cell
        else:
            mine[0] += cell[0]
            mine[1] += cell[1]

    def finished(self, cell: Any) -> Any:
        """Return the mean."""
        return cell[0] / cell[1]


class MinColumn(Column):
    """min(X): a cell is the least number, or the least text where no number was seen."""

    best: Callable[[list[Any]], Any] = staticmethod(min)

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat = part.flat(self.source)
        keys, numbers, bad = part.numbers(self.source)
        if part.single and numbers:
            self.absorb((), self.best(numbers))
        elif numbers:
            self._numbers(keys, numbers)
        if bad:
            for key, value in zip(flat.keys, flat.values, strict=True):
                if to_number(value) is None:
                    self.absorb(key, to_text(value))

    def _numbers(self, keys: Keys, numbers: list[Any]) -> None:
        cells = self.cells
        for key, number in zip(keys, numbers, strict=True):
            known = cells.get(key)
            if known is None or known.__class__ is str or number < known:
                cells[key] = number

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep the lesser: numbers before text."""
        known = self.cells.get(key)
        if known is None:
            self.cells[key] = cell
        elif (known.__class__ is str) == (cell.__class__ is str):
            if cell < known:
                self.cells[key] = cell
        elif known.__class__ is str:
            self.cells[key] = cell


class MaxColumn(MinColumn):
    """max(X): a cell is the greatest text, or the greatest number where no text was seen."""

    best: Callable[[list[Any]], Any] = staticmethod(max)

    def _numbers(self, keys: Keys, numbers: list[Any]) -> None:
        cells = self.cells
        for key, number in zip(keys, numbers, strict=True):
            known = cells.get(key)
            if known is None or (known.__class__ is not str and number > known):
                cells[key] = number

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep the greater: text after numbers."""
        known = self.cells.get(key)
        if known is None:
            self.cells[key] = cell
        elif (known.__class__ is str) == (cell.__class__ is str):
            if cell > known:
                self.cells[key] = cell
        elif known.__class__ is not str:
            self.cells[key] = cell


class SetColumn(Column):
    """dc(X): a cell is the set of texts."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat = part.flat(self.source)
        self.add(flat.keys, self.items(flat), part.single)

    def items(self, flat: Flat) -> Sequence[Any]:
        """Return what is remembered of the values."""
        return _texts(flat)

    def add(self, keys: Keys, values: Sequence[Any], single: bool) -> None:
        """Remember values."""
        cells = self.cells
        if single:
            if values:
                cells.setdefault((), set()).update(values)
            return
        for key, value in zip(keys, values, strict=True):
            try:
                cells[key].add(value)
            except KeyError:
                cells[key] = {value}

    def absorb(self, key: Any, cell: set[Any]) -> None:
        """Unite sets."""
        mine = self.cells.get(key)
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
        cells = self.cells
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            time = times[row]
            known = cells.get(key)
            if time is not None and (known is None or time > known[0]):
                cells[key] = (time, orders[row], value)

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep the later; of equal times, what arrived first."""
        known = self.cells.get(key)
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
        cells = self.cells
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            time = times[row]
            known = cells.get(key)
            if time is not None and (known is None or time < known[0]):
                cells[key] = (time, orders[row], value)

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep the earlier; of equal times, what arrived first."""
        known = self.cells.get(key)
        if known is None or cell[:2] < known[:2]:
            self.cells[key] = cell


class FirstColumn(Column):
    """first(X): cells are (order, value)."""

    def update(self, part: Slice) -> None:
        """Take in a batch."""
        flat, orders, cells = part.flat(self.source), part.orders, self.cells
        for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True):
            if key not in cells:
                cells[key] = (orders[row], value)

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep what arrived first."""
        known = self.cells.get(key)
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
        flat, orders = part.flat(self.source), part.orders
        self.cells.update(
            (key, (orders[row], value)) for key, value, row in zip(flat.keys, flat.values, flat.rows, strict=True)
        )

    def absorb(self, key: Any, cell: Any) -> None:
        """Keep what arrived last."""
        known = self.cells.get(key)
        if known is None or cell[0] >= known[0]:
            self.cells[key] = cell


FAST: dict[str, type[Column]] = {
    "count": ValueCountColumn, "c": ValueCountColumn, "sum": SumColumn, "avg": AvgColumn, "mean": AvgColumn,
    "min": MinColumn, "max": MaxColumn, "dc": SetColumn, "distinct_count": SetColumn, "values": ValuesColumn,
    "latest": LatestColumn, "earliest": EarliestColumn, "first": FirstColumn, "last": LastColumn,
}
"""The fast columns, by function; all other functions have an `AccumulatorColumn`."""
