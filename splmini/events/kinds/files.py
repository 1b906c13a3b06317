"""Events that are read from files, folders, URLs, open files, or text in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from splmini.events._blocks import file_blocks, selected
from splmini.events._events import Events, Given, Messages, Part, kind, tell
from splmini.events._reader import Block, Report, Settings
from splmini.events._selection import EVERYTHING, Selection
from splmini.events._source import Stream, find_streams, is_path
from splmini.events.kinds.parts import file_parts, total_bytes
from splmini.operators import Batch, ColumnBatch


class FileEvents(Events):
    """Files, by what stands for them; what is open already can be read once."""

    is_file = True

    def __init__(self, given: list[Any], settings: Settings, message: Messages) -> None:
        self.once = any(hasattr(each, "read") for each in given)
        # where an app changes _raw of what is read, the bytes of a file say nothing about its events
        self.has_bytes = settings.ingest is None or not settings.ingest.rewrites_raw
        self._given = given
        self._settings = settings
        self._message = message

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield the events of the files, of each block those that are selected."""
        report = Report()
        try:
            yield from selected(self.blocks(report), selection, report, self.has_bytes)
        finally:
            tell(report, self._message)

    def blocks(self, report: Report) -> Iterator[Block | Batch]:
        """Yield the files as blocks of bytes; as batches of rows where a format is not text."""
        return file_blocks(self._given, self._settings, report)

    def parts(self, size: int, report: Report) -> Iterator[Part] | None:
        """Cut large files into parts; None for what can be read once."""
        return None if self.once else file_parts(self._given, self._settings, report, size)

    def total_bytes(self) -> int | None:
        """Return how many bytes the files have together."""
        return None if self.once else total_bytes(self._given)

    def kept(self) -> list[Any]:
        """Return them with the content of what is open in its place."""
        return [next(find_streams(each)).kept() if hasattr(each, "read") else each for each in self._given]


@kind(50)
def open_files(given: Given, settings: Settings, message: Messages) -> Events | None:
    """Recognise paths, text, bytes and open files, or an iterable of those."""
    if is_path(given.events):
        return FileEvents([given.events], settings, message)
    if isinstance(given.events, Mapping):
        return None
    first = given.first
    several = isinstance(first, (str, bytes, os.PathLike, Stream)) or hasattr(first, "read")
    return FileEvents(list(given.events), settings, message) if several else None
