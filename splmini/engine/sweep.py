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

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from splmini.engine.candidates import SAMPLE, Index, build_index, key_fields
from splmini.engine.context import Run
from splmini.engine.datasets import DatasetReadings, dataset_readings, foreseen, index_of, read_dataset
from splmini.engine.prefilter import candidates
from splmini.engine.readings import Found, Reading, SweepRun, reading_of, scan_reading, subsearches
from splmini.engine.screening import Candidates, Screen, Screened
from splmini.engine.selection import may_hold_classes, named_indexes, quick_refusal
from splmini.engine.services import Mapper
from splmini.events import Selection, ValueTests
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Row, union
from splmini.plan.demands import Demand

CHUNK = 8192
"""Events that are mapped and handed out together."""
MAPPERS = 64
"""Mappers that are kept for the fields that the searches which hit an event need."""
WIDE = 8
"""Datasets that could hold more than one in so many events are made from events that are mapped once for all."""
TOGETHER = 4
"""Events that few share their candidates with are mapped for each of up to so many readings, or for all readings."""


def one_pass(
    readings: Sequence[Reading],
    datasets: Sequence[DatasetReadings],
    run: Run,
    progress: Callable[[int], object] | None = None,
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


def _chunks(run: Run, progress: Callable[[int], object] | None, screen: Screen | None) -> Iterator[list[Row]]:
    held: list[Row] = []
    for count, events in run.events.scan(Selection(candidates=candidates(screen))):
        if run.stopped():
            break
        run.check_limits()
        run.scanned += count
        run.parsed += len(events)
        if progress is not None:
            progress(run.scanned)
        held.extend(events)
        if len(held) >= CHUNK:
            yield held
            held = []
    if held:
        yield held


def _predicate_mapper(readings: Sequence[Reading], run: Run, further: Fields = frozenset()) -> Mapper:
    """A mapper that makes the fields that predicates read, and further ones.

    Events without a `_raw` get one only where a predicate, or what follows a hit, reads it.
    """
    raw = any(each.reads is None or "_raw" in each.reads or (further and each.raw) for each in readings)
    predicates = [each.predicate for each in readings if each.predicate is not None]
    every = len(predicates) == len(readings)
    made = union(further, *(each.reads for each in readings))
    tested_only = every and may_hold_classes(made) and not may_hold_classes(further)
    asked = tree.Or(tuple(predicates)) if tested_only else None
    return run.services.event_fields.bind_mapper(made, run, raw, asked=asked)


class _Feed:
    """The scans that datasets are made from, which are tested on the same rows."""

    def __init__(self, scans: Sequence[Reading], run: Run) -> None:
        self.scans = scans
        self.mapper = _predicate_mapper(scans, run, union(*(each.needed for each in scans)))
        self.index: Index | None = None

    def take(self, events: list[Row]) -> None:
        """Give each scan the events that satisfy it."""
        rows = self.mapper(events)
        self.index = self.index or index_of(self.scans, rows)
        taken: dict[int, list[tuple[Row, Row]]] = {}
        for event, row in zip(events, rows, strict=True):
            for number in self.index.candidates(row):
                if self.scans[number].test(row):
                    taken.setdefault(number, []).append((event, row))
        for number, pairs in taken.items():
            _take(self.scans[number], pairs)


class _LookedUp:
    """Readings that are looked up by values of fields; only those fields are mapped for that."""

    def __init__(self, numbers: Sequence[int], readings: Sequence[Reading], run: Run) -> None:
        self.numbers = numbers
        self.run = run
        self.predicates = [each.predicate for each in readings]
        self.mapper: Mapper | None = None
        self.index = Index()

    def candidates(self, events: list[Row], mapped: bool) -> Candidates:
        """Return the readings that events could satisfy, each with the places of these events.

        Where they are not `mapped` for that, nothing is known of the fields that they do not give.
        """
        if self.mapper is None:
            self._choose(events[:: len(events) // SAMPLE + 1])
        assert self.mapper is not None
        every, candidates = frozenset(self.index.always), self.index.candidates
        found: Candidates = {self.numbers[each]: list(range(len(events))) for each in every}
        if self.index.by_field:
            for place, row in enumerate(self.mapper(events) if mapped else events):
                for at in candidates(row, mapped):
                    if at not in every:
                        found.setdefault(self.numbers[at], []).append(place)
        return found

    def _choose(self, sample: list[Row]) -> None:
        """Choose by which fields each is looked up, and map only these from now on."""
        bind = self.run.services.event_fields.bind_mapper
        rows = bind(key_fields(self.predicates), self.run, False)(sample)
        self.index = build_index(self.predicates, rows, sample)
        self.mapper = bind(frozenset(self.index.by_field), self.run, False)


class _Pass:
    """The screening, mapping and handing out of events to readings, those of datasets included.

    The screen numbers the readings of datasets behind the others: what any of them could take feeds its dataset.
    """

    def __init__(self, readings: Sequence[Reading], datasets: Sequence[DatasetReadings], run: Run) -> None:
        self.run = run
        self.readings = readings
        self.fed = [number for number, dataset in enumerate(datasets) for _ in dataset.readings]
        self.datasets = datasets
        self.feeds: dict[tuple[int, ...], _Feed] = {}
        self.wide: set[int] = set()
        """Datasets that took many of the events of a chunk; they are fed together from then on."""
        self.screen = _screen(readings, datasets, run)
        self.refusals: dict[int, ValueTests | None] = {}
        self.tested: dict[tuple[int, ...], Mapper] = {}
        self.looked_up: dict[tuple[int, ...], _LookedUp] = {}
        self.mappers: dict[tuple[Fields, bool], Any] = {}

    def take(self, events: list[Row]) -> None:
        """Hand out a chunk of events."""
        plain, total = len(self.readings), len(self.readings) + len(self.fed)
        hits: dict[int, list[int]] = {}
        feeding: list[set[int]] = [set() for _ in self.datasets]
        for part in [Screened(list(range(len(events))))] if self.screen is None else self.screen.screened(events):
            always = range(total) if part.known is None else part.known.always
            candidates = {
                number: self._not_refused(number, places, events)
                for number, places in part.candidates.items()
                if number < plain
            }
            self._look_up(tuple(number for number in always if number < plain), part, events, candidates)
            for number, position in self._satisfied(candidates, events):
                hits.setdefault(number, []).append(position)
            for number, fed in chain(part.candidates.items(), ((each, part.positions) for each in always)):
                if number >= plain:
                    feeding[self.fed[number - plain]].update(fed)
        self._give(events, hits)
        self.wide.update(number for number, places in enumerate(feeding) if len(places) * WIDE > len(events))
        self._feed(tuple(sorted(self.wide)), set().union(*(feeding[number] for number in self.wide)), events)
        for number, places in enumerate(feeding):
            if number not in self.wide:
                self._feed((number,), places, events)

    def _feed(self, numbers: tuple[int, ...], places: set[int], events: list[Row]) -> None:
        """Give datasets the events in some places: those that take many of the events together."""
        if not places:
            return
        known = self.feeds.get(numbers)
        if known is None:
            scans = [each for number in numbers for each in self.datasets[number].asked]
            known = self.feeds[numbers] = _Feed(scans, self.run)
        known.take([events[position] for position in sorted(places)])

    def _look_up(self, numbers: tuple[int, ...], part: Screened, events: list[Row], candidates: Candidates) -> None:
        """Add the candidates among readings that are looked up by values of fields."""
        if not numbers:
            return
        known = self.looked_up.get(numbers)
        if known is None:
            known = self.looked_up[numbers] = _LookedUp(numbers, [self.readings[each] for each in numbers], self.run)
        own = [events[position] for position in part.positions]
        for number, places in known.candidates(own, part.has_raw).items():
            possible = part.possible(number, self._not_refused(number, places, own))
            if possible:
                candidates[number] = possible

    def _satisfied(self, candidates: Candidates, events: list[Row]) -> Iterator[tuple[int, int]]:
        """Yield the candidates that satisfy a reading's predicate: number and position."""
        by_position: dict[int, list[int]] = {}
        for number, positions in candidates.items():
            for position in positions:
                by_position.setdefault(position, []).append(number)
        together: dict[tuple[int, ...], list[int]] = {}
        for position, numbers in by_position.items():
            together.setdefault(tuple(numbers), []).append(position)
        rest: dict[tuple[int, ...], list[int]] = {}
        for group, positions in together.items():
            if len(positions) >= TOGETHER or len(group) == 1:
                rest.setdefault(group, []).extend(positions)
            elif len(group) > TOGETHER:
                rest.setdefault((), []).extend(positions)
            else:
                for number in group:
                    rest.setdefault((number,), []).extend(positions)
        for group, positions in rest.items():
            rows = self._tested(group)([events[position] for position in positions])
            for position, row in zip(positions, rows, strict=True):
                for number in group or by_position[position]:
                    if self.readings[number].test(row):
                        yield number, position

    def _not_refused(self, number: int, positions: list[int], events: list[Row]) -> list[int]:
        """Return the positions whose events, as they are given, do not tell that they cannot satisfy a reading."""
        if self.screen is None:
            return positions
        if number not in self.refusals:
            each = self.readings[number]
            self.refusals[number] = quick_refusal(each.predicate, each.run.scope)
        refusal = self.refusals[number]
        return positions if refusal is None else refusal.passing(positions, events)

    def _tested(self, numbers: tuple[int, ...]) -> Mapper:
        """Return the mapper that makes what the predicates of some readings read; of all, for none or many."""
        if len(numbers) > 1 and len(self.tested) > MAPPERS * 8:
            numbers = ()
        known = self.tested.get(numbers)
        if known is None:
            readings = [self.readings[number] for number in numbers] if numbers else self.readings
            known = self.tested[numbers] = _predicate_mapper(readings, self.run)
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
                known = self.mappers[needed, raw] = self.run.services.event_fields.bind_mapper(needed, self.run, raw)
        return known

    def mapped(self, events: list[Row], reading: Reading) -> Batch:
        """Map events for one reading alone."""
        mapper = self.run.services.event_fields.bind_mapper(reading.needed, self.run, reading.raw)
        rows: Batch = mapper(events)
        return rows


def _screen(readings: Sequence[Reading], datasets: Sequence[DatasetReadings], run: Run) -> Screen | None:
    """Return what tells which readings an event could satisfy; None where keys may be replaced by calculations."""
    if run.knowledge != "default" or not run.optimized:
        return None
    demands = [[Demand(each.predicate)] if each.screened else None for each in readings]
    return Screen([*demands, *(each for dataset in datasets for each in dataset.demands)], run)


def _take(reading: Reading, pairs: list[tuple[Row, Row]]) -> None:
    """Hand a reading its rows, each with the event that it was made of; nothing once it went wrong."""
    if reading.error is not None:
        return
    rows = [dict(row) for _, row in pairs]
    if not reading.raw:
        for (event, _), row in zip(pairs, rows, strict=True):
            if "_raw" not in event:
                row.pop("_raw", None)
    reading.take(rows)


__all__ = [
    "DatasetReadings",
    "Found",
    "Reading",
    "SweepRun",
    "dataset_readings",
    "foreseen",
    "one_pass",
    "read_dataset",
    "reading_of",
    "scan_reading",
    "subsearches",
]
