"""The datasets of data models that a sweep reads: made once from mapped events, chunk by chunk, for all searches that
aggregate them (`engine.sweep`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splmini.engine.candidates import SAMPLE, Index, build_index
from splmini.engine.context import Run
from splmini.engine.readings import NOTHING, Reading, scan_reading
from splmini.engine.tasks import NotDistributable, require_streaming
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import ALL, Batch, Fields, Generating, Operator, Request, Row, Stream, union
from splmini.plan.demands import Demand
from splmini.plan.distribution import holds_subsearch
from splmini.plan.fields import reads_raw, required
from splmini.plan.literals import Kept, required_literals


class _Shared(Run):
    """The run in which a dataset is made from the events of a chunk: its scans give those that a pass selected."""

    asked: list[Reading]
    demands: list[Demand]
    """What the events of its scans have to satisfy."""
    feeding: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked, self.demands, self.feeding, self._next = [], [], False, 0

    def start(self) -> None:
        """Give the scans of a dataset their rows, from the first one on."""
        self.feeding, self._next = True, 0

    def scan(self, request: Request) -> Stream:
        """Say what is to be read; or give it, when it was."""
        if not self.feeding:
            predicate = request.predicate
            if predicate is not None and holds_subsearch(predicate):
                raise NotDistributable
            reading = scan_reading(self, [NOTHING], predicate)
            reading.needed = union(request.needed, reading.reads)
            self.asked.append(reading)
            self.demands.append(Demand(predicate, request.implied))
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

    def returned(self, pipeline: tree.Pipeline) -> str:
        """Refuse: a subsearch reads all events."""
        raise NotDistributable


MOST_FORESEEN = 50_000
"""Rows that are kept for a command that would read them by itself."""


def foreseen(run: Run, operators: Sequence[Operator], shared: Callable[[type[Run]], Any]) -> list[Reading]:
    """Return what a command scans that makes rows from a data model (from, datamodel), seen by letting it do so with
    no events; nothing where that cannot be told."""
    first = operators[0]
    if not isinstance(first, Generating) or not first.dataset:
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
    """Readings of one dataset, what the dataset itself reads, and what each of them demands of the events."""

    name: str
    run: _Shared
    readings: list[Reading]
    needed: Fields
    demands: list[list[Demand] | None]
    index: Index | None = None

    @property
    def asked(self) -> list[Reading]:
        """The scans that the dataset is made from."""
        return self.run.asked

    def take_chunk(self) -> None:
        """Make the dataset's rows of the events that were selected, and hand them out."""
        if not any(each.rows for each in self.run.asked):
            return
        self.run.start()
        for batch in self.run.apps.dataset(self.name).rows(self.run, self.needed, True).batches:
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


def dataset_readings(name: str, readings: list[Reading], shared: Callable[[type[Run]], Any]) -> list[DatasetReadings]:
    """Prepare the readings of a dataset; [] where it cannot be made chunk by chunk, so that each reads by itself.

    Those that no literal can narrow are made apart: they take every event of the dataset, but few of its fields.

    Raises SplError where the dataset is not there.
    """
    try:
        return [_prepared(name, group, shared) for group in _by_narrowness(readings) if group]
    except NotDistributable:
        return []


def _by_narrowness(readings: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    narrow = [each for each in readings if required_literals(each.predicate, _kept)]
    known = set(map(id, narrow))
    return narrow, [each for each in readings if id(each) not in known]


def _kept(name: str) -> tuple[Kept]:
    return (Kept(),)


def _prepared(name: str, readings: list[Reading], shared: Callable[[type[Run]], Any]) -> DatasetReadings:
    run: _Shared = shared(_Shared)
    needed = union(*(each.needed for each in readings))
    _ask(run, name, needed, None)
    return DatasetReadings(name, run, readings, needed, [_demands(name, each, shared) for each in readings])


def _ask(run: _Shared, name: str, needed: Fields, where: tree.Node | None) -> None:
    """Let a dataset say what it scans."""
    for _ in run.apps.dataset(name).rows(run, needed, True, where).batches:
        pass


def _demands(name: str, reading: Reading, shared: Callable[[type[Run]], Any]) -> list[Demand] | None:
    """Return what a reading of a dataset demands of events; None where nothing can be told."""
    watch: _Shared = shared(_Shared)
    try:
        _ask(watch, name, reading.reads, reading.predicate)
    except (SplError, NotDistributable):
        return None
    return watch.demands


def read_dataset(name: str, readings: Sequence[Reading], run: Run) -> None:
    """Read a dataset that cannot be made chunk by chunk, once for all its readings."""
    index: Index | None = None
    try:
        for batch in run.apps.dataset(name).rows(run, union(*(each.needed for each in readings)), True).batches:
            index = index or index_of(readings, batch)
            _hand_out(readings, index, batch)
    except SplError as error:
        for each in readings:
            each.error = each.error or error
