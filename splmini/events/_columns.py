"""Pieces of data frames, column by column: values made plain in bulk, rows chosen by the distinct values of a column.

A piece is some thousand rows of a pandas, Polars or Arrow frame. `values(name)` gives a column as Python values, null
as None; `chosen(name, test)` gives the piece without the rows whose value fails a test, which is asked once for each
distinct value. Times are epoch seconds where asked (`_time`), else ISO text.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from splmini.events._times import any_epoch

ROWS = 8192
"""So many rows are made into dicts at a time."""

Test = Callable[[dict[str, Any]], bool]
PLAIN = frozenset({str, int, float, type(None)})


class Piece(Protocol):
    """Some rows of a frame, as columns."""

    @property
    def names(self) -> list[str]:
        """The columns, each name once."""

    def __len__(self) -> int: ...

    def values(self, name: str, epochs: bool = False) -> list[Any]:
        """Return a column as Python values; null is None, times are epoch seconds or text."""

    def simple(self, name: str) -> bool:
        """Say whether a column holds text or numbers and nothing else, by its type."""

    def chosen(self, name: str, test: Test) -> Piece:
        """Return the rows whose value passes a test, or is null."""

    def time_column(self) -> str | None:
        """Return a column of times that stands for `_time` where there is no column of that name."""


def is_plain(values: list[Any]) -> bool:
    """Say whether a column holds nothing but text, numbers and None."""
    return PLAIN.issuperset(set(map(type, values)))


def _time_name(names: list[str]) -> str | None:
    """The first of the usual names of an event's time among some names."""
    from splmini.events.recognise import TIME_KEYS

    return next((name for name in TIME_KEYS if name in names), None)


def _truth(value: Any) -> Any:
    return None if value is None else "true" if value else "false"


def _decided(values: list[Any], name: str, test: Test) -> list[bool]:
    """Whether each of some values passes; null always does."""
    return [value is None or test({name: value}) for value in values]


# ---- pandas --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PandasPiece:
    """Rows of a pandas frame; `places` is where each column stands (the last one, where a name comes twice)."""

    frame: Any
    places: dict[str, int]
    index_time: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns, each name once."""
        return list(self.places)

    def __len__(self) -> int:
        return len(self.frame)

    def _series(self, name: str) -> Any:
        if name == self.index_time:
            return self.frame.index.to_series()
        return self.frame.iloc[:, self.places[name]]

    def values(self, name: str, epochs: bool = False) -> list[Any]:
        """Return a column as Python values; null is None, times are epoch seconds or text."""
        series = self._series(name)
        kind = series.dtype.kind
        if kind == "M":
            return _pandas_times(series, epochs)
        values: list[Any] = series.tolist()
        if kind in "iu" and not series.hasnans:
            return values
        missing = series.isna()
        if missing.any():
            values = [None if null else value for value, null in zip(values, missing.tolist(), strict=True)]
        return list(map(_truth, values)) if kind == "b" else _without_arrays(values)

    def simple(self, name: str) -> bool:
        """Say whether a column holds text or numbers and nothing else, by its type."""
        dtype = self._series(name).dtype
        return dtype.kind in "iuf" or type(dtype).__name__ == "StringDtype"

    def chosen(self, name: str, test: Test) -> PandasPiece:
        """Return the rows whose value passes a test, or is null."""
        codes, distinct = self._series(name).factorize()
        decided = _decided(distinct.tolist(), name, test)
        if all(decided):
            return self
        numpy = importlib.import_module("numpy")
        mask = numpy.array([*decided, True], dtype=bool)[codes]  # null has the code -1: the last one, which passes
        return PandasPiece(self.frame[mask], self.places, self.index_time)

    def time_column(self) -> str | None:
        """Return a column of times that stands for `_time`, or the index where that is one."""
        if self.index_time is not None:
            return self.index_time
        return _time_name([name for name in self.places if self._series(name).dtype.kind == "M"])


def _pandas_times(series: Any, epochs: bool) -> list[Any]:
    if not epochs:
        return [None if value != value else value.isoformat() for value in series.tolist()]
    numpy = importlib.import_module("numpy")
    if getattr(series.dt, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    times = series.to_numpy().astype("datetime64[ns]")
    seconds = numpy.rint(times.astype("int64") / 1e3) / 1e6
    values: list[Any] = seconds.tolist()
    missing = numpy.isnat(times)
    if missing.any():
        values = [None if null else value for value, null in zip(values, missing.tolist(), strict=True)]
    return values


def _without_arrays(values: list[Any]) -> list[Any]:
    """Make lists of numpy's arrays, which frames read from Parquet hold."""
    if not any(type(value).__name__ == "ndarray" for value in values):
        return values
    return [value.tolist() if type(value).__name__ == "ndarray" else value for value in values]


