"""Partial results as rows, as sistats, tstats prestats=t and their like give them and stats takes them.

A row has the by-fields, `psrsvd_v`, and for each aggregate a field with its partial result as JSON. Such rows can be
written to an index and read again; the same aggregates over them give what they give over the events themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from splmini.commands.aggregation.columns import AccumulatorColumn, Column
from splmini.commands.aggregation.groups import PRESTATS, Groups, Measure
from splmini.commands.aggregation.slices import Slice
from splmini.errors import ArgumentError, UnsupportedFeature
from splmini.operators import Columns, Row, RunContext, Stream, batched
from splmini.values.exact import ExactSum

VERSION = 1


def check(measures: tuple[Measure, ...], command: str) -> None:
    """Raise where partial results of an aggregate cannot be rows."""
    for measure in measures:
        if measure.function == "sparkline" or measure.wild or measure.function in ("rate_avg", "rate_sum"):
            raise UnsupportedFeature(
                f"{command} cannot keep the partial results of '{measure.name}'.", name=f"{command} {measure.name}"
            )


def rows(groups: Groups) -> Iterator[Row]:
    """Yield the partial results of groups as rows."""
    pairs = [
        (measure, column)
        for measure, column in zip(groups.grouping.measured(), groups.columns, strict=True)
        if isinstance(column, Column)
    ]
    for key in groups.sorted_keys():
        row: Row = {**(groups.key_fields(key) if groups.sources else {}), PRESTATS: VERSION}
        number = groups.index[key]
        for measure, column in pairs:
            cell = column.grow(number + 1)[number]
            if cell is not None:
                row[measure.stored] = json.dumps(_encoded(cell), separators=(",", ":"), ensure_ascii=False)
        yield row


def dump(groups: Groups, ctx: RunContext) -> Stream:
    """Return the partial results of groups as a stream of rows."""

    def columns() -> Columns:
        return [*groups.grouping.by, PRESTATS, *(measure.stored for measure in groups.grouping.measured())]

    return Stream(batched(rows(groups)), columns)


def load(column: Column, measure: Measure, part: Slice) -> None:
    """Take the partial results of rows into a column."""
    name = measure.stored
    column.grow(part.size)
    for key, row in zip(part.keys, part.rows, strict=True):
        text = row.get(name)
        if text is None:
            continue
        try:
            cell = _decoded(json.loads(str(text)), column)
            column.finished(cell)
            column.absorb(key, cell)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, ZeroDivisionError, RecursionError):
            raise ArgumentError(
                f"'{name}' does not hold a partial result of {measure.function}.", name=measure.function
            ) from None


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, list):
        return ["list", *map(_encoded, value)]
    if isinstance(value, tuple):
        return ["tuple", *map(_encoded, value)]
    if isinstance(value, (set, frozenset)):
        return ["set", *sorted(map(_encoded, value), key=str)]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, ExactSum):
        return ["sum", value.whole, *value.floats]
    if isinstance(value, dict):
        return ["dict", *([_encoded(key), _encoded(item)] for key, item in value.items())]
    return ["state", *([name, _encoded(getattr(value, name))] for name in _slots(value))]


def _slots(value: Any) -> list[str]:
    return sorted({name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())})


def _decoded(data: Any, column: Column) -> Any:
    if not isinstance(data, list):
        if isinstance(data, (dict, bool)):
            raise TypeError("not a partial result")
        return data
    kind, *items = data
    if kind == "state":
        if not isinstance(column, AccumulatorColumn):
            raise TypeError("not a partial result of this aggregate")
        state = column.make()
        names = set(_slots(state))
        for name, item in items:
            if name not in names:
                raise TypeError("not a partial result of this aggregate")
            setattr(state, name, _decoded(item, column))
        return state
    if kind == "dict":
        return {_decoded(key, column): _decoded(item, column) for key, item in items}
    if kind == "sum":
        whole, *floats = items
        made = ExactSum(whole)
        made.floats = [float(item) for item in floats]
        made.value()
        return made
    if kind == "bytes":
        return bytearray.fromhex(items[0])
    return {"list": list, "tuple": tuple, "set": set}[kind](_decoded(item, column) for item in items)
