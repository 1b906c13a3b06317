"""Rows as data frames: each column gets the narrowest type that holds all its values."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from splmini.errors import UnsupportedFeature
from splmini.results._view import EPOCH, as_text

if TYPE_CHECKING:
    from splmini.results import Results

Make = Callable[[str, list[Any]], Any]

FARTHEST = 8_210_266_876
"""The last second of March 2230: times that pandas holds in nanoseconds, too, lie before it."""


def library(name: str, extra: str = "frames") -> Any:
    """Import a library that may be missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UnsupportedFeature(
            f"This needs {package}, which is not installed.", name=package, hint=f"Install splmini[{extra}]."
        ) from error


def zone_name(results: Results) -> str:
    """The name of the time zone that times are given in."""
    return str(getattr(results.view.timezone, "key", "UTC"))


def times(name: str, column: list[Any]) -> list[Any] | None:
    """Return a `_time` column of epochs as datetimes; None where it is no such column."""
    if name != "_time" or not any(value is not None for value in column):
        return None
    for value in column:
        if value is not None and (not isinstance(value, (int, float)) or not -FARTHEST < value < FARTHEST):
            return None
    return [None if value is None else EPOCH + timedelta(microseconds=round(value * 1e6)) for value in column]


def to_pandas(results: Results) -> Any:
    """Return a pandas frame."""
    pandas = library("pandas")
    columns = {name: _series(pandas, name, results.column(name), zone_name(results)) for name in results.fields}
    return pandas.DataFrame(columns, columns=results.fields)


def _series(pandas: Any, name: str, column: list[Any], zone: str) -> Any:
    moments = times(name, column)
    if moments is not None:
        return pandas.Series(moments, dtype="datetime64[us, UTC]").dt.tz_convert(zone)
    kinds = {float if isinstance(value, float) else type(value) for value in column}
    if not kinds or kinds == {type(None)}:
        return pandas.Series(column, dtype=object)
    if kinds <= {int, type(None)} and _fits(column):
        return pandas.Series(column, dtype="int64" if type(None) not in kinds else "Int64")
    if kinds <= {int, float, type(None)} and _floats([value for value in column if value is not None]):
        return pandas.Series(column, dtype="float64")
    return pandas.Series(column, dtype=None if kinds <= {str, type(None)} else object)


def _fits(column: list[Any]) -> bool:
    return all(value is None or -(1 << 63) <= value < 1 << 63 for value in column)


def to_polars(results: Results) -> Any:
    """Return a Polars frame."""
    polars = library("polars")

    def of_times(name: str, moments: list[Any]) -> Any:
        return polars.Series(name, moments, dtype=polars.Datetime("us", "UTC")).dt.convert_time_zone(zone_name(results))

    def of_values(name: str, values: list[Any]) -> Any:
        return polars.Series(name, values, strict=False)

    return polars.DataFrame(_columns(results, of_times, of_values))


def to_arrow(results: Results) -> Any:
    """Return an Arrow table."""
    arrow = library("pyarrow")

    def of_times(name: str, moments: list[Any]) -> Any:
        return arrow.array(moments, arrow.timestamp("us", zone_name(results)))

    def of_values(name: str, values: list[Any]) -> Any:
        return arrow.array(values)

    return arrow.table(_columns(results, of_times, of_values))


def _columns(results: Results, of_times: Make, of_values: Make) -> dict[str, Any]:
    """Make a column of each field: of its times, or of its values made uniform."""
    columns: dict[str, Any] = {}
    for name in results.fields:
        column = results.column(name)
        moments = times(name, column)
        columns[name] = of_values(name, uniform(column)) if moments is None else of_times(name, moments)
    return columns


def uniform(column: list[Any]) -> list[Any]:
    """Make a column that frames with typed columns can hold: all numbers, all text, or all lists of one kind."""
    if any(isinstance(value, list) for value in column):
        lists = [None if value is None else value if isinstance(value, list) else [value] for value in column]
        items = [item for value in lists if value for item in value]
        if all(isinstance(item, int) for item in items) and _fits(items):
            return lists
        if _floats(items):
            return [value and [float(item) for item in value] for value in lists]
        return [value and [as_text(item) for item in value] for value in lists]
    if all(value is None or isinstance(value, int) for value in column):
        return column if _fits(column) else [None if value is None else str(value) for value in column]
    if _floats([value for value in column if value is not None]):
        return [None if value is None else float(value) for value in column]
    return [None if value is None else as_text(value) for value in column]


def _floats(values: list[Any]) -> bool:
    """Say whether all values are numbers that a column of floats holds."""
    return all(isinstance(value, (int, float)) for value in values) and _fits(
        [value for value in values if isinstance(value, int)]
    )
