"""Data frames as events: pandas, Polars, Arrow, DuckDB, and whatever exports an Arrow stream.

A frame is read piece by piece (`_columns`). Rows that a search is sure to refuse are left out before they become dicts,
and the dicts get only the columns that the search needs, which the field mapper tells (`Selection.wanted`).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from splmini.events._columns import ROWS, Piece, TuplePiece, arrow_pieces, is_plain, pandas_pieces, polars_pieces
from splmini.events._dicts import plain_events
from splmini.events._events import Events, Given, Messages, kind, tell
from splmini.events._reader import Report, Settings
from splmini.events._selection import EVERYTHING, Selection, Wanted
from splmini.values.wildcards import compile_wildcard, has_wildcard

if TYPE_CHECKING:
    from splmini.operators import Row

Pieces: TypeAlias = "Callable[[], Iterator[Piece]]"

IDENTITY = ("source", "sourcetype", "host", "index")
ALWAYS = frozenset({*IDENTITY, "_time", "_raw", "eventtype", "tag"})


def _kind(events: Any) -> tuple[str, str]:
    kind = type(events)
    return kind.__module__.split(".")[0], kind.__name__


def _is_reader(events: Any) -> bool:
    """Say whether a frame can be read only once."""
    return _kind(events)[1] in ("RecordBatchReader", "DuckDBPyRelation", "ArrowArrayStream", "PyCapsule")


def _pieces(events: Any) -> Pieces | None:
    """Return how to read a frame in pieces; None for what is no frame."""
    package, name = _kind(events)
    if package == "pandas" and name == "DataFrame":
        return _of(pandas_pieces, events)
    if package == "polars" and name in ("DataFrame", "LazyFrame"):
        return _of(polars_pieces, events)
    if package in ("duckdb", "_duckdb") and name == "DuckDBPyRelation":
        return _of(_duckdb, events)
    if package == "pyarrow" and hasattr(events, "to_batches"):
        return _of(_arrow_batches, events)
    if package == "pyarrow" and name == "RecordBatch":
        return _of(_arrow_batch, events)
    if hasattr(events, "__arrow_c_stream__"):
        return _of(_arrow_stream, events)
    if hasattr(events, "__arrow_c_array__"):
        return _of(_arrow_array, events)
    return None


def _of(read: Callable[[Any], Iterator[Piece]], events: Any) -> Pieces:
    def start() -> Iterator[Piece]:
        return read(events)

    return start


def _duckdb(relation: Any) -> Iterator[Piece]:
    if hasattr(relation, "__arrow_c_stream__") and importlib.util.find_spec("pyarrow") is not None:
        yield from _arrow_stream(relation)
        return
    places = {name: place for place, name in enumerate(relation.columns)}
    while rows := relation.fetchmany(ROWS):
        yield TuplePiece(rows, places)


def _arrow_batches(table: Any) -> Iterator[Piece]:
    return arrow_pieces(table.to_batches())


def _arrow_batch(batch: Any) -> Iterator[Piece]:
    return arrow_pieces([batch])


def _arrow_stream(events: Any) -> Iterator[Piece]:
    return arrow_pieces(_arrow().RecordBatchReader.from_stream(events))


def _arrow_array(events: Any) -> Iterator[Piece]:
    return arrow_pieces([_arrow().record_batch(events)])


def _arrow() -> Any:
    from splmini.errors import UnsupportedFeature

    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise UnsupportedFeature(
            "Reading an Arrow stream needs pyarrow, which is not installed.",
            name="arrow",
            hint="Install splmini[parquet].",
        ) from error


# ---- from pieces to events -----------------------------------------------------------------------------------------


class FrameEvents(Events):
    """A frame; readers of frames can be read once."""

    def __init__(self, frame: Any, pieces: Pieces, settings: Settings, message: Messages) -> None:
        self.once = _is_reader(frame)
        self._frame = frame
        self._pieces = pieces
        self._settings = settings
        self._message = message

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, list[Row]]]:
        """Yield, for each piece, how many rows it has and the events that pass, with the fields that are wanted."""
        report = Report()
        for piece in self._pieces():
            count = len(piece)
            report.records += count
            yield count, self._events(piece, selection, report)
        tell(report, self._message)

    def kept(self) -> Any:
        """Return it as a table."""
        if not hasattr(self._frame, "__arrow_c_stream__"):
            return None
        return _arrow().RecordBatchReader.from_stream(self._frame).read_all()

    def _events(self, piece: Piece, selection: Selection, report: Report) -> list[Row]:
        names, tests = piece.names, () if selection.tests is None else selection.tests.tests
        for each in tests:
            if each.name in names and piece.simple(each.name):
                piece = piece.chosen(each.name, each.test)
        if not len(piece):
            return []
        untold = self._untold(piece)
        if selection.wanted is not None and not untold and not (selection.refusals and "_raw" in names):
            names = _columns(piece, self._fields(piece, selection.wanted))
        events, plain = _dicts(piece, names, self._time(piece, report))
        for each in tests:
            if each.name in names and not piece.simple(each.name):
                events = [event for event in events if each.name not in event or each.test(event)]
        for refuse in selection.refusals:
            events = refuse(events)
        if plain and not untold and not self._settings.fixed and "_raw" not in names:
            return events
        return plain_events(events, self._settings, report)

    def _untold(self, piece: Piece) -> bool:
        """Say whether source, sourcetype or host of some events are only known once their content was looked at."""
        if "_raw" in piece.names:
            return any(name not in piece.names or None in piece.values(name) for name in ("sourcetype", "_time"))
        if not self._settings.infer or not _may_tell(piece):
            return False
        return "sourcetype" not in piece.names or None in piece.values("sourcetype")

    def _fields(self, piece: Piece, wanted: Wanted) -> frozenset[str] | None:
        """The fields that are needed of the events of a piece: the union over their classes."""
        fixed = self._settings.fixed
        given = [name for name in (*IDENTITY, "_raw") if name in piece.names and name not in fixed]
        columns = [piece.values(name) for name in given]
        if "_raw" in given:
            columns[-1] = [None if value is None else "" for value in columns[-1]]
        try:
            classes = set(zip(*columns, strict=True)) if given else {()}
        except TypeError:  # a source that is multivalue
            return None
        needed: frozenset[str] = ALWAYS
        for each in classes:
            identity = {name: value for name, value in zip(given, each, strict=True) if value is not None}
            fields = wanted(identity | fixed)
            if fields is None:
                return None
            needed |= fields
        return needed

    def _time(self, piece: Piece, report: Report) -> str | None:
        """The column that stands for `_time`, if any; said once."""
        if "_time" in piece.names or "_raw" in piece.names:
            return None
        name = piece.time_column()
        if name is not None:
            shown = "the index" if name.startswith("\0") else f"the column '{name}'"
            note = ("info", f"_time was taken from {shown}.")
            if note not in report.notes:
                report.notes.append(note)
        return name


def _may_tell(piece: Piece) -> bool:
    """Say whether the columns of a piece may tell a sourcetype; a column of nested values makes any that begin so."""
    from splmini.events.recognise import json_kinds

    names = frozenset(piece.names)
    if names & {"EventID", "EventCode"} and names & {"Channel", "SourceName"}:
        return True
    return any(all(key in names or key.partition(".")[0] in names for key in kind.keys) for kind in json_kinds())


def _columns(piece: Piece, fields: frozenset[str] | None) -> list[str]:
    """The columns that make any of these fields; a column of nested values makes fields whose names begin with its."""
    if fields is None:
        return piece.names
    patterns = [compile_wildcard(each, ignore_case=False) for each in fields if has_wildcard(each)]
    return [
        name
        for name in piece.names
        if name in fields
        or any(test(name) for test in patterns)
        or (not piece.simple(name) and (bool(patterns) or any(each.startswith(name) for each in fields)))
    ]


def _dicts(piece: Piece, names: list[str], timed: str | None) -> tuple[list[dict[str, Any]], bool]:
    """Make the rows of a piece dicts of these columns, and say whether their values are plain."""
    columns = {name: piece.values(name, epochs=name == "_time") for name in names}
    if timed is not None:
        columns = {"_time": piece.values(timed, epochs=True), **columns}
    plain = all(piece.simple(name) or is_plain(columns[name]) for name in names)
    if plain and "_time" in columns:
        plain = str not in set(map(type, columns["_time"]))
    if not columns:
        return [{} for _ in range(len(piece))], True
    keys = tuple(columns)
    rows = [dict(zip(keys, row)) for row in zip(*columns.values())]  # noqa: B905 - all of one length; strict costs time
    for name, values in columns.items():
        if None in values:
            for row, value in zip(rows, values, strict=True):
                if value is None:
                    del row[name]
    return rows, plain


@kind(10)
def open_frame(given: Given, settings: Settings, message: Messages) -> Events | None:
    """Recognise frames; asked first, as a column named `read` would make a frame look like a file."""
    pieces = _pieces(given.events)
    return None if pieces is None else FrameEvents(given.events, pieces, settings, message)
