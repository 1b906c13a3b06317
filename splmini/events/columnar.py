"""Parquet and Arrow files, through pyarrow, in batches; each row is an event whose fields are given."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from splmini.errors import EventFormatError, UnsupportedFeature
from splmini.events._compression import seekable
from splmini.events._dicts import plain_events
from splmini.events._reader import Block, Report, Settings, finish, opener

if TYPE_CHECKING:
    from splmini.operators import Row

ROWS = 8192


def _looks_parquet(head: bytes) -> float:
    return 1.0 if head.startswith(b"PAR1") else 0.0


def _looks_arrow(head: bytes) -> float:
    return 1.0 if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")) else 0.0


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading Parquet and Arrow needs pyarrow, which is not installed.",
            name="parquet",
            hint="Install splmini[parquet].",
        ) from error


def _events(batches: Any, settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            rows = plain_events(batch.slice(start, ROWS).to_pylist(), settings, report)
            report.records += len(rows)
            rows = [dict(row) for row in rows]
            yield finish(rows, replace(settings, ingest=None), report)


def _read(file: BinaryIO, settings: Settings, report: Report, open_: Any, arrow: Any) -> Iterator[Block | list[Row]]:
    with seekable(file) as copy:
        try:
            yield from _events(open_(copy), settings, report)
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise EventFormatError(f"The file is damaged: {error}.", path=settings.name or "events") from error


@opener("parquet", "Parquet", _looks_parquet)
def open_parquet(file: BinaryIO, settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    """Parquet files, row group by row group."""
    parquet = _library("pyarrow.parquet")

    def batches(copy: Any) -> Any:
        return parquet.ParquetFile(copy).iter_batches(batch_size=ROWS)

    yield from _read(file, settings, report, batches, _library("pyarrow"))


@opener("arrow", "Arrow IPC", _looks_arrow)
def open_arrow(file: BinaryIO, settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    """Arrow IPC files (also Feather 2) and streams."""
    arrow = _library("pyarrow")

    def batches(copy: Any) -> Any:
        ipc = _library("pyarrow.ipc")
        start = copy.read(6)
        copy.seek(0)
        if start != b"ARROW1":
            return ipc.open_stream(copy)
        opened = ipc.open_file(copy)
        return (opened.get_batch(number) for number in range(opened.num_record_batches))

    yield from _read(file, settings, report, batches, arrow)
