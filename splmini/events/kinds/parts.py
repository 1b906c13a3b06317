"""Parts of files that can be read anywhere: what the tasks of a parallel run are given.

A large file of plain text is cut at record boundaries into ranges of bytes, which the reader of a task opens and reads
by itself. A file that cannot be entered in the middle (compressed, binary) is one part where there are many of them;
else its blocks are read here and sent. So is what depends on the records before it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from splmini.errors import SplError
from splmini.events._blocks import all_streams, failures_told, selected, stream_blocks, text_blocks
from splmini.events._compression import is_compressed, peek, utf8
from splmini.events._events import Events, Part
from splmini.events._reader import HEAD_BYTES, Block, Reader, Report, Settings, find_reader
from splmini.events._selection import EVERYTHING, Selection
from splmini.events._source import Stream, find_streams, named_stream
from splmini.events.recognise import is_binary, is_noise, recognise_format
from splmini.operators import Batch, ColumnBatch

MANY_FILES = 8
"""From so many on, files that have to be read from their start are parts of their own."""
EXPANSION = 8
"""About how many times larger compressed events become."""
LOOKBACK = 64 << 10


@dataclass(frozen=True)
class Span:
    """A range of bytes of a file of text, from one record boundary to another; `state` as in `Block`."""

    path: str
    reader: str
    settings: Settings
    state: Any
    first: int
    """Where the file's records begin."""
    start: int
    stop: int | None
    alone: bool = True

    @property
    def weight(self) -> int:
        """How many bytes it has, about."""
        return (self.stop or self.start) - self.start

    def read(self, report: Report, ingest: Any) -> Iterator[Block | Batch]:
        """Read its blocks; `ingest` is what apps say about reading files, there where it is read."""
        reader, settings = find_reader(self.reader), replace(self.settings, ingest=ingest)
        stream = replace(named_stream(self.path), alone=self.alone)
        with failures_told(stream, settings, report), stream.open() as file:
            start = boundary_before(file, reader, self.state, self.first, self.start)
            stop = None if self.stop is None else boundary_before(file, reader, self.state, self.first, self.stop)
            file.seek(start)
            yield from text_blocks(reader, b"", file, settings, report, state=self.state, end=stop)

    def lines_before(self) -> int:
        """Count the lines of the file before this part: an error says which record of the file it means."""
        with named_stream(self.path).open() as file:
            start = boundary_before(file, find_reader(self.reader), self.state, self.first, self.start)
            file.seek(self.first)
            return sum(piece.count(b"\n") for piece in _pieces(file, start - self.first))


@dataclass(frozen=True)
class Whole:
    """A whole file."""

    path: str
    settings: Settings
    asked: bool
    alone: bool
    weight: int

    def read(self, report: Report, ingest: Any) -> Iterator[Block | Batch]:
        """Read its blocks."""
        stream = replace(named_stream(self.path), asked=self.asked, alone=self.alone)
        yield from stream_blocks(stream, replace(self.settings, ingest=ingest), report)

    def lines_before(self) -> int:
        """None."""
        return 0


@dataclass(frozen=True)
class Held:
    """A block, or a batch of rows, that was read already."""

    content: Block | Batch

    @property
    def weight(self) -> int:
        """How many bytes it has, about."""
        return len(self.content.data) if isinstance(self.content, Block) else 300 * len(self.content)

    def read(self, report: Report, ingest: Any) -> Iterator[Block | Batch]:
        """Give what it holds."""
        content = self.content
        yield _with_ingest(content, ingest) if isinstance(content, Block) else content

    def lines_before(self) -> int:
        """None: a block knows the number of its first record."""
        return 0


@dataclass(frozen=True)
class Traits:
    """What a task has to know of the events that it is given parts of."""

    is_file: bool
    has_bytes: bool

    @classmethod
    def of(cls, events: Events) -> Traits:
        """Return those of events."""
        return cls(events.is_file, events.has_bytes)


