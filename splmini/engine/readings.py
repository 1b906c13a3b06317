"""What the searches of a sweep read: the events that satisfy a search, the dataset that tstats aggregates, the data
points of mstats, the same of subsearches; and how far the rows are worked on as they come (`engine.sweep`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from splmini import compiler
from splmini.engine.context import Run
from splmini.engine.ordering import newest_first, order_position
from splmini.engine.selection import time_modifiers
from splmini.engine.stream import execute
from splmini.errors import SplError
from splmini.language import tree
from splmini.operators import (
    ALL,
    Batch,
    Fields,
    Generating,
    Operator,
    Partial,
    Request,
    Row,
    Stream,
    Streaming,
    batched,
    union,
)
from splmini.plan.distribution import holds_subsearch
from splmini.plan.fields import required
from splmini.plan.scan import Scan, wants_raw
from splmini.registry import find_command


class SweepRun(Run):
    """The run of one search of a sweep: what was read for its pipelines beforehand is not read again."""

    prepared: dict[int, Reading]
    """What was read for pipelines, by their identity."""
    foreseen: list[Reading]
    """What its first command was seen to scan, in order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prepared, self.foreseen = {}, []

    def scan(self, request: Request) -> Stream:
        """Give the events that were read beforehand for this scan; read them where there were too many to keep."""
        if self.foreseen:
            reading = self.foreseen.pop(0)
            wanted = union(request.needed, reading.reads)
            if not reading.overflowed and reading.predicate == request.predicate and reading.needed == wanted:
                if reading.error is not None:
                    raise reading.error
                return Stream(batched(reading.rows))
        return super().scan(request)

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
    screened: bool = True
    """Whether its events can be told by the bytes of what they were read from; data points are not."""

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
            self.run.check_limits(len(self.rows))

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
            if run.newest and order_position([NOTHING, *rest]) is not None:
                stream = newest_first(stream, run, rest[0] if rest else None)
        return execute(rest, run, stream, needed) if rest else stream


def _never(ctx: Any, needed: Fields) -> Stream:
    raise AssertionError("what was read beforehand is not read again")


NOTHING = Scan(name="scan", generate=_never)
"""The scan of a plan whose events were read beforehand."""


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
    run: Run, operators: Sequence[Operator], predicate: tree.Node | None, whole: tree.Node | None = None
) -> Reading:
    """Return the reading of a plan over the events that satisfy an expression; `whole` is the expression as it was
    written, which decides on the range of time, where its subsearches have run."""
    in_range = run.time_range(predicate if whole is None else whole)
    reads: Fields = frozenset({"_time"})
    if predicate is not None:
        reads = union(reads, compiler.fields_read(predicate))
    made = Reading(
        run,
        list(operators[1:]),
        predicate,
        reads,
        union(required(operators)[0], reads),
        _Test(run, predicate, in_range),
        raw=(reads is not None and "_raw" in reads) or wants_raw(operators),
    )
    _aggregate_early(made)
    return made


def _dataset_reading(run: Run, operators: Sequence[Operator], first: Generating) -> Reading:
    asked = first.reading
    assert asked is not None
    where = asked.where
    if asked.dataset is None:
        made = scan_reading(run, [NOTHING], where)
        made.rest, made.needed = list(operators), union(asked.needed, made.reads)
        made.raw = made.raw or (asked.needed is not None and "_raw" in asked.needed)
        made.state, made.steps = asked.create(run), [] if asked.points is None else [asked.points(run)]
        made.behind, made.screened = 1, False
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

    def __init__(self, run: Run, predicate: tree.Node | None, in_range: Callable[[Row], bool] | None = None) -> None:
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
        spec = find_command(command.name)
        for node in tree.walk(command) if spec is None or not spec.over_rows else ():
            if isinstance(node, tree.Subsearch):
                yield node.pipeline
