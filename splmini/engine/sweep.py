"""Many searches in one pass: events are read and mapped once, and each event is held against all searches together.

What a search reads is known before it runs: the events that satisfy its first command, the dataset of a data model that
tstats aggregates, the data points of mstats, and the same of its subsearches. Each of these is a `Reading`. One pass
over the events fills them all: an index says which of them an event could satisfy (`engine.candidates`), datasets are
made from the mapped events, and what follows is aggregated as rows come where their order does not matter. Then each
search runs on what was found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from splmini import compiler
from splmini.engine.candidates import Index, build_index
from splmini.engine.context import Run, may_hold_classes, time_modifiers
from splmini.engine.ordering import newest_first, order_position
from splmini.engine.stream import execute, reads_raw
from splmini.engine.tasks import NotDistributable, require_streaming
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import (
    ALL,
    Batch,
    Fields,
    Generating,
    Implied,
    Operator,
    Partial,
    Row,
    Stream,
    Streaming,
    batched,
    union,
)
from splmini.plan.distribution import holds_subsearch
from splmini.plan.fields import required
from splmini.plan.scan import Scan

CHUNK = 8192
"""Events that are mapped and handed out together."""
SAMPLE = 400
"""Rows that tell which values and literals are rare."""
MAPPERS = 64
"""Mappers that are kept for the fields that the searches which hit an event need."""


class SweepRun(Run):
    """The run of one search of a sweep: what was read for its pipelines beforehand is not read again."""

    prepared: dict[int, Reading]
    """What was read for pipelines, by their identity."""
    foreseen: list[Reading]
    """What its first command was seen to scan, in order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prepared, self.foreseen = {}, []

    def scan(self, predicate: tree.Node | None, needed: Fields, implied: Implied | None = None) -> Stream:
        """Give the events that were read beforehand for this scan; read them where there were too many to keep."""
        if self.foreseen:
            reading = self.foreseen.pop(0)
            wanted = union(needed, reading.reads)
            if not reading.overflowed and reading.predicate == predicate and reading.needed == wanted:
                if reading.error is not None:
                    raise reading.error
                return Stream(batched(reading.rows))
        return super().scan(predicate, needed, implied)

    def run(self, pipeline: tree.Pipeline, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
        """Run another pipeline, over what was read for it."""
        reading = self.prepared.get(id(pipeline)) if rows is None else None
        return super().run(pipeline, rows, needed) if reading is None else reading.finish(needed)


# ---- what a pipeline reads ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What a reading found in a part of the events. Pickles."""

    rows: list[Row]
    state: Any
    error: Exception | None
    seconds: float
    taken: int
    overflowed: bool


@dataclass
class Reading:
    """What one pipeline of a search reads: which rows, how far they are worked on as they come, and what follows.

    `dataset` is the name of the dataset whose rows it aggregates; None: it reads events.
    """

    run: Run
    rest: list[Operator]
    predicate: tree.Node | None
    reads: Fields
    needed: Fields
    test: Callable[[Row], bool]
    dataset: str | None = None
    raw: bool = False
    """Whether it reads `_raw`: events without one then get it."""
    rows: list[Row] = field(default_factory=list)
    state: Any = None
    steps: list[Callable[[Batch], Batch]] = field(default_factory=list)
    behind: int = 0
    """How many operators of `rest` are done when the state is finished."""
    error: Exception | None = None
    seconds: float = 0.0
    taken: int = 0
    """How many rows it took in."""
    most: int | None = None
    """How many rows are kept at most; beyond that the search reads by itself."""
    overflowed: bool = False

    def take(self, rows: Batch) -> None:
        """Take in rows that satisfy the predicate."""
        started = time.perf_counter()
        self.run.matched += len(rows)
        self.taken += len(rows)
        try:
            if self.state is None:
                self._keep(rows)
            else:
                for step in self.steps:
                    rows = step(rows)
                if rows:
                    self.state.update(rows)
        except SplError as error:
            self.error = error
        self.seconds += time.perf_counter() - started

    def _keep(self, rows: Batch) -> None:
        if self.most is not None and len(self.rows) + len(rows) > self.most:
            self.overflowed, self.rows = True, []
        if not self.overflowed:
            self.rows.extend(rows)
            self.run.check(len(self.rows))

    def found(self) -> Found | None:
        """Return what was found in a part of the events, for the reading of the calling process; None: nothing."""
        if not self.taken and self.error is None:
            return None
        return Found(self.rows, self.state, self.error, self.seconds, self.taken, self.overflowed)

    def absorb(self, found: Found) -> None:
        """Take in what the same reading found in the next part of the events."""
        self.seconds += found.seconds
        self.run.matched += found.taken
        self.error = self.error or found.error
        if self.error is None and self.state is not None:
            self.state.merge(found.state)
        elif self.error is None:
            self.overflowed = self.overflowed or found.overflowed
            try:
                self._keep(found.rows)
            except SplError as error:
                self.error = error

    def finish(self, needed: Fields = ALL) -> Stream:
        """Give the pipeline's rows."""
        if self.error is not None:
            raise self.error
        run, rest = self.run, self.rest
        if self.state is not None:
            stream: Stream = self.state.finish(run)
            rest = rest[self.behind :]
        else:
            rows, self.rows = self.rows, []
            stream = Stream(batched(rows))
            if run.newest and order_position([_NOTHING, *rest]) is not None:
                stream = newest_first(stream, run, rest[0] if rest else None)
        return execute(rest, run, stream, needed) if rest else stream


def _never(ctx: Any, needed: Fields) -> Stream:
    raise AssertionError("what was read beforehand is not read again")


_NOTHING = Scan(name="scan", generate=_never)


def reading_of(run: Run, operators: Sequence[Operator], main: bool) -> Reading | None:
    """Return what a plan reads; None where it has to read by itself."""
    first = operators[0]
    if isinstance(first, Scan):
        if first.predicate is None and not main:
            return None
        return scan_reading(run, operators, first.predicate)
    if isinstance(first, Generating) and first.reading is not None:
        where = first.reading.where
        timed = first.reading.dataset is not None and where is not None and time_modifiers(where)
        if where is None or not (holds_subsearch(where) or timed):
            return _dataset_reading(run, operators, first)
    return None


def scan_reading(
    run: Run,
    operators: Sequence[Operator],
    predicate: tree.Node | None,
    whole: tree.Node | None = None,
) -> Reading:
    """Return the reading of a plan over the events that satisfy an expression; `whole` is the expression as it was
    written, which decides on the range of time, where its subsearches have run."""
    in_range = run.time_range(predicate if whole is None else whole)
    reads: Fields = frozenset({"_time"})
    if predicate is not None:
        reads = union(reads, compiler.fields_read(predicate))
    made = Reading(
        run, list(operators[1:]), predicate, reads, union(required(operators)[0], reads),
        _Test(run, predicate, in_range),
        raw=(reads is not None and "_raw" in reads) or reads_raw(operators),
    )  # fmt: skip
    _aggregate_early(made)
    return made


def _dataset_reading(run: Run, operators: Sequence[Operator], first: Generating) -> Reading:
    asked = first.reading
    assert asked is not None
    where = asked.where
    if asked.dataset is None:
        made = scan_reading(run, [_NOTHING], where)
        made.rest, made.needed = list(operators), union(asked.needed, made.reads)
        made.raw = made.raw or (asked.needed is not None and "_raw" in asked.needed)
        made.state, made.steps = asked.create(run), [] if asked.points is None else [asked.points(run)]
        made.behind = 1
        return made
    reads: Fields = frozenset({"_time"}) if where is None else union(compiler.fields_read(where), frozenset({"_time"}))
    test = _Test(run, where)
    made = Reading(run, list(operators), where, reads, union(asked.needed, reads), test, dataset=asked.dataset)
    made.state, made.behind = asked.create(run), 1
    return made


def _aggregate_early(made: Reading) -> None:
    """Aggregate as the rows come, where an aggregation follows that does not depend on their order."""
    leading = 0
    while leading < len(made.rest) and _by_itself(made.rest[leading]):
        leading += 1
    target = made.rest[leading] if leading < len(made.rest) else None
    if isinstance(target, Partial) and (not made.run.newest or not target.order_matters):
        made.steps = [each.bind(made.run) for each in made.rest[:leading] if isinstance(each, Streaming)]
        made.state, made.behind = target.create(made.run), leading + 1


def _by_itself(operator: Operator) -> bool:
    """Say whether an operator can run while events are read: it holds no subsearch, which may read what is not yet."""
    return isinstance(operator, Streaming) and (operator.node is None or not holds_subsearch(operator.node))


class _Test:
    """Whether a row is in a range of time and satisfies a predicate, which is compiled when the first row comes."""

    def __init__(
        self, run: Run, predicate: tree.Node | None, in_range: Callable[[Row], bool] | None = None
    ) -> None:
        self._run = run
        self._predicate = predicate
        self._in_range = in_range
        self._satisfied: Callable[[Row], bool] | None = None

    def __call__(self, row: Row) -> bool:
        if self._in_range is not None and not self._in_range(row):
            return False
        if self._predicate is None:
            return True
        if self._satisfied is None:
            self._satisfied = compiler.compile_search(self._predicate, self._run.scope)
        return self._satisfied(row)


def subsearches(pipeline: tree.Pipeline) -> Iterator[tree.Pipeline]:
    """Yield the pipelines in square brackets that read events, at any depth; those of appendpipe read rows."""
    for command in pipeline.commands:
        for node in tree.walk(command) if command.name != "appendpipe" else ():
            if isinstance(node, tree.Subsearch):
                yield node.pipeline


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
            reading = scan_reading(self, [Scan(name="scan", generate=_never)], predicate)
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
        written = run.services.written_events(_indexes(each.predicate))
        if written:
            rows = [row for row in taking.mapped(written, each) if each.test(row)]
            each.take(rows)
    for dataset in datasets:
        dataset.take_chunk()


def _indexes(predicate: tree.Node | None) -> set[str]:
    """The indexes that an expression names; `*` names none."""
    nodes = tree.walk(predicate) if predicate is not None else ()
    return {
        each.value.lower()
        for each in nodes
        if isinstance(each, tree.FieldComparison) and each.field == "index" and each.op == "=" and each.value != "*"
    }


def _chunks(run: Run, progress: Callable[[int], None] | None) -> Iterator[list[Row]]:
    held: list[Row] = []
    for count, events in run.source.batches():
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
