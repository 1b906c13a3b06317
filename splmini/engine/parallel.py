"""A run over an executor: the events are cut into parts, the first half of the plan runs over each of them wherever the
executor decides, and what the tasks give is put together here, in the order of the events.

Any `concurrent.futures.Executor` will do; there is no scheduler of ours. A task that fails with its worker is sent
again, and in the end done here, so that the answer is complete or there is none.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from splmini.engine.context import Run
from splmini.engine.ordering import order_position, row_time
from splmini.engine.scanning import selected
from splmini.engine.stream import execute
from splmini.engine.tasks import SMALL, Job, NotDistributable, Outcome, offer, perform, run_task, withdraw
from splmini.errors import SplError
from splmini.events import Held, Part, Report, Traits, grouped
from splmini.language import tree
from splmini.operators import BATCH_SIZE, Batch, Columns, Operator, Row, Stream, Streaming, batched
from splmini.plan.distribution import Division, divide, limit_behind
from splmini.plan.scan import Scan

LEAST_BYTES = 2 << 20
MOST_BYTES = 256 << 20
TASK_ROWS = 8192
"""Events of a task, where they come from no file."""
TASKS_PER_WORKER = 3
"""Small enough that no worker waits long for the last one, large enough that a task's own cost does not count."""
ATTEMPTS = 3
WORKERS = 8
"""What is assumed where an executor does not say how many it has."""


def execute_parallel(search: Any, run: Run, executor: Executor) -> Stream:
    """Run a compiled search over an executor, as far as its plan can be distributed; the rows are those of `execute`.

    Nothing is read before the first row is asked for.
    """
    operators: tuple[Operator, ...] = search.optimized if run.optimized else search.operators
    division = divide(operators, run.newest)
    if division.kind == "nothing":
        return _here(operators, run, division.reason)
    job = make_job(search, operators, division, run)
    try:
        digest, data = offer(job)
    except Exception as error:  # whatever a caller's own objects raise when they are pickled
        return _here(operators, run, f"its environment cannot be sent to other processes ({error}).")
    columns: list[Stream] = []

    def batches() -> Iterator[Batch]:
        outcomes = _Outcomes(run, job, Tasks(executor, digest, data, run))
        try:
            try:
                stream = _merged(operators, job, run, outcomes)
            except NotDistributable:
                stream = _here(operators, run, "a part of it reads all events.")
            columns.append(stream)
            yield from stream.batches
        finally:
            outcomes.close()
            withdraw(digest)

    def ordered_columns() -> Columns:
        return columns[0].columns() if columns else None

    return Stream(batches(), ordered_columns)


def _here(operators: tuple[Operator, ...], run: Run, reason: str) -> Stream:
    run.message("info", "run", f"The search runs in one process: {reason}")
    return execute(operators, run)


def make_job(search: Any, operators: tuple[Operator, ...], division: Division, run: Run) -> Job:
    """Return what the tasks of a run are told; subsearches of the scan are run for it."""
    first, ordered, most = operators[0], None, None
    predicate = first.predicate if isinstance(first, Scan) else None
    if isinstance(first, Scan):
        run.time_range(predicate)
        predicate = None if predicate is None else run.expanded(predicate)
        if division.kind == "rows":
            position = order_position(operators) if run.newest else None
            if position is not None:
                ordered = min(position, division.stop - 1)
                division = Division("rows", _keeping_time(operators, ordered + 1, division.stop))
            if not run.newest or ordered is not None:
                most = limit_behind(operators, division.stop)
    low, high = run.range
    return Job(
        search,
        division,
        predicate,
        run.optimized,
        run.now,
        low,
        high,
        run.knowledge,
        Traits.of(run.events),
        ordered,
        most,
    )


def _keeping_time(operators: tuple[Operator, ...], start: int, stop: int) -> int:
    """How far rows in order of time can go on in a task: while `_time`, by which they are merged, stays as it is."""
    for index in range(start, stop):
        operator = operators[index]
        if not isinstance(operator, Streaming) or operator.writes is None or "_time" in operator.writes:
            return index
    return stop


# ---- putting together ----------------------------------------------------------------------------------------------


