"""From anything that holds events to batches of event dicts; from files to blocks of bytes."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timezone as utc_zone
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from splmini.boundary import their_iterator, theirs
from splmini.errors import EventFormatError, LimitExceeded, SplError
from splmini.events._compression import decompress, is_plain_file, utf8
from splmini.events._dicts import dict_batches, plain_events
from splmini.events._framing import Framing
from splmini.events._reader import Block, Reader, Report, Settings, find_reader
from splmini.events._source import Source, Stream, find_streams, is_path
from splmini.events.recognise import is_binary, recognise_format
from splmini.limits import Limits

if TYPE_CHECKING:
    from splmini.operators import Row

BLOCK_BYTES = 512 << 10
"""Small enough to be scanned where it was read to, in the processor's cache."""
TAIL_BYTES = 64 << 10
KEPT_BYTES = 8 << 20
"""What the allocator is led to keep for blocks to come (glibc: the largest piece that was ever given back)."""

Batch = "list[Row]"
Messages = Callable[..., None]


@dataclass(frozen=True)
class Opened:
    """Events that are ready to be read.

    `batches()` starts a reading; `once` is true where there can be only one (an iterator, a pipe); `is_file` where
    the events come from files or text, which Splunk would show newest first. `blocks()` gives the same events as
    blocks of bytes and batches of dicts, None where there are no files.
    """

    batches: Callable[[], Iterator[list[Row]]]
    once: bool
    is_file: bool
    blocks: Callable[[Report], Iterator[Block | list[Row]]] | None = None
    selected: Callable[[Callable[[list[Any]], list[Any]]], Iterator[tuple[int, list[Row]]]] | None = None
    """Of dicts: yields (how many there were, those that a filter over the dicts as given keeps) a batch."""
    message: Messages = print
    files: tuple[list[Any], Settings] | None = None
    """Which files, and how they are read; None where there are none, or where they can be read only once."""
    columns: Callable[..., Iterator[tuple[int, list[Row]]]] | None = None
    """Of frames: `columns(tests, refusals, wanted)`, see `_frames.Frame.chosen`."""

    def filtered(self, select: Callable[..., Any]) -> Callable[[Any], Any] | None:
        """Return a reading of the files through `select(blocks, prefilter, report)`; None where there are no files."""
        return None if self.blocks is None else lambda prefilter: self._filtered(select, prefilter)

    def _filtered(self, select: Callable[..., Any], prefilter: Any) -> Iterator[Any]:
        report = Report()
        assert self.blocks is not None
        try:
            yield from select(self.blocks(report), prefilter, report)
        finally:
            _tell(report, self.message)


def _silent(level: str, command: str, text: str) -> None:
    """Say nothing."""


def open_source(
    events: Any,
    *,
    infer: bool = True,
    strict: bool = False,
    message: Messages = _silent,
    format: str | None = None,
    sourcetype: str | None = None,
    source: str | None = None,
    source_name: str | None = None,
    host: str | None = None,
    index: str | None = None,
    timezone: tzinfo | None = None,
    now: float | None = None,
    ingest: Any = None,
    limits: Limits | None = None,
) -> Opened:
    """Prepare events for reading.

    Args:
        events: an iterable of dicts, a data frame, path(s), folders, globs, an open file, text or bytes,
            a `Source`.
        infer: whether source and sourcetype come from the content where they are absent.
        strict: whether a malformed record raises instead of being kept as an event with only `_raw`.
        message: called as `message(level, command, text)` with what a user should know.
        format: the name of a reader, instead of recognising the format by content.
        sourcetype, source, host, index: put on every event, whatever it says itself.
        source_name: the same as `source`.
        timezone: the zone of times that name none (UTC).
        now: the time of reading, for times without a year.
        ingest: what apps say about reading files (`knowledge.ingest.Ingest`).
        limits: what a compressed file may become, and what a record may be.

    Raises:
        EventFormatError: for what is no source of events, a file that is not there, a malformed record under `strict`.
    """
    source = source_name if source is None else source
    if isinstance(events, Source):
        merged: dict[str, Any] = {
            "infer": infer,
            "strict": strict,
            "message": message,
            "timezone": timezone,
            "now": now,
            "ingest": ingest,
            "limits": limits,
            **{
                name: value
                for name, value in (
                    ("format", format),
                    ("sourcetype", sourcetype),
                    ("source", source),
                    ("host", host),
                    ("index", index),
                )
                if value is not None
            },
        }
        return open_source(events.events, **{**merged, **events.reading()})
    settings = Settings(
        format=format,
        sourcetype=sourcetype,
        source=source,
        host=host,
        index=index,
        infer=infer,
        strict=strict,
        timezone=timezone or utc_zone.utc,
        now=now,
        ingest=ingest,
        limits=limits or Limits(),
    )
    if format is not None:
        find_reader(format)
    return _open(events, settings, message)


