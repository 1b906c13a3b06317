"""From files to blocks of bytes, cut behind whole records; and from those to the events that are wanted."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

from splmini.errors import EventFormatError, LimitExceeded, SplError
from splmini.events._compression import decompress, is_plain_file, utf8
from splmini.events._framing import Framing
from splmini.events._projection import Projected
from splmini.events._reader import Block, Reader, Report, Settings, find_reader
from splmini.events._selection import Selection
from splmini.events._source import Stream, find_streams
from splmini.events.recognise import is_binary, is_noise, recognise_format
from splmini.operators import BATCH_SIZE, Batch, ColumnBatch

BLOCK_BYTES = 512 << 10
"""Small enough to be scanned where it was read to, in the processor's cache."""
TAIL_BYTES = 64 << 10
KEPT_BYTES = 8 << 20
"""What the allocator is led to keep for blocks to come (glibc: the largest piece that was ever given back)."""


def selected(
    blocks: Iterator[Block | Batch], selection: Selection, report: Report, has_bytes: bool
) -> Iterator[tuple[int, Batch | ColumnBatch]]:
    """Yield, for each block, about how many events it has and those that are selected, by its bytes where they tell."""
    if has_bytes and selection.candidates is not None:
        for count, events in selection.candidates(blocks, report):
            yield count, events if isinstance(events, (Projected, ColumnBatch)) else selection.kept(events)
        return
    for part in blocks:
        events = part.events(report) if isinstance(part, Block) else part
        for start in range(0, len(events), BATCH_SIZE):
            batch = events[start : start + BATCH_SIZE]
            yield len(batch), selection.kept(batch)


def file_blocks(given: list[Any], settings: Settings, report: Report) -> Iterator[Block | Batch]:
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


def stream_blocks(stream: Stream, settings: Settings, report: Report) -> Iterator[Block | Batch]:
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
) -> Iterator[Block | Batch]:
    settings = replace(settings, name=stream.name)
    charset = settings.ingest.charset(settings) if settings.ingest is not None else None
    if settings.format is None and charset is None and is_binary(head):
        _pass_over(stream, report)
        return
    reader = find_reader(settings.format) if settings.format else recognise_format(head)
    if reader.open is None:
        head, file = utf8(head, file, charset)
        if settings.format is None and charset is None and is_noise(head):
            _pass_over(stream, report)
            return
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


def _pass_over(stream: Stream, report: Report) -> None:
    """Raise where a file that is no text was asked for by its name; else tell that it is left out."""
    if stream.asked:
        hint = "What is text after all is read with a format by name: --input-format text, format='text'."
        message = "This is no file of events that splmini can read."
        raise EventFormatError(message, path=stream.name or "events", hint=hint)
    report.notes.append(("warn", f"{stream.name}: left out, it is no file of events."))


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
