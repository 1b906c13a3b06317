"""Many searches in one pass: events are read and mapped once, and each event is held against all searches together.

What a search reads is known before it runs: the events that satisfy its first command, the dataset of a data model that
tstats aggregates, the data points of mstats, and the same of its subsearches. Each of these is a `Reading`. One pass
over the events fills them all. A screen says, from the bytes of events, which readings they could satisfy
(`engine.screening`); only those events are mapped, with the fields that those readings test. Readings of which bytes
tell nothing are looked up by values of mapped events (`engine.candidates`). Datasets are made from the mapped events
(`engine.datasets`), and what follows is aggregated as rows come where their order does not matter. Then each search
runs on what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from splmini.engine.candidates import Index
from splmini.engine.context import Run
from splmini.engine.datasets import DatasetReadings, dataset_readings, foreseen, index_of, read_dataset
from splmini.engine.readings import Found, Reading, SweepRun, reading_of, scan_reading, subsearches
from splmini.engine.screening import Candidates, ClassScreen, Screen
from splmini.engine.selection import may_hold_classes, named_indexes
from splmini.knowledge.ways import Demand
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Row, union

CHUNK = 8192
"""Events that are mapped and handed out together."""
MAPPERS = 64
"""Mappers that are kept for the fields that the searches which hit an event need."""
TOGETHER = 4
"""Readings that could be satisfied by an event, of which each has it mapped for itself; for more, all fields of all are
made."""


def one_pass(
    readings: Sequence[Reading],
    datasets: Sequence[DatasetReadings],
    run: Run,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Read the events of a run once and hand each reading the rows that satisfy its predicate.

    What predicates and datasets read is made first, of the events that could satisfy one; what the searches behind them
    need, only of the events that do.
    """
    below = [each for dataset in datasets for each in dataset.asked]
    if not readings and not below:
        return
    taking = _Pass(readings, datasets, run)
    for events in _chunks(run, progress, taking.screen):
        taking.take(events)
        for dataset in datasets:
            dataset.take_chunk()
    for each in (*readings, *below):
        written = run.services.written_events(named_indexes(each.predicate))
        if written:
            rows = [row for row in taking.mapped(written, each) if each.test(row)]
            each.take(rows)
    for dataset in datasets:
        dataset.take_chunk()


def _chunks(run: Run, progress: Callable[[int], None] | None, screen: Screen | None) -> Iterator[list[Row]]:
    held: list[Row] = []
    for count, events in run.source.batches((), screen):
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


class _Tested:
    """Readings that are tested on the same rows, mapped with the fields that their predicates read, and `further`."""

    def __init__(self, numbers: Sequence[int], readings: Sequence[Reading], run: Run, further: Fields) -> None:
        self.numbers = numbers
        self.readings = readings
        fields = union(further, *(each.reads for each in readings))
        # events without a _raw get one only where a predicate, or what follows a hit, reads it
        raw = any(each.reads is None or "_raw" in each.reads or (further and each.raw) for each in readings)
        predicates = [each.predicate for each in readings if each.predicate is not None]
        every = len(predicates) == len(readings)
        asked = tree.Or(tuple(predicates)) if every and not may_hold_classes(further) else None
        self.mapper = run.services.bind_mapper(fields, run, raw, asked=asked)
        self.index: Index | None = None

    def hits(self, events: list[Row]) -> Iterator[tuple[int, int, Row]]:
        """Yield, for each reading that an event satisfies, its number, the position of the event, and its row."""
        rows = self.mapper(events)
        if len(self.readings) == 1:
            candidates: Callable[[Row], Sequence[int]] = _the_only_one
        else:
            self.index = self.index or index_of(self.readings, rows)
            candidates = self.index.candidates
        for position, row in enumerate(rows):
            for at in candidates(row):
                each = self.readings[at]
                if each.error is None and each.test(row):
                    yield self.numbers[at], position, row


def _the_only_one(row: Row) -> Sequence[int]:
    return (0,)