def _open(events: Any, settings: Settings, message: Messages) -> Opened:
    from splmini.events import _frames

    pieces = _frames.pieces(events)  # first: a column named `read` would make a frame look like a file
    if pieces is not None:
        frame = _frames.Frame(pieces, settings, message)
        return Opened(frame.batches, _frames.is_reader(events), is_file=False, columns=frame.chosen)
    if is_path(events):
        return _open_files([events], settings, message)
    if isinstance(events, Mapping):
        raise EventFormatError("Events are an iterable of dicts, not one dict.", hint="Put it in a list.")
    if not isinstance(events, Iterable):
        raise EventFormatError(f"A {type(events).__name__} is no source of events.")
    once = iter(events) is events
    first, events = _peek(events, once)
    if isinstance(first, (str, bytes, os.PathLike)) or hasattr(first, "read"):
        return _open_files(list(events), settings, message)
    return _open_dicts(_rows(events), once, settings, message)


def _peek(events: Iterable[Any], once: bool) -> tuple[Any, Iterable[Any]]:
    """Return the first item, without losing it."""
    with theirs("The iterator of events", "events"):
        iterator = iter(events)
        first = next(iterator, None)
    if not once:
        return first, events
    return first, () if first is None else itertools.chain([first], iterator)


def _rows(events: Iterable[Any]) -> Callable[[], Iterator[list[Any]]]:
    from splmini.operators import BATCH_SIZE, batched

    def batches() -> Iterator[list[Any]]:
        if isinstance(events, (list, tuple)):
            for start in range(0, len(events), BATCH_SIZE):
                yield list(events[start : start + BATCH_SIZE])
        else:
            yield from their_iterator(batched(events), "The iterator of events", "events")

    return batches


def _open_dicts(
    batches: Callable[[], Iterator[list[Any]]], once: bool, settings: Settings, message: Messages
) -> Opened:
    def read() -> Iterator[list[Row]]:
        report = Report()
        yield from dict_batches(batches(), settings, report)
        _tell(report, message)

    def selected(keep: Callable[[list[Any]], list[Any]]) -> Iterator[tuple[int, list[Row]]]:
        report = Report()
        for batch in batches():
            report.records += len(batch)
            yield len(batch), plain_events(_kept(batch, keep), settings, report)
        _tell(report, message)

    return Opened(read, once, is_file=False, selected=selected)


