"""Many searches in one pass: events are read and mapped once, and each event is held against all searches together.

What a search reads is known before it runs: the events that satisfy its first command, the dataset of a data model that
tstats aggregates, the data points of mstats, and the same of its subsearches. Each of these is a `Reading`. One pass
over the events fills them all: an index says which of them an event could satisfy (`engine.candidates`), datasets are
made from the mapped events, and what follows is aggregated as rows come where their order does not matter. Then each
search runs on what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from splmini.engine.candidates import Index, build_index
from splmini.engine.context import Run
from splmini.engine.readings import NOTHING, Found, Reading, SweepRun, reading_of, scan_reading, subsearches
from splmini.engine.selection import may_hold_classes, named_indexes
from splmini.engine.stream import reads_raw
from splmini.engine.tasks import NotDistributable, require_streaming
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Generating, Implied, Operator, Row, Stream, union
from splmini.plan.distribution import holds_subsearch
from splmini.plan.fields import required

CHUNK = 8192
"""Events that are mapped and handed out together."""
SAMPLE = 400
"""Rows that tell which values and literals are rare."""
MAPPERS = 64
"""Mappers that are kept for the fields that the searches which hit an event need."""


# ---- datasets -------------------------------------------------------------------------------------------------------


class _Shared(Run):
    """The run in which a dataset is made from the events of a chunk: its scans give those that a pass selected."""

    asked: list[Reading]
    feeding: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked, self.feeding, self._next = [], False, 0

    def start(self) -> None:
        """Give the scans of a dataset their rows, from the first one on."""
        self.feeding, self._next = True, 0

    def scan(self, predicate: tree.Node | None, needed: Fields, implied: Implied | None = None) -> Stream:
        """Say what is to be read; or give it, when it was."""
        if not self.feeding:
            if predicate is not None and holds_subsearch(predicate):
                raise NotDistributable
            reading = scan_reading(self, [NOTHING], predicate)
            reading.needed = union(needed, reading.reads)
            self.asked.append(reading)
            return Stream(iter(()))
        reading = self.asked[self._next]
        self._next += 1
        rows, reading.rows = reading.rows, []
        return Stream(iter([rows] if rows else []))

    def run(self, pipeline: tree.Pipeline, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
        """Run a pipeline of a dataset, where each event is for itself."""
        require_streaming(self.builder.build(pipeline))
        return super().run(pipeline, rows, needed)

    def expand(self, pipeline: tree.Pipeline, subject: str = "subsearch") -> tree.Node:
        """Refuse: a subsearch reads all events."""
        raise NotDistributable


MOST_FORESEEN = 50_000
"""Rows that are kept for a command that would read them by itself."""


def foreseen(run: Run, operators: Sequence[Operator], shared: Callable[[type[Run]], Any]) -> list[Reading]:
    """Return what a command scans that makes rows from a data model (from, datamodel), seen by letting it do so with
    no events; nothing where that cannot be told."""
    first = operators[0]
    if not isinstance(first, Generating) or first.name not in ("from", "datamodel"):
        return []
    watch: _Shared = shared(_Shared)
    try:
        for _ in first.generate(watch, required(operators)[0]).batches:
            pass
    except (SplError, NotDistributable):
        return []
    if any(each.predicate is None for each in watch.asked):
        return []
    for each in watch.asked:
        each.run, each.most, each.raw = run, MOST_FORESEEN, each.raw or reads_raw(operators)
    return watch.asked


@dataclass
class DatasetReadings:
    """All readings of one dataset, and what the dataset itself reads."""

    name: str
    run: _Shared
    readings: list[Reading]
    needed: Fields
    index: Index | None = None

    def take_chunk(self) -> None:
        """Make the dataset's rows of the events that were selected, and hand them out."""
        if not any(each.rows for each in self.run.asked):
            return
        self.run.start()
        for batch in self.run.dataset(self.name).rows(self.run, self.needed, True).batches:
            if self.index is None:
                self.index = index_of(self.readings, batch)
            _hand_out(self.readings, self.index, batch)