def _merged(operators: tuple[Operator, ...], job: Job, run: Run, outcomes: _Outcomes) -> Stream:
    """Put what the tasks give together, and run the second half of the plan over it."""
    stop = job.division.stop
    if job.division.kind == "rows":
        rows = outcomes.newest() if job.ordered is not None else outcomes.in_order()
        stream = Stream(rows, partial(_columns_behind, operators[1:stop]))
    else:
        stream = outcomes.aggregated(operators[stop - 1])
    return execute(operators[stop:], run, stream) if operators[stop:] else stream


def _columns_behind(operators: tuple[Operator, ...]) -> Columns:
    columns: Columns = None
    for operator in operators:
        columns = operator.columns(columns) if isinstance(operator, Streaming) else columns
    return columns


@dataclass
class _Outcomes:
    """The outcomes of a job's tasks, in the order of the events; what they tell and count goes to the run."""

    run: Run
    job: Job
    tasks: Tasks
    report: Report = field(default_factory=Report)

    def __iter__(self) -> Iterator[Outcome]:
        run = self.run
        size = task_size(run, self.tasks.workers, TASKS_PER_WORKER, LEAST_BYTES, MOST_BYTES)
        groups = task_parts(run, self.job.predicate, size, self.report)
        for outcome in self.tasks.outcomes(groups, partial(perform, self.job)):
            self._count(outcome)
            yield outcome
        if run.services.written_events({"*"}):
            outcome = perform(self.job, (), written=True)
            self._count(outcome)
            yield outcome
        for level, text in self.report.messages():
            run.message(level, "events", text)

    def _count(self, outcome: Outcome) -> None:
        run = self.run
        for message in outcome.messages:
            if not any(each.text == message.text and each.command == message.command for each in run.messages):
                run.messages.append(message)
        self.report.merge(outcome.report)
        run.scanned += outcome.scanned
        run.parsed += outcome.parsed
        run.matched += outcome.matched
        for name, seconds in outcome.seconds.items():
            run.seconds[name] = run.seconds.get(name, 0.0) + seconds
        if run.progress is not None:
            run.progress(run.scanned)

    def close(self) -> None:
        """Let go of what is still under way."""
        self.tasks.close()

    def in_order(self) -> Iterator[Batch]:
        """Yield the rows in the order of the events; the first task says whether the search can be distributed."""
        outcomes = iter(self)
        first = next(outcomes, None)

        def batches() -> Iterator[Batch]:
            outcome = first
            while outcome is not None:
                for start in range(0, len(outcome.rows), BATCH_SIZE):
                    yield outcome.rows[start : start + BATCH_SIZE]
                outcome = next(outcomes, None)

        return batches()

    def newest(self) -> Iterator[Batch]:
        """Yield the rows newest first; of equal times, what came last comes first."""
        sorted_rows: list[list[Row]] = []
        kept = 0
        for outcome in self:
            sorted_rows.append(outcome.rows)
            kept += len(outcome.rows)
            self.run.check(kept)
        sorted_rows.reverse()
        return batched(heapq.merge(*sorted_rows, key=_backwards))

    def aggregated(self, operator: Any) -> Stream:
        """Merge the states of an aggregation and give its result."""
        of_dataset = self.job.division.kind == "dataset"
        state = (operator.reading.create if of_dataset else operator.create)(self.run)
        told = False
        for outcome in self:
            told = True
            state.merge(outcome.state)
            self.run.check()
        if of_dataset and not told:
            raise NotDistributable  # without events a dataset may have rows all the same: those that its search makes
        stream: Stream = state.finish(self.run)
        return stream


def _backwards(row: Row) -> float:
    return -row_time(row)


# ---- parts of the events -------------------------------------------------------------------------------------------


def task_parts(run: Run, predicate: tree.Node | None, size: int, report: Report) -> Iterator[tuple[Part, ...]]:
    """Yield the parts of the run's events, as many together as make a task of `size` bytes."""
    parts = run.events.parts(size, report)
    if parts is not None:
        yield from grouped(parts, size)
        return
    for part in _rows(run, predicate):
        yield (part,)


def _rows(run: Run, predicate: tree.Node | None) -> Iterator[Part]:
    """Batches of events that are read here; what can be refused as it was given is not sent."""
    held: list[Row] = []
    for count, events in run.events.scan(selected(run, predicate, None)):
        run.scanned += count - len(events)
        held.extend(events)
        while len(held) >= TASK_ROWS:
            yield Held(held[:TASK_ROWS])
            held = held[TASK_ROWS:]
    if held:
        yield Held(held)


