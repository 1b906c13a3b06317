"""Data frames as batches of dicts: pandas, Polars, Arrow, DuckDB, and whatever exports an Arrow stream."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

ROWS = 8192
Batches = Callable[[], Iterator[list[Any]]]


def _kind(events: Any) -> tuple[str, str]:
    kind = type(events)
    return kind.__module__.split(".")[0], kind.__name__


def is_reader(events: Any) -> bool:
    """Say whether a frame can be read only once."""
    return _kind(events)[1] in ("RecordBatchReader", "DuckDBPyRelation")


def batches(events: Any) -> Batches | None:
    """Return how to read a frame as batches of dicts; None for what is no frame."""
    package, name = _kind(events)
    if package == "pandas" and name == "DataFrame":
        return _of(_pandas, events)
    if package == "polars" and name in ("DataFrame", "LazyFrame"):
        return _of(_polars, events)
    if package in ("duckdb", "_duckdb") and name == "DuckDBPyRelation":
        return _of(_duckdb, events)
    if package == "pyarrow" and hasattr(events, "to_batches"):
        return _of(_arrow_batches, events)
    if package == "pyarrow" and name == "RecordBatch":
        return _of(_arrow_record_batch, events)
    if hasattr(events, "__arrow_c_stream__"):
        return _of(_arrow_stream, events)
    return None


def _of(read: Callable[[Any], Iterator[list[Any]]], events: Any) -> Batches:
    def start() -> Iterator[list[Any]]:
        return read(events)

    return start


def _pandas(frame: Any) -> Iterator[list[Any]]:
    frame = frame.rename(columns=str)
    for start in range(0, len(frame), ROWS):
        for_dicts = frame.iloc[start : start + ROWS].to_dict("records")
        yield [{name: value for name, value in row.items() if not _missing(value)} for row in for_dicts]


def _missing(value: Any) -> bool:
    """NaN, NaT and pandas' NA stand for null in a frame."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _polars(frame: Any) -> Iterator[list[Any]]:
    if hasattr(frame, "collect"):
        frame = frame.collect()
    for piece in frame.iter_slices(ROWS):
        yield piece.to_dicts()


def _duckdb(relation: Any) -> Iterator[list[Any]]:
    if hasattr(relation, "__arrow_c_stream__") and importlib.util.find_spec("pyarrow") is not None:
        yield from _arrow_stream(relation)
        return
    columns = list(relation.columns)
    rows = relation.fetchall()
    for start in range(0, len(rows), ROWS):
        yield [dict(zip(columns, row, strict=True)) for row in rows[start : start + ROWS]]


def _arrow_batches(table: Any) -> Iterator[list[Any]]:
    for batch in table.to_batches():
        yield from _arrow_record_batch(batch)


def _arrow_record_batch(batch: Any) -> Iterator[list[Any]]:
    for start in range(0, batch.num_rows, ROWS):
        yield batch.slice(start, ROWS).to_pylist()


def _arrow_stream(events: Any) -> Iterator[list[Any]]:
    from splmini.errors import UnsupportedFeature

    try:
        pyarrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading an Arrow stream needs pyarrow, which is not installed.", name="arrow",
            hint="Install splmini[parquet].",
        ) from error
    for batch in pyarrow.RecordBatchReader.from_stream(events):
        yield from _arrow_record_batch(batch)