class _Pass:
    """The screening, mapping and handing out of events to readings, those of datasets included.

    The screen numbers the readings of datasets behind the others: what any of them could take feeds its dataset.
    """

    def __init__(self, readings: Sequence[Reading], datasets: Sequence[DatasetReadings], run: Run) -> None:
        self.run = run
        self.readings = readings
        self.fed = [number for number, dataset in enumerate(datasets) for _ in dataset.readings]
        self.feeds = [
            _Tested(range(len(each.asked)), each.asked, run, union(*(one.needed for one in each.asked)))
            for each in datasets
        ]  # fmt: skip
        self.screen = _screen(readings, datasets, run)
        self.tested: dict[tuple[int, ...], _Tested] = {}
        self.mappers: dict[tuple[Fields, bool], Any] = {}

    def take(self, events: list[Row]) -> None:
        """Hand out a chunk of events."""
        plain, total = len(self.readings), len(self.readings) + len(self.fed)
        hits: dict[int, list[int]] = {}
        feeding: list[set[int]] = [set() for _ in self.feeds]
        screened = [(None, list(range(len(events))), {})] if self.screen is None else self.screen.candidates(events)
        for known, positions, candidates in screened:
            always = range(total) if known is None else known.always
            for numbers, chosen in _to_test(known, positions, candidates, plain):
                for number, at, _ in self._tested(numbers).hits([events[position] for position in chosen]):
                    hits.setdefault(number, []).append(chosen[at])
            for number, fed in chain(candidates.items(), ((each, positions) for each in always)):
                if number >= plain:
                    feeding[self.fed[number - plain]].update(fed)
        self._give(events, hits)
        for feed, places in zip(self.feeds, feeding, strict=True):
            if places:
                _feed(feed, [events[position] for position in sorted(places)])

    def _tested(self, numbers: tuple[int, ...]) -> _Tested:
        known = self.tested.get(numbers)
        if known is None:
            readings = [self.readings[number] for number in numbers]
            known = self.tested[numbers] = _Tested(numbers, readings, self.run, frozenset())
        return known

    def _give(self, events: list[Row], hits: dict[int, list[int]]) -> None:
        """Make what the searches that hit an event need of it, and hand it out."""
        mapped = self._mapped(events, hits)
        for number, positions in hits.items():
            each = self.readings[number]
            _take(each, [(events[position], mapped[position]) for position in sorted(positions)])

    def _mapped(self, events: list[Row], hits: dict[int, list[int]]) -> dict[int, Row]:
        """Make what the searches that hit an event need of it; events that the same ones hit go together."""
        numbers: dict[int, list[int]] = {}
        for number, positions in hits.items():
            for position in positions:
                numbers.setdefault(position, []).append(number)
        together: dict[tuple[int, ...], list[int]] = {}
        for position, found in sorted(numbers.items()):
            together.setdefault(tuple(sorted(found)), []).append(position)
        mapped: dict[int, Row] = {}
        for group, positions in together.items():
            readings = [self.readings[number] for number in group]
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


def _screen(readings: Sequence[Reading], datasets: Sequence[DatasetReadings], run: Run) -> Screen | None:
    """Return what tells which readings an event could satisfy; None where keys may be replaced by calculations."""
    if run.knowledge != "default" or not run.optimized:
        return None
    demands = [[Demand(each.predicate)] if each.screened else None for each in readings]
    return Screen([*demands, *(each for dataset in datasets for each in dataset.demands)], run)


def _to_test(
    known: ClassScreen | None, positions: list[int], candidates: Candidates, plain: int
) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Yield numbers of readings (those below `plain`) with the positions of the events that they are tested on."""
    if known is None:
        yield tuple(range(plain)), positions
        return
    always = tuple(number for number in known.always if number < plain)
    if always:
        yield always, positions
    own = {number: places for number, places in candidates.items() if number < plain}
    count = Counter(chain.from_iterable(own.values()))
    crowded = {position for position, several in count.items() if several > TOGETHER}
    for number, places in own.items():
        chosen = [position for position in places if position not in crowded] if crowded else places
        if chosen:
            yield (number,), chosen
    if crowded:
        yield tuple(number for number in known.literal if number < plain), sorted(crowded)


def _feed(feed: _Tested, events: list[Row]) -> None:
    """Give the scans of a dataset the events that satisfy them."""
    taken: dict[int, list[tuple[Row, Row]]] = {}
    for number, position, row in feed.hits(events):
        taken.setdefault(number, []).append((events[position], row))
    for number, pairs in taken.items():
        _take(feed.readings[number], pairs)


def _take(reading: Reading, pairs: list[tuple[Row, Row]]) -> None:
    """Hand a reading its rows, each with the event that it was made of."""
    rows = [dict(row) for _, row in pairs]
    if not reading.raw:
        for (event, _), row in zip(pairs, rows, strict=True):
            if "_raw" not in event:
                row.pop("_raw", None)
    reading.take(rows)


__all__ = [
    "DatasetReadings", "Found", "Reading", "SweepRun", "dataset_readings", "foreseen", "one_pass", "read_dataset",
    "reading_of", "scan_reading", "subsearches",
]
