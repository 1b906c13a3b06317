"""What columns read from a batch of rows: values by source, without nulls and lists, with their groups."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeAlias

from splmini.operators import ColumnBatch, Row
from splmini.values.numbers import GREATEST, to_number, to_text

Keys: TypeAlias = "Sequence[int]"
Rows: TypeAlias = "list[Row] | ColumnBatch"

_NONE = type(None)
_NUMBERS = {int, float}
_TEXT = {str}


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from: a field, or a function of the row; `name` tells sources apart."""

    name: str
    evaluate: Callable[[Row], Any] | None = None

    def read(self, rows: Rows) -> list[Any]:
        """Return the value of each row; None where there is none."""
        if self.evaluate is not None:
            return [_as_field(value) for value in map(self.evaluate, rows)]
        name = self.name
        if isinstance(rows, ColumnBatch):
            return rows.column(name)
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


class PlacedSource(Source):
    """A field's value, or where `place` puts it (its bin); `null` where there is none."""

    __slots__ = ("field", "null", "place")
    field: str
    null: str | None
    place: Callable[[Any], Any] | None

    def __init__(self, field: str, null: str | None, place: Callable[[Any], Any] | None) -> None:
        for name, value in (
            ("name", f"\0placed {field}"),
            ("evaluate", None),
            ("field", field),
            ("null", null),
            ("place", place),
        ):
            object.__setattr__(self, name, value)

    def read(self, rows: Rows) -> list[Any]:
        """Return the key of each row."""
        values, null, place = Source(self.field).read(rows), self.null, self.place
        if place is not None:
            return [null if value is None else _placed(value, place) for value in values]
        return values if null is None or None not in values else [null if value is None else value for value in values]


def _placed(value: Any, place: Callable[[Any], Any]) -> Any:
    """Return the bin of a value, or those of its values."""
    return [place(item) for item in value] if isinstance(value, list) else place(value)


@dataclass(slots=True)
class Flat:
    """Values without nulls and lists, with the group of each and the row (an index) that it came from."""

    keys: Keys
    values: Sequence[Any]
    rows: Sequence[int]
    kinds: set[type]


class Slice:
    """A batch of rows with the numbers of their groups; what columns read from it is read once.

    `size` is how many groups there are by now, `orders` the numbers of the rows by arrival, `single` says that there
    is one group only.
    """

    def __init__(self, rows: Rows, keys: Keys, orders: Sequence[int], size: int, single: bool = False) -> None:
        self.rows = rows
        self.keys = keys
        self.orders = orders
        self.size = size
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
        """Return the numbers of a source, the group of each, and the groups of the values that are no numbers."""
        known = self._numbers.get(source.name)
        if known is None:
            known = self._numbers[source.name] = _numbers(self.flat(source))
        return known

    def times(self) -> list[Any]:
        """Return the time of each row; None where it has none."""
        if self._times is None:
            times = Source("_time").read(self.rows)
            if not (set(map(type, times)) <= _NUMBERS and _in_range(times)):
                times = [_time(value) for value in times]
            self._times = times
        return self._times


def _items(value: Any) -> Iterable[Any]:
    if value.__class__ is list:
        return [item for item in value if item is not None]
    return () if value is None else (value,)


def _time(value: Any) -> Any:
    return to_number(value[0] if isinstance(value, list) and value else value)


def _in_range(numbers: Sequence[int | float]) -> bool:
    """Say whether numbers are surely finite and such as a double holds: one that is not shows in their sum."""
    try:
        return -GREATEST <= sum(numbers) <= GREATEST
    except OverflowError:  # a float and an integer that none holds
        return False


def _numbers(flat: Flat) -> tuple[Keys, list[Any], Sequence[Any]]:
    if flat.kinds <= _NUMBERS and _in_range(flat.values):
        return flat.keys, list(flat.values), ()
    numbers = list(map(to_number, flat.values))
    if None not in numbers:
        return flat.keys, numbers, ()
    good = [number is not None for number in numbers]
    bad = [key for key, fine in zip(flat.keys, good, strict=True) if not fine]
    return list(compress(flat.keys, good)), list(compress(numbers, good)), bad


def texts(flat: Flat) -> Sequence[Any]:
    return flat.values if flat.kinds <= _TEXT else [v if v.__class__ is str else to_text(v) for v in flat.values]


def dimensions(row: Row, measured: str) -> tuple[tuple[str, str], ...]:
    """Return what tells the time series of a row apart: its other fields, but internal and metric ones."""
    return tuple(
        sorted(
            (name, to_text(value))
            for name, value in row.items()
            if name != measured
            and name[:1] != "_"
            and not name.startswith("metric_name:")
            and not isinstance(value, list)
        )
    )