def _kept(batch: list[Any], keep: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """Filter dicts as given; a batch that holds something else is left to whoever says what is wrong with it."""
    try:
        return keep(batch)
    except (TypeError, AttributeError):
        return batch


def _tell(report: Report, message: Messages) -> None:
    for level, text in report.messages():
        message(level, "events", text)


# ---- files ---------------------------------------------------------------------------------------------------------


def _open_files(given: list[Any], settings: Settings, message: Messages) -> Opened:
    def read() -> Iterator[list[Row]]:
        report = Report()
        try:
            for part in file_blocks(given, settings, report):
                batch = part.events(report) if isinstance(part, Block) else part
                if batch:
                    yield from _sliced(batch)
        finally:
            _tell(report, message)

    def parts(report: Report) -> Iterator[Block | list[Row]]:
        return file_blocks(given, settings, report)

    once = any(hasattr(each, "read") for each in given)
    files = None if once else (given, settings)
    return Opened(read, once, is_file=True, blocks=parts, message=message, files=files)


def _sliced(events: list[Row]) -> Iterator[list[Row]]:
    from splmini.operators import BATCH_SIZE

    for start in range(0, len(events), BATCH_SIZE):
        yield events[start : start + BATCH_SIZE]


def file_blocks(given: list[Any], settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    """Yield the blocks (or, for formats that are not text, batches of rows) of all files given."""
    for stream in all_streams(given, settings, report):
        yield from stream_blocks(stream, settings, report)


def all_streams(given: list[Any], settings: Settings, report: Report) -> Iterator[Stream]:
    """Yield the streams of all that is given; of several, those that are not there are told and left out."""
    several = len(given) > 1
    for each in given:
        streams = find_streams(each)
        while True:
            try:
                stream = next(streams, None)
            except SplError as error:
                _leave_out(error, not several, settings, report)
                break
            if stream is None:
                break
            yield replace(stream, alone=stream.alone and not several)


def stream_blocks(stream: Stream, settings: Settings, report: Report) -> Iterator[Block | list[Row]]:
    """Yield the blocks, or batches of rows, of one file. One of several that cannot be read is told, and the others
    go on; under `strict`, or where it is the only one, it raises."""
    with failures_told(stream, settings, report), stream.open() as file:
        limits = settings.limits
        for inner, head, opened in decompress(stream, file, limits, partial(_failed, stream, settings, report)):
            with failures_told(inner, settings, report, part=inner is not stream):
                yield from _stream_blocks(inner, head, opened, settings, report)


@contextmanager
def failures_told(stream: Stream, settings: Settings, report: Report, part: bool = False) -> Iterator[None]:
    """Tell what goes wrong while a stream is read, or raise it, as an error that names the stream.

    A limit that is reached in a `part` of an archive ends the reading of the archive.
    """
    try:
        yield
    except (OSError, MemoryError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "it needs too much memory") or str(error)
        wrong = EventFormatError(f"The file cannot be read: {reason}.", path=stream.name or "events")
        wrong.__cause__ = error
        _leave_out(wrong, stream.alone, settings, report)
    except SplError as error:
        if part and isinstance(error, LimitExceeded):
            raise
        _leave_out(error, stream.alone, settings, report)


def _failed(stream: Stream, settings: Settings, report: Report, error: SplError) -> None:
    """Tell of a file in an archive that cannot be read."""
    _leave_out(error, False, settings, report)


def _leave_out(error: SplError, alone: bool, settings: Settings, report: Report) -> None:
    """Raise an error of one file where it is the only one, or malformed events are to raise; else tell it."""
    if alone or settings.strict:
        raise error
    report.notes.append(("error", str(error)))


def _stream_blocks(
    stream: Stream, head: bytes, file: BinaryIO, settings: Settings, report: Report
) -> Iterator[Block | list[Row]]:
    settings = replace(settings, name=stream.name)
    charset = settings.ingest.charset(settings) if settings.ingest is not None else None
    if settings.format is None and charset is None and is_binary(head):
        if stream.asked:
            raise EventFormatError("This is no file of events that splmini can read.", path=stream.name or "events")
        report.notes.append(("warn", f"{stream.name}: left out, it is no file of events."))
        return
    reader = find_reader(settings.format) if settings.format else recognise_format(head)
    if reader.open is None:
        head, file = utf8(head, file, charset)
        if settings.format is None:
            reader = recognise_format(head)
            if settings.ingest is not None:
                ruled = settings.ingest.by_rule(head, reader, settings)
                settings = settings if ruled is None else replace(settings, sourcetype=ruled)
    report.formats[stream.name or "events"] = reader.name
    if stream.name is not None:
        report.notes.append(("info", f"{stream.name}: read as {reader.title}."))
    own = settings.ingest.reading(reader, settings) if settings.ingest is not None and not settings.format else None
    if own is not None:
        yield from own(head, file, report)
    elif reader.open is not None:
        yield from reader.open(file, settings, report)
    else:
        yield from text_blocks(reader, head, file, settings, report)


def text_blocks(
    reader: Reader,
    head: bytes,
    file: BinaryIO,
    settings: Settings,
    report: Report,
    size: int | None = None,
    state: Any = None,
    end: int | None = None,
) -> Iterator[Block]:
    """Cut a stream of text into blocks of whole records, about `size` bytes each; `state` is that of the first one,
    where `head` does not tell it; `end` is where to stop before the end of the file."""
    size = size or BLOCK_BYTES
    state = reader.start(head, settings) if reader.start and state is None else state
    number = 1
    for data in _whole_records(reader, file, state, settings, report, size, end):
        block = Block(data, reader.name, settings, copy.copy(state), number)
        yield block
        number += block.lines
        if reader.advance is not None:
            state = reader.advance(block.data, state)


def _whole_records(
    reader: Reader, file: BinaryIO, state: Any, settings: Settings, report: Report, size: int, end: int | None
) -> Iterator[bytes]:
    """Yield the bytes of a stream, cut behind records."""
    framing = reader.framing
    mark = framing.mark(state)
    if mark is not None and is_plain_file(file):
        yield from _cut_at_marks(framing, mark, file, state, size, end)
    most = max(settings.limits.record_bytes, size)
    left = None if end is None else end - file.tell()
    carry, wanted = b"", size
    piece, left = _piece(file, size, left)
    while piece:
        data = carry + piece
        wanted = min(max(size, len(data)), most) if carry else size
        piece, left = _piece(file, wanted, left)
        cut = framing.boundary(data, state) if piece else len(data)
        if not cut:
            if len(data) < most:
                carry = data
                continue
            cut = len(data)
            name = settings.name or "events"
            report.notes.append(
                ("warn", f"{name}: a record of more than {most:,} bytes was cut (record_bytes={most}).")
            )
        carry = data[cut:]
        yield from _in_blocks(framing, data[:cut], state, size)


def _in_blocks(framing: Framing, data: bytes, state: Any, size: int) -> Iterator[bytes]:
    """Cut what was read together because of a long record into blocks of the usual size again."""
    at, window = 0, size
    while len(data) - at > 2 * window:
        cut = framing.boundary(data[at : at + window], state)
        if cut:
            yield data[at : at + cut]
            at, window = at + cut, size
        else:
            window *= 2
    yield data[at:] if at else data


def _piece(file: BinaryIO, size: int, left: int | None) -> tuple[bytes, int | None]:
    """Read the next piece of a stream that is read to its end, or of `left` bytes; return it and what is left then."""
    if left is None:
        return file.read(size), None
    piece = file.read(min(size, left))
    return piece, left - len(piece)


def _cut_at_marks(
    framing: Framing, mark: bytes, file: BinaryIO, state: Any, size: int, end: int | None
) -> Iterator[bytes]:
    """Yield whole records of a file on disk without ever copying them: where to cut is looked up before reading.

    Stops, with the file at the first byte that was not given, near the end and where a block has no mark.
    """
    bytearray(KEPT_BYTES)  # given back at once: from then on glibc keeps so much instead of asking for every block
    at = file.tell()
    end = os.fstat(file.fileno()).st_size if end is None else end
    tail = min(TAIL_BYTES, size)
    while at + size < end:
        file.seek(at + size - tail)
        seen = file.read(tail)
        cut = framing.boundary(seen, state) if mark in seen else 0
        if cut:
            file.seek(at)
            data = file.read(size - tail + cut)
        else:
            file.seek(at)
            data = file.read(size)
            data = data[: framing.boundary(data, state)] if mark in data else b""
        if not data:
            break
        at += len(data)
        yield data
    file.seek(at)


# ---- the plain interface -------------------------------------------------------------------------------------------


def read(events: Any, *, messages: Callable[[str, str], None] | None = None, **settings: Any) -> Iterator[list[Row]]:
    """Yield batches of event dicts. `messages(level, text)` is told what a user should know; settings as for
    `open_source`.

    >>> [event["_raw"] for batch in read("one\\ntwo\\n") for event in batch]
    ['one', 'two']
    """

    def message(level: str, command: str, text: str) -> None:
        if messages is not None:
            messages(level, text)

    yield from open_source(events, message=message, **settings).batches()


def blocks(events: Any, report: Report | None = None, **settings: Any) -> Iterator[Block | list[Row]]:
    """Yield the blocks of bytes of files; settings as for `open_source`.

    Raises:
        EventFormatError: where the events do not come from files.
    """
    opened = open_source(events, **settings)
    if opened.blocks is None:
        raise EventFormatError("Only files have blocks.")
    yield from opened.blocks(report if report is not None else Report())
