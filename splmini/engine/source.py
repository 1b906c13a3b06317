"""The events of a run: read once where one reader needs them, again or from a spool where several do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

import msgspec

from splmini.engine.filters import Verdicts
from splmini.errors import InternalError
from splmini.events import Projected
from splmini.operators import BATCH_SIZE, ColumnBatch, Row

Events: TypeAlias = "list[dict[str, Any]]"
Select: TypeAlias = "Callable[[Events], Events]"
Reader: TypeAlias = "Callable[[], Iterator[Events]]"


@dataclass(frozen=True)
class ValueTests:
    """A filter of events as given, by tests of the values of single fields; an event without the field passes."""

    tests: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...]
    known: tuple[Verdicts, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", tuple(Verdicts(name, test) for name, test in self.tests))

    def __call__(self, events: Events) -> Events:
        for verdicts in self.known:
            name = verdicts.name
            events = [
                event for event in events if (value := event.get(name)).__class__ not in VALUES or verdicts[value]
            ]
        return events

    def passing(self, positions: list[int], events: Events) -> list[int]:
        """Return the positions, of some, whose events pass."""
        for verdicts in self.known:
            name = verdicts.name
            positions = [
                position
                for position in positions
                if (value := events[position].get(name)).__class__ not in VALUES or verdicts[value]
            ]
        return positions


VALUES = frozenset({str, int, float})
"""Classes of values that are judged as given; all others become something else before they are."""


class EventSource:
    """Batches of event dicts, as given, that can be read as often as needed.

    `reader` starts a new reading. Where the underlying events can be read only once (an iterator, a pipe),
    `once` is true and the batches are spooled while they are first read: in memory up to `spool_bytes`, then in a
    temporary file. `shared` says whether more than one reader will come; where it is false, a second reading of such
    events is an error, since it would find nothing. `selected`, where there is one, reads through
    a filter that is applied before anything is done to the events.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        once: bool = False,
        shared: bool = False,
        spool_bytes: int = 256 << 20,
        selected: Callable[[Select], Iterator[tuple[int, Events]]] | None = None,
        filtered: Callable[[Any], Iterator[tuple[int, Events]]] | None = None,
        files: Any = None,
        is_file: bool = False,
        columns: Callable[..., Iterator[tuple[int, Events]]] | None = None,
    ) -> None:
        self._reader = reader
        self._spool = Spool(reader(), spool_bytes) if once and shared else None
        self._only_once = once and not shared
        self._begun = False
        self._selected = selected
        self._filtered = filtered
        self._columns = columns
        self.files = files
        """Which files, and how they are read: what `events.file_parts` takes; None where there are none."""
        self.is_file = is_file
        """Whether the events are read from files or text; those of dicts and frames are as their caller gave them."""

    def batches(
        self, refusals: Sequence[Select] = (), prefilter: Any = None, wanted: Any = None
    ) -> Iterator[tuple[int, Events]]:
        """Yield, for each batch, how many events it had and those that every filter keeps.

        `wanted` tells which fields are needed of a class of events: a frame makes no others (`events._frames`).
        """

        if self._begun and self._only_once:
            raise InternalError(
                "The events can be read only once, and are read again.",
                name="rereads",
                hint="The command that reads them again has to be declared with rereads=True.",
            )
        self._begun = True

        def keep(events: Events) -> Events:
            for refuse in refusals:
                events = refuse(events)
            return events

        if self._spool is None and prefilter and self._filtered is not None:
            for count, events in self._filtered(prefilter):
                yield count, events if isinstance(events, (Projected, ColumnBatch)) else keep(events)
            return
        if self._columns is not None and self._spool is None:
            tests = [test for each in refusals if isinstance(each, ValueTests) for test in each.tests]
            others = [each for each in refusals if not isinstance(each, ValueTests)]
            yield from self._columns(tests, others, wanted)
            return
        if self._selected is not None and self._spool is None and refusals:
            yield from self._selected(keep)
            return
        for events in self._reader() if self._spool is None else self._spool.read():
            yield len(events), keep(events)

    @property
    def has_bytes(self) -> bool:
        """Whether the events come from files whose bytes can be searched before anything is parsed."""
        return self._filtered is not None and self._spool is None

    def close(self) -> None:
        """Remove the temporary file, if any."""
        if self._spool is not None:
            self._spool.close()


class Spool:
    """A stream of batches that is read once and can be replayed at any time, by any number of readers."""

    def __init__(self, batches: Iterator[Events], memory: int) -> None:
        self._batches = batches
        self._memory = memory
        self._kept: list[Events] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._offsets: list[tuple[int, int]] = []

    def read(self) -> Iterator[Events]:
        """Yield all batches from the start, reading on where nobody has read yet."""
        index = 0
        while True:
            if index < len(self._kept):
                yield self._kept[index]
            elif index < len(self._kept) + len(self._offsets):
                yield self._load(index - len(self._kept))
            else:
                batch = next(self._batches, None)
                if batch is None:
                    return
                self._store(batch)
                yield batch
            index += 1

    def _store(self, batch: Events) -> None:
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

    def _load(self, index: int) -> Events:
        assert self._file is not None
        offset, size = self._offsets[index]
        self._file.seek(offset)
        loaded: Events = msgspec.json.decode(self._file.read(size))
        return loaded

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()


def _rough_size(row: Row) -> int:
    """About how many bytes of memory an event takes: dict and string overhead with the text."""
    return 200 + sum(70 + len(key) + (len(value) if isinstance(value, str) else 30) for key, value in row.items())


def chunks(rows: Iterable[Row], size: int = BATCH_SIZE) -> Iterator[Events]:
    """Cut an iterable of events into batches; a list is sliced."""
    if isinstance(rows, (list, tuple)):
        for start in range(0, len(rows), size):
            yield list(rows[start : start + size])
        return
    batch: Events = []
    for row in rows:
        batch.append(row)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