def pandas_pieces(frame: Any) -> Iterator[Piece]:
    """Cut a pandas frame into pieces. An index of times stands for `_time`, where there is no such column."""
    places = {str(name): place for place, name in enumerate(frame.columns)}
    timed = type(frame.index).__name__ == "DatetimeIndex" and "_time" not in places
    index_time = "\0index" if timed else None
    for start in range(0, len(frame), ROWS):
        yield PandasPiece(frame.iloc[start : start + ROWS], places, index_time)


# ---- Polars --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PolarsPiece:
    """Rows of a Polars frame."""

    frame: Any

    @property
    def names(self) -> list[str]:
        """The columns, each name once."""
        return list(self.frame.columns)

    def __len__(self) -> int:
        return int(self.frame.height)

    def values(self, name: str, epochs: bool = False) -> list[Any]:
        """Return a column as Python values; null is None, times are epoch seconds or text."""
        return _polars_values(self.frame.get_column(name), epochs)

    def simple(self, name: str) -> bool:
        """Say whether a column holds text or numbers and nothing else, by its type."""
        dtype = self.frame.schema[name]
        return bool(dtype.is_integer() or dtype.is_float()) or str(dtype).startswith(("String", "Categorical", "Enum"))

    def chosen(self, name: str, test: Test) -> PolarsPiece:
        """Return the rows whose value passes a test, or is null."""
        column = self.frame.get_column(name)
        distinct = column.unique().to_list()
        decided = _decided(distinct, name, test)
        if all(decided):
            return self
        refused = [value for value, passes in zip(distinct, decided, strict=True) if not passes]
        polars = importlib.import_module("polars")
        values = polars.Series(name, refused, dtype=column.dtype)
        return PolarsPiece(self.frame.filter(~column.is_in(values.implode()).fill_null(False)))

    def time_column(self) -> str | None:
        """Return a column of times that stands for `_time`."""
        return _time_name([name for name, dtype in self.frame.schema.items() if str(dtype).startswith("Datetime")])


def _polars_values(column: Any, epochs: bool) -> list[Any]:
    kind = str(column.dtype)
    if kind.startswith("Datetime") and epochs:
        micros = column.dt.epoch("us").to_list()
        return [None if value is None else value / 1e6 for value in micros]
    values: list[Any] = column.to_list()
    return list(map(_truth, values)) if kind == "Boolean" else values


def polars_pieces(frame: Any) -> Iterator[Piece]:
    """Cut a Polars frame into pieces; a lazy one is collected in batches where Polars can."""
    if hasattr(frame, "collect_batches"):
        for part in frame.collect_batches():
            yield from polars_pieces(part)
        return
    if hasattr(frame, "collect"):
        frame = frame.collect()
    for part in frame.iter_slices(ROWS):
        yield PolarsPiece(part)


