"""What a task of a parallel run does: it runs the first half of a plan over some parts of the events.

A `Job` is what all tasks of a run share. It travels pickled, as the text of the search and the definitions that it
uses, and is compiled once in each process; later tasks name it by its digest alone where it is large.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from splmini.boundary import converted
from splmini.engine.blame import placed, placed_stream
from splmini.engine.context import Run
from splmini.engine.ordering import newest_first
from splmini.engine.services import services_of
from splmini.engine.stream import execute, generated
from splmini.errors import EventFormatError, Signal
from splmini.events import Part, PartEvents, Report, Traits
from splmini.language import tree
from splmini.operators import ALL, Fields, Message, Operator, Request, Row, Stream, union
from splmini.plan.distribution import Division, divide
from splmini.plan.fields import required
from splmini.plan.scan import Scan, scan


class NotDistributable(Signal):
    """A part of the search wants more than the events of its task; all of it has to run in the calling process."""


@dataclass(frozen=True)
class Job:
    """A search, and how it is run, for all tasks alike. Pickles.

    `search` is a `splmini.compiled.Search`. `predicate` is that of its scan, subsearches run and replaced by what they
    returned. `ordered` is the operator behind which rows are put newest first; None: they stay in the order given.
    """

    search: Any
    division: Division
    predicate: tree.Node | None
    optimized: bool
    now: float
    earliest: float | None
    latest: float | None
    knowledge: str
    traits: Traits
    ordered: int | None = None
    most: int | None = None

    def perform(self, parts: tuple[Part, ...]) -> Outcome:
        """Run the first half of the plan over some parts of the events."""
        return perform(self, parts)

    def operators(self) -> tuple[Operator, ...]:
        """The plan, with the scan's subsearches replaced."""
        plan: tuple[Operator, ...] = self.search.optimized if self.optimized else self.search.operators
        return (scan(self.predicate, plan[0].implied, plan[0].raw), *plan[1:]) if isinstance(plan[0], Scan) else plan


@dataclass
class Outcome:
    """What a task gives: rows, or the state of an aggregation; what it has to tell; what it counted."""

    rows: list[Row] = field(default_factory=list)
    state: Any = None
    report: Report = field(default_factory=Report)
    messages: list[Message] = field(default_factory=list)
    scanned: int = 0
    parsed: int = 0
    matched: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def require_streaming(operators: Sequence[Operator]) -> None:
    """Refuse a plan that looks at more than one event at a time."""
    division = divide(operators)
    if division.kind != "rows" or division.stop != len(operators):
        raise NotDistributable


# ---- the run of a task ---------------------------------------------------------------------------------------------