class PartEvents(Events):
    """The events of some parts, read where they are sent to; what is noticed goes into the report."""

    def __init__(self, parts: tuple[Part, ...], report: Report, ingest: Any, traits: Traits) -> None:
        self.is_file, self.has_bytes = traits.is_file, traits.has_bytes
        self.current: Part | None = None
        """The part that is being read."""
        self._parts = parts
        self._report = report
        self._ingest = ingest

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield the events of the parts, of each block those that are selected."""
        yield from selected(self._blocks(), selection, self._report, self.has_bytes)

    def _blocks(self) -> Iterator[Block | Batch]:
        for part in self._parts:
            self.current = part
            yield from part.read(self._report, self._ingest)


def _with_ingest(block: Block, ingest: Any) -> Block:
    return replace(block, settings=replace(block.settings, ingest=ingest))


def _held(parts: Iterator[Block | Batch]) -> Iterator[Held]:
    """Hold blocks as they travel: without what apps say about files, which is there where they are read."""
    for part in parts:
        yield Held(_with_ingest(part, None) if isinstance(part, Block) else part)


# ---- cutting -------------------------------------------------------------------------------------------------------


def file_parts(given: list[Any], settings: Settings, report: Report, size: int) -> Iterator[Part]:
    """Yield the parts of all files given, in the order in which they are read; large files in parts of `size` bytes."""
    streams = list(all_streams(given, settings, report))
    for stream in streams:
        if _is_file(stream):
            yield from _stream_parts(stream, settings, report, size, len(streams) >= MANY_FILES)
        else:
            yield from _held(stream_blocks(stream, settings, report))


def _is_file(stream: Stream) -> bool:
    """Say whether a stream can be opened more than once: it is a file, here or elsewhere."""
    if not stream.again or stream.name is None:
        return False
    return "://" in stream.name or os.path.isfile(stream.name)


def _stream_parts(stream: Stream, settings: Settings, report: Report, size: int, many: bool) -> Iterator[Part]:
    assert stream.name is not None
    with failures_told(stream, settings, report), stream.open() as opened:
        head, _ = peek(opened, HEAD_BYTES)
        compressed = is_compressed(head)
        length = _length(opened)
        if compressed or length is None or length <= size:
            pressed = (length or size) * EXPANSION if compressed else (length or size)
            if many or (not compressed and length is not None):
                yield Whole(stream.name, replace(settings, ingest=None), stream.asked, stream.alone, pressed)
                return
        elif (text := _text_reader(head, replace(settings, name=stream.name))) is not None:
            own = replace(settings, name=stream.name, ingest=None)
            spans = list(_spans(stream, text, opened, length, own, size))
            if spans:
                report.formats[stream.name] = text.name
                report.notes.append(("info", f"{stream.name}: read as {text.title}."))
                yield from spans
                return
        yield from _held(stream_blocks(stream, settings, report))


def _text_reader(head: bytes, settings: Settings) -> Reader | None:
    """The reader of a file whose records can be read wherever one begins; None where there is more to it."""
    if settings.format is None and is_binary(head):
        return None
    reader = find_reader(settings.format) if settings.format else recognise_format(head)
    if reader.open is not None or reader.advance is not None or reader.carries_time:
        return None
    plain, _ = utf8(head, io.BufferedReader(io.BytesIO(head)))
    if not head.endswith(plain) or (settings.format is None and is_noise(plain)):
        return None  # another character set, or no text
    ingest = settings.ingest
    if ingest is not None and ingest.charset(settings) is not None:
        return None
    if settings.format is None:
        reader = recognise_format(plain)
        if ingest is not None and (ingest.by_rule(plain, reader, settings) or ingest.reading(reader, settings)):
            return None
    return reader


def _spans(
    stream: Stream, reader: Reader, file: BinaryIO, length: int, settings: Settings, size: int
) -> Iterator[Span]:
    path = stream.name
    assert path is not None
    file.seek(0)
    head = file.read(HEAD_BYTES)
    first = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    state = reader.start(head[first:], settings) if reader.start else None
    mark = reader.framing.mark(state)
    if mark is None:
        return
    file.seek(max(size - (1 << 20), 0))
    if mark not in head and mark not in file.read(min(size, 1 << 20)):
        return
    count = -(-length // size)
    for number in range(count):
        stop = None if number == count - 1 else (number + 1) * size
        yield Span(path, reader.name, settings, state, first, max(number * size, first), stop, stream.alone)


def boundary_before(file: BinaryIO, reader: Reader, state: Any, first: int, position: int) -> int:
    """Return the last record boundary at or before a position of a file whose records begin at `first`."""
    mark = reader.framing.mark(state)
    assert mark is not None
    back = LOOKBACK
    while True:
        start = max(position - back, first)
        file.seek(start)
        seen = file.read(position - start)
        if start == first or mark in seen:
            cut = reader.framing.boundary(seen, state)
            if cut or start == first:
                return start + cut
        back *= 4


def total_bytes(given: list[Any]) -> int | None:
    """Return how many bytes the files on disk have together; None where some are elsewhere."""
    total = 0
    for each in given:
        try:
            streams = [] if hasattr(each, "read") else list(find_streams(each))
        except SplError:  # who reads it says so
            continue
        for stream in streams:
            if stream.name is not None and not os.path.isfile(stream.name):
                return None
            total += 0 if stream.name is None else os.path.getsize(stream.name)
    return total


def _length(file: BinaryIO) -> int | None:
    """How many bytes a file has; None where it cannot be read at any place."""
    try:
        if not file.seekable():
            return None
        at = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(at)
    except (OSError, ValueError, AttributeError):
        return None
    return end


def _pieces(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (piece := file.read(min(count, 1 << 20))):
        count -= len(piece)
        yield piece


def grouped(parts: Iterator[Part], size: int) -> Iterator[tuple[Part, ...]]:
    """Put neighbouring parts together until they weigh `size` bytes."""
    group: list[Part] = []
    weight = 0
    for part in parts:
        if group and weight + part.weight > size:
            yield tuple(group)
            group, weight = [], 0
        group.append(part)
        weight += part.weight
    if group:
        yield tuple(group)