def task_size(run: Run, workers: int, tasks: int, least: int, most: int) -> int:
    """Return how many bytes of events a task should have, so that each worker gets so many of them."""
    total = run.events.total_bytes()
    return most if total is None else min(max(total // (workers * tasks), least), most)


# ---- tasks ---------------------------------------------------------------------------------------------------------


class Tasks:
    """Submits tasks and gives their outcomes in order, whatever becomes of the workers."""

    def __init__(self, executor: Executor, digest: str, data: bytes, run: Run) -> None:
        self.workers = worker_count(executor)
        self._executor = executor
        self._digest = digest
        self._data = data
        self._run = run
        self._broken = False
        self._pending: dict[Future[Any], int] = {}
        self._parts: dict[int, tuple[Part, ...]] = {}
        self._failed: dict[int, int] = {}
        self._done: dict[int, Any] = {}
        self._start()

    def _start(self) -> None:
        """Have an executor start its workers, before events are read here; forked ones have the job then."""
        try:
            self._executor.submit(_nothing)
        except (BrokenExecutor, RuntimeError):
            self._give_up()

    def outcomes(self, groups: Iterator[tuple[Part, ...]], here: Any) -> Iterator[Any]:
        """Yield the outcome of each task; `here(parts)` does what no worker could."""
        window = 3 * self.workers
        submitted = given = 0
        ended = False
        while True:
            while not ended and submitted - given < window:
                parts = next(groups, None)
                if parts is None:
                    ended = True
                    break
                self._parts[submitted] = parts
                self._submit(submitted, here)
                submitted += 1
            while given in self._done:
                outcome = self._done.pop(given)
                del self._parts[given]
                given += 1
                if isinstance(outcome, BaseException):
                    raise outcome
                yield outcome
            if (ended and given == submitted) or self._run.stopped():
                return  # where the caller cancelled it, what was found by then is put together
            if given not in self._done and self._pending:
                self._collect(here)

    def _submit(self, number: int, here: Any, whole: bool = False) -> None:
        if not self._broken:
            whole = whole or number < self.workers or len(self._data) <= SMALL
            data = self._data if whole else None
            try:
                future = self._executor.submit(run_task, self._digest, data, self._parts[number])
            except (BrokenExecutor, RuntimeError):
                self._give_up()
            else:
                self._pending[future] = number
                return
        self._do(number, here)

    def _give_up(self) -> None:
        self._broken = True
        self._run.message("warn", "run", "The workers are gone: the rest of the search runs in the calling process.")

    def _do(self, number: int, here: Any) -> None:
        try:
            self._done[number] = here(self._parts[number])
        except (SplError, NotDistributable) as error:
            self._done[number] = error

    def _collect(self, here: Any) -> None:
        """Wait for a task, looking now and then whether the run has run for too long."""
        finished, _ = wait(self._pending, timeout=0.25, return_when=FIRST_COMPLETED)
        self._run.check_limits()
        for future in finished:
            number = self._pending.pop(future)
            error = None if future.cancelled() else future.exception()
            if future.cancelled() or error is not None:
                self._again(number, error, here)
                continue
            outcome = future.result()
            if outcome is None:
                self._submit(number, here, whole=True)
            else:
                self._done[number] = outcome

    def _again(self, number: int, error: BaseException | None, here: Any) -> None:
        """Send a task again whose worker failed; do it here where that does not help."""
        if isinstance(error, (SplError, NotDistributable)):
            self._done[number] = error
            return
        if isinstance(error, BrokenExecutor) and not self._broken:
            self._give_up()
        self._failed[number] = self._failed.get(number, 0) + 1
        if self._broken or self._failed[number] >= ATTEMPTS:
            self._do(number, here)
        else:
            self._submit(number, here, whole=True)

    def close(self) -> None:
        """Cancel what has not begun."""
        for future in self._pending:
            future.cancel()
        self._pending.clear()


def _nothing() -> None:
    """What an executor's workers start with."""


def worker_count(executor: Executor) -> int:
    """Return how many tasks an executor runs at once, as far as it says."""
    count = getattr(executor, "_max_workers", None)
    threads = getattr(getattr(executor, "_client", None), "nthreads", None)
    if count is None and callable(threads):
        count = sum(threads().values())  # Dask's
    return count if isinstance(count, int) and count > 0 else WORKERS