# ---- Arrow ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ArrowPiece:
    """Rows of an Arrow record batch."""

    batch: Any
    places: dict[str, int]

    @property
    def names(self) -> list[str]:
        """The columns, each name once."""
        return list(self.places)

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def values(self, name: str, epochs: bool = False) -> list[Any]:
        """Return a column as Python values; null is None, times are epoch seconds or text."""
        return _arrow_values(self.batch.column(self.places[name]), epochs)

    def simple(self, name: str) -> bool:
        """Say whether a column holds text or numbers and nothing else, by its type."""
        return _arrow_simple(self.batch.schema.field(self.places[name]).type)

    def chosen(self, name: str, test: Test) -> ArrowPiece:
        """Return the rows whose value passes a test, or is null."""
        arrow = importlib.import_module("pyarrow")
        compute = importlib.import_module("pyarrow.compute")
        coded = _coded(self.batch.column(self.places[name]))
        decided = _decided(coded.dictionary.to_pylist(), name, test)
        if all(decided):
            return self
        mask = compute.take(arrow.array(decided, arrow.bool_()), coded.indices)
        return ArrowPiece(self.batch.filter(compute.fill_null(mask, True)), self.places)

    def time_column(self) -> str | None:
        """Return a column of times that stands for `_time`."""
        kinds = {name: str(self.batch.schema.field(place).type) for name, place in self.places.items()}
        return _time_name([name for name, kind in kinds.items() if kind.startswith("timestamp")])


def _arrow_simple(kind: Any) -> bool:
    types = importlib.import_module("pyarrow.types")
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
    )


def _coded(column: Any) -> Any:
    """A column as codes of its distinct values."""
    return column if hasattr(column, "dictionary") else column.dictionary_encode()


def _arrow_values(column: Any, epochs: bool) -> list[Any]:
    types = importlib.import_module("pyarrow.types")
    kind = column.type
    if types.is_timestamp(kind) and epochs:
        return _arrow_epochs(column)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind):
        return _text_values(column)
    if (types.is_integer(kind) or types.is_floating(kind)) and not column.null_count and not types.is_float16(kind):
        numbers: list[Any] = column.to_numpy(zero_copy_only=False).tolist()
        return numbers
    values: list[Any] = column.to_pylist()
    if types.is_map(kind):
        return [None if value is None else dict(value) for value in values]
    return list(map(_truth, values)) if types.is_boolean(kind) else values


def _text_values(column: Any) -> list[Any]:
    """A column of texts; each distinct text is made once."""
    coded = _coded(column)
    distinct = [*coded.dictionary.to_pylist(), None]
    codes = coded.indices.fill_null(len(distinct) - 1) if coded.null_count else coded.indices
    return [distinct[code] for code in codes.to_numpy(zero_copy_only=False).tolist()]


_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _arrow_epochs(column: Any) -> list[Any]:
    arrow = importlib.import_module("pyarrow")
    scale = _A_SECOND[column.type.unit]
    ticks = column.view(arrow.int64()).to_pylist() if hasattr(column, "view") else column.cast("int64").to_pylist()
    if scale > 10**6:
        return [None if tick is None else round(tick / scale, 6) for tick in ticks]
    return [None if tick is None else tick / scale for tick in ticks]


def arrow_pieces(batches: Any) -> Iterator[Piece]:
    """Cut Arrow record batches into pieces."""
    for batch in batches:
        places = {name: place for place, name in enumerate(batch.schema.names)}
        for start in range(0, batch.num_rows, ROWS):
            yield ArrowPiece(batch.slice(start, ROWS), places)


# ---- rows of a database --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TuplePiece:
    """Rows that a database gave as tuples."""

    rows: list[Any]
    places: dict[str, int]

    @property
    def names(self) -> list[str]:
        """The columns, each name once."""
        return list(self.places)

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, name: str, epochs: bool = False) -> list[Any]:
        """Return a column as Python values; null is None, times are epoch seconds or text."""
        place = self.places[name]
        values = [row[place] for row in self.rows]
        return list(map(any_epoch, values)) if epochs else values

    def simple(self, name: str) -> bool:
        """Say whether a column holds text or numbers and nothing else."""
        return is_plain(self.values(name))

    def chosen(self, name: str, test: Test) -> TuplePiece:
        """Return the rows whose value passes a test, or is null."""
        decided = _decided(self.values(name), name, test)
        return TuplePiece([row for row, passes in zip(self.rows, decided, strict=True) if passes], self.places)

    def time_column(self) -> str | None:
        """Return a column of times that stands for `_time`."""
        from datetime import datetime

        return _time_name([name for name in self.places if any(isinstance(row, datetime) for row in self.values(name))])