class Elsewhere:
    """The environment's services, without the events that other runs wrote: those are read in the calling process."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __getattr__(self, name: str) -> Any:
        return getattr(self._services, name)

    def written_events(self, names: set[str]) -> list[Row]:
        """Return none."""
        return []


class TaskRun(Run):
    """The run of a task: it knows a part of the events, so whatever would read all of them, or write, is refused."""

    whole: tree.Node | None = None
    """The scan's predicate as it was written, which decides on the range of time."""

    def time_range(self, predicate: tree.Node | None) -> Any:
        """The time range of the search as it was written, for its own scan."""
        return super().time_range(predicate if self.whole is None else self.whole)

    def run(self, pipeline: tree.Pipeline, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
        """Run another pipeline, where each event is for itself."""
        require_streaming(self.builder.build(pipeline))
        return super().run(pipeline, rows, needed)

    def expand(self, pipeline: tree.Pipeline, subject: str = "subsearch") -> tree.Node:
        """Refuse: a subsearch reads all events."""
        raise NotDistributable

    def returned(self, pipeline: tree.Pipeline) -> str:
        """Refuse: a subsearch reads all events."""
        raise NotDistributable

    def written(self) -> NoReturn:
        """Refuse: what a run writes is kept in the calling process."""
        raise NotDistributable


def perform(job: Job, parts: tuple[Part, ...], written: bool = False) -> Outcome:
    """Run the first half of a job's plan over some parts of the events.

    `written`: over the events that earlier runs wrote, too; in the calling process, where they are.
    """
    search = job.search
    outcome, environment = Outcome(), search.environment
    services = services_of(environment)
    events = PartEvents(parts, outcome.report, environment.knowledge.ingest, job.traits)
    run = TaskRun(
        services if written else Elsewhere(services),
        events,
        search.builder,
        search.source,
        job.now,
        job.earliest,
        job.latest,
        job.knowledge,
        job.optimized,
    )
    try:
        _perform(job, run, outcome)
    except Signal:
        raise
    except Exception as error:
        if isinstance(error, EventFormatError) and error.record is not None and events.current is not None:
            error.record += events.current.lines_before()
        found = converted(error, "The task of a worker").locate(search.source)
        if found is error:
            raise
        raise found from error
    outcome.messages, outcome.seconds = run.messages, run.seconds
    outcome.scanned, outcome.parsed, outcome.matched = run.scanned, run.parsed, run.matched
    return outcome


def _perform(job: Job, run: TaskRun, outcome: Outcome) -> None:
    operators, kind = job.operators(), job.division.kind
    if kind == "dataset":
        reading = operators[0].reading  # type: ignore[union-attr]
        assert reading is not None
        if reading.dataset is None:
            stream = run.scan(Request(predicate=reading.where, needed=reading.needed))
        else:
            stream = run.apps.dataset(reading.dataset).rows(run, reading.needed, True, reading.where)
        if reading.points is not None:
            stream = Stream(map(reading.points(run), stream.batches))
        outcome.state = _filled(operators[0], reading.create(run), stream, run)
        return
    run.whole = job.search.operators[0].predicate if not job.optimized else job.search.optimized[0].predicate
    needed = required(operators)[0]
    if job.ordered is not None:
        needed = union(needed, frozenset({"_time"}))
    stop = job.division.stop
    first = operators[0]
    begun = operators[: 1 if job.ordered == 0 else stop]
    stream = placed_stream(first, run, placed(first, run, generated)(begun, run, needed))
    if kind == "state":
        stream = _through(operators[1 : stop - 1], run, stream)
        operator = operators[stop - 1]
        outcome.state = _filled(operator, operator.create(run), stream, run)  # type: ignore[union-attr]
        return
    behind = 1
    if job.ordered is not None:
        behind = job.ordered + 1
        stream = _through(operators[1:behind], run, stream)
        stream = newest_first(stream, run, operators[behind] if behind < len(operators) else None)
    outcome.rows = _first(_through(operators[behind:stop], run, stream), job.most, run)


def _through(operators: tuple[Operator, ...], run: Run, stream: Stream) -> Stream:
    return execute(operators, run, stream) if operators else stream


def _filled(operator: Operator, state: Any, stream: Stream, run: Run) -> Any:
    update = placed(operator, run, state.update)
    for batch in stream.batches:
        update(batch)
        run.check_limits()
    return state


def _first(stream: Stream, most: int | None, run: Run) -> list[Row]:
    rows: list[Row] = []
    for batch in stream.batches:
        rows.extend(batch)
        run.check(len(rows))
        if most is not None and len(rows) >= most:
            return rows[:most]
    return rows


# ---- in the worker -------------------------------------------------------------------------------------------------

SMALL = 256 << 10
"""A pickled job up to this size is sent with every task."""
_KEPT = 16
_jobs: OrderedDict[str, Any] = OrderedDict()
_lock = threading.Lock()


def offer(job: Any) -> tuple[str, bytes]:
    """Pickle a job; tasks that run in this process, or in one that is forked from it, find it as it is."""
    data = pickle.dumps(job)
    digest = hashlib.sha256(data).hexdigest()
    _keep(digest, job)
    return digest, data


def withdraw(digest: str) -> None:
    """Forget a job whose run is over."""
    with _lock:
        _jobs.pop(digest, None)


def _keep(digest: str, job: Any) -> None:
    with _lock:
        _jobs[digest] = job
        while len(_jobs) > _KEPT:
            _jobs.popitem(last=False)


def run_task(digest: str, data: bytes | None, parts: tuple[Part, ...]) -> Any:
    """Run a task of a job (a `Job`, or what else has its `perform`).

    None where this process does not know the job, and it was not sent along.

    The data is what `offer` made in the process that submitted the task: an executor's tasks are trusted as the
    executor itself is.
    """
    job = _jobs.get(digest)
    if job is None:
        if data is None:
            return None
        job = pickle.loads(data)  # noqa: S301
        _keep(digest, job)
    return job.perform(parts)


__all__ = ["Elsewhere", "Job", "NotDistributable", "Outcome", "TaskRun", "offer", "perform", "run_task", "withdraw"]
