"""Events that can be read once, for a run: kept while they are first read where several readers need them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import IO

import msgspec

from splmini.errors import InternalError
from splmini.events._events import Events
from splmini.events._selection import EVERYTHING, Selection
from splmini.operators import Batch, ColumnBatch, Row


def for_readers(events: Events, several: bool, memory: int) -> Events:
    """Return events for one reader, or for several: what can be read once is then kept, to `memory` bytes in memory."""
    if not events.once:
        return events
    return Spooled(events, memory) if several else ReadOnce(events)


class ReadOnce(Events):
    """Events of which a second reading would find nothing, and is an error."""

    once = True

    def __init__(self, events: Events) -> None:
        self.is_file = events.is_file
        self.has_bytes = events.has_bytes
        self._events = events
        self._begun = False

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield the events, the first time."""
        if self._begun:
            raise InternalError(
                "The events can be read only once, and are read again.",
                name="rereads",
                hint="The command that reads them again has to be declared with rereads=True.",
            )
        self._begun = True
        yield from self._events.scan(selection)


class Spooled(Events):
    """Events that are read once and can be replayed at any time, by any number of readers.

    Batches are kept while they are first read: in memory up to `memory` bytes, then in a temporary file.
    """

    def __init__(self, events: Events, memory: int) -> None:
        self.is_file = events.is_file
        self._batches = events.scan()
        self._memory = memory
        self._kept: list[Batch] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._offsets: list[tuple[int, int]] = []

    def scan(self, selection: Selection = EVERYTHING) -> Iterator[tuple[int, Batch | ColumnBatch]]:
        """Yield all batches from the start, reading on where nobody has read yet."""
        for batch in self._read():
            yield len(batch), selection.kept(batch)

    def _read(self) -> Iterator[Batch]:
        index = 0
        while True:
            if index < len(self._kept):
                yield self._kept[index]
            elif index < len(self._kept) + len(self._offsets):
                yield self._load(index - len(self._kept))
            else:
                _, events = next(self._batches, (0, None))
                if events is None:
                    return
                batch = list(events)
                self._store(batch)
                yield batch
            index += 1

    def _store(self, batch: Batch) -> None:
        if self._file is None:
            size = len(batch) * _rough_size(batch[0]) if batch else 0
            if self._bytes + size <= self._memory:
                self._bytes += size
                self._kept.append(batch)
                return
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool
        data = msgspec.json.encode(batch)
        self._file.seek(0, os.SEEK_END)
        self._offsets.append((self._file.tell(), len(data)))
        self._file.write(data)

    def _load(self, index: int) -> Batch:
        assert self._file is not None
        offset, size = self._offsets[index]
        self._file.seek(offset)
        loaded: Batch = msgspec.json.decode(self._file.read(size))
        return loaded

    def close(self) -> None:
        """Remove the temporary file, if any."""
        if self._file is not None:
            self._file.close()


def _rough_size(row: Row) -> int:
    """About how many bytes of memory an event takes: dict and string overhead with the text."""
    return 200 + sum(70 + len(key) + (len(value) if isinstance(value, str) else 30) for key, value in row.items())