def index_of(readings: Sequence[Reading], rows: Batch) -> Index:
    """Index readings, by what is rare among some rows."""
    return build_index([each.predicate for each in readings], rows[:: len(rows) // SAMPLE + 1])


def _hand_out(readings: Sequence[Reading], index: Index, batch: Batch) -> None:
    """Give each reading the rows of a batch that satisfy its predicate."""
    hits: dict[int, list[Row]] = {}
    for row in batch:
        for number in index.candidates(row):
            each = readings[number]
            if each.error is None and each.test(row):
                hits.setdefault(number, []).append(row)
    for number, rows in hits.items():
        readings[number].take(rows)


def dataset_readings(name: str, readings: list[Reading], shared: Callable[[type[Run]], Any]) -> DatasetReadings | None:
    """Prepare the readings of a dataset; None where it cannot be made chunk by chunk, so that each reads by itself.

    Raises SplError where the dataset is not there.
    """
    run: _Shared = shared(_Shared)
    needed = union(*(each.needed for each in readings))
    try:
        for _ in run.dataset(name).rows(run, needed, True).batches:
            pass
    except NotDistributable:
        return None
    return DatasetReadings(name, run, readings, needed)


def read_dataset(name: str, readings: Sequence[Reading], run: Run) -> None:
    """Read a dataset that cannot be made chunk by chunk, once for all its readings."""
    index: Index | None = None
    try:
        for batch in run.dataset(name).rows(run, union(*(each.needed for each in readings)), True).batches:
            index = index or index_of(readings, batch)
            _hand_out(readings, index, batch)
    except SplError as error:
        for each in readings:
            each.error = each.error or error


# ---- the pass --------------------------------------------------------------------------------------------------------


def one_pass(
    readings: Sequence[Reading],
    datasets: Sequence[DatasetReadings],
    run: Run,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Read the events of a run once and hand each reading the rows that satisfy its predicate.

    What all predicates and datasets read is made first; what the searches behind them need, only for the events that
    satisfy one.
    """
    below = [each for dataset in datasets for each in dataset.run.asked]
    everything = [*readings, *below]
    if not everything:
        return
    taking = _Pass(readings, below, run)
    for events in _chunks(run, progress):
        taking.take(events)
        for dataset in datasets:
            dataset.take_chunk()
    for each in everything:
        written = run.services.written_events(named_indexes(each.predicate))
        if written:
            rows = [row for row in taking.mapped(written, each) if each.test(row)]
            each.take(rows)
    for dataset in datasets:
        dataset.take_chunk()


def _chunks(run: Run, progress: Callable[[int], None] | None) -> Iterator[list[Row]]:
    held: list[Row] = []
    for count, events in run.source.batches():
        if run.stopped():
            break
        run.scanned += count
        if progress is not None:
            progress(run.scanned)
        held.extend(events)
        if len(held) >= CHUNK:
            yield held
            held = []
    if held:
        yield held


class _Pass:
    """The mapping and handing out of events to readings, those of datasets included."""

    def __init__(self, readings: Sequence[Reading], below: Sequence[Reading], run: Run) -> None:
        self.run = run
        self.everything = [*readings, *below]
        self.plain = len(readings)
        self.index: Index | None = None
        # events without a _raw get one only where a predicate, or what follows a hit, reads it
        self.raw = any(each.reads is None or "_raw" in each.reads for each in self.everything) or any(
            each.raw for each in below
        )
        predicates = [each.predicate for each in self.everything]
        base = union(frozenset(), *(each.needed for each in below))
        known = [each for each in predicates if each is not None]
        asked = tree.Or(tuple(known)) if len(known) == len(predicates) and not may_hold_classes(base) else None
        self.made: Fields = union(base, *(each.reads for each in self.everything))
        self.first = run.services.bind_mapper(self.made, run, self.raw, asked=asked)
        self.mappers: dict[tuple[Fields, bool], Any] = {}

    def take(self, events: list[Row]) -> None:
        """Hand out a chunk of events."""
        made = self.first(events)
        if self.index is None:
            self.index = index_of(self.everything, made)
        hits: dict[int, list[int]] = {}
        everything, candidates = self.everything, self.index.candidates
        for position, row in enumerate(made):
            for number in candidates(row):
                each = everything[number]
                if each.error is None and each.test(row):
                    hits.setdefault(number, []).append(position)
        mapped = self._mapped(events, {number: found for number, found in hits.items() if number < self.plain})
        for number, positions in hits.items():
            each = everything[number]
            source: Any = mapped if number < self.plain else made
            rows = [dict(source[position]) for position in positions]
            if not each.raw:
                for row, position in zip(rows, positions, strict=True):
                    if "_raw" not in events[position]:
                        row.pop("_raw", None)
            each.take(rows)

    def _mapped(self, events: list[Row], hits: dict[int, list[int]]) -> dict[int, Row]:
        """Make what the searches that hit an event need of it; events that the same ones hit go together."""
        numbers: dict[int, list[int]] = {}
        for number, positions in hits.items():
            for position in positions:
                numbers.setdefault(position, []).append(number)
        together: dict[tuple[int, ...], list[int]] = {}
        for position, found in sorted(numbers.items()):
            together.setdefault(tuple(found), []).append(position)
        mapped: dict[int, Row] = {}
        for group, positions in together.items():
            readings = [self.everything[number] for number in group]
            mapper = self._mapper(union(*(each.needed for each in readings)), any(each.raw for each in readings))
            mapped.update(zip(positions, mapper([events[position] for position in positions]), strict=True))
        return mapped

    def _mapper(self, needed: Fields, raw: bool) -> Any:
        known = self.mappers.get((needed, raw))
        if known is None:
            if len(self.mappers) >= MAPPERS:
                needed = ALL
            known = self.mappers.get((needed, raw))
            if known is None:
                known = self.mappers[needed, raw] = self.run.services.bind_mapper(needed, self.run, raw)
        return known

    def mapped(self, events: list[Row], reading: Reading) -> Batch:
        """Map events for one reading alone."""
        return self.run.services.bind_mapper(reading.needed, self.run, reading.raw)(events)


__all__ = [
    "DatasetReadings", "Found", "Reading", "SweepRun", "dataset_readings", "foreseen", "one_pass", "read_dataset",
    "reading_of", "scan_reading", "subsearches",
]
