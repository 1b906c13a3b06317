"""Plan → rows: operators chained over one stream of batches; neighbouring streaming operators run as one segment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from splmini.engine.blame import placed, placed_stream
from splmini.engine.columns import aggregates_tables, over_tables, takes_tables
from splmini.engine.ordering import first_taken, newest_first, order_position
from splmini.errors import ArgumentError
from splmini.operators import (
    ALL,
    BATCH_SIZE,
    Batch,
    ColumnBatch,
    Columns,
    Fields,
    Generating,
    Operator,
    Partial,
    Sequence,
    Stream,
    Streaming,
    union,
)
from splmini.plan.fields import reads_raw, required
from splmini.plan.scan import Scan

if TYPE_CHECKING:
    from splmini.engine.context import Run


MOST_AT_ONCE = 4 * BATCH_SIZE
"""A batch that has grown beyond this goes on in pieces."""


def execute(operators: SequenceOf[Operator], run: Run, rows: Stream | None = None, needed: Fields = ALL) -> Stream:
    """Run operators; the first one generates, or takes `rows`."""
    stream = rows
    after = required(operators, needed)
    ordered = order_position(operators) if run.newest and rows is None and isinstance(operators[0], Scan) else None
    if ordered is not None:
        after[0] = union(after[0], frozenset({"_time"}))
    if rows is None:
        run.raw_wanted = not isinstance(operators[0], Scan) and reads_raw(operators)
    index = 0
    while index < len(operators):
        operator = operators[index]
        if isinstance(operator, Streaming):
            end = index
            while end < len(operators) and isinstance(operators[end], Streaming) and end - 1 != ordered:
                end += 1
            segment = [each for each in operators[index:end] if isinstance(each, Streaming)]
            tables = end < len(operators) and end - 1 != ordered and aggregates_tables(operators[end])
            stream = _segment(segment, _given(stream, operator), run, tables)
            index = end
        elif stream is None and isinstance(operator, Generating):
            first = operators[:1] if ordered == 0 else operators
            newest = first_taken(operators[1]) if ordered == 0 and len(operators) > 1 else None
            stream = _timed(operator, placed(operator, run, generated)(first, run, after[0], newest), run)
            index += 1
        else:
            stream = _single(operator, stream, run, after[index])
            index += 1
        if ordered is not None and index == ordered + 1:
            stream = newest_first(stream, run, operators[index] if index < len(operators) else None)
            ordered = None
    assert stream is not None
    return stream


def _given(stream: Stream | None, operator: Operator) -> Stream:
    if stream is None:
        raise ArgumentError(f"'{operator.name}' has no rows to work on.", name=operator.name, span=operator.span)
    return stream


def generated(operators: SequenceOf[Operator], run: Run, needed: Fields, newest: int | None = None) -> Stream:
    """Start the first operator of a plan; a scan gives `ColumnBatch`es where the operators behind it take them, and
    reads them where it is not seen in which order rows have their fields, as an aggregation follows.

    `newest`: no more events than the newest ones, so many, are taken.
    """
    first = operators[0]
    assert isinstance(first, Generating)
    if isinstance(first, Scan):
        taken = takes_tables(operators[1:])
        columns = taken or (newest is None and any(isinstance(each, Partial) for each in operators[1:]))
        stream = run.scan(replace(first.request(needed, columns), newest=newest))
        return stream if taken or not columns else Stream(map(_rows_of, stream.batches), stream.columns)
    return first.generate(run, needed)


def _rows_of(batch: Any) -> Batch:
    """Return the rows of a batch that may be columns."""
    return batch.rows() if batch.__class__ is ColumnBatch else batch


def _single(operator: Operator, stream: Stream | None, run: Run, needed: Fields) -> Stream:
    if isinstance(operator, Generating):
        assert stream is not None
        assert operator.follows is not None, operator.name
        return _timed(operator, placed(operator, run, operator.follows)(stream, run), run)
    given = _given(stream, operator)
    if isinstance(operator, Partial):
        return _partial(operator, given, run)
    assert isinstance(operator, Sequence)
    return _timed(operator, placed(operator, run, operator.run)(given, run), run)


def _segment(segment: list[Streaming], stream: Stream, run: Run, tables: bool = False) -> Stream:
    """Run streaming operators one after the other on each batch; with `tables` what is behind them takes columns."""
    steps = [(operator.name, placed(operator, run, placed(operator, run, operator.bind)(run))) for operator in segment]
    over = [over_tables(operator, step) for operator, (_, step) in zip(segment, steps, strict=True)]
    seconds = run.seconds

    def through(batch: Any, first: int) -> Iterator[Batch]:
        for index in range(first, len(steps)):
            if not batch:
                return
            name, step = steps[index]
            given = len(batch)
            started = time.perf_counter()
            if batch.__class__ is ColumnBatch:
                columns = over[index]
                batch = step(batch.rows()) if columns is None else columns(batch)
            else:
                batch = step(batch)
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
            if len(batch) > given:
                run.budget.rows(len(batch) - given, name)
                run.check_limits()
                if len(batch) > MOST_AT_ONCE:
                    for start in range(0, len(batch), BATCH_SIZE):
                        yield from through(batch[start : start + BATCH_SIZE], index + 1)
                    return
        if batch:
            yield batch if tables or batch.__class__ is not ColumnBatch else batch.rows()

    def batches() -> Iterator[Batch]:
        for batch in stream.batches:
            run.check_limits()
            yield from through(batch, 0)

    def columns() -> Columns:
        result = stream.columns()
        for operator in segment:
            result = operator.columns(result)
        return result

    return Stream(batches(), columns)


def _partial(operator: Partial, stream: Stream, run: Run) -> Stream:
    """Run an aggregation over the whole stream, lazily: nothing is read before the first row is asked for."""
    finished: list[Stream] = []

    def batches() -> Iterator[Batch]:
        state = placed(operator, run, operator.create)(run)
        update = placed(operator, run, state.update)
        elapsed = 0.0
        for batch in stream.batches:
            started = time.perf_counter()
            update(batch)
            run.check_limits()
            elapsed += time.perf_counter() - started
        started = time.perf_counter()
        finished.append(placed_stream(operator, run, placed(operator, run, state.finish)(run)))
        run.seconds[operator.name] = run.seconds.get(operator.name, 0.0) + elapsed + time.perf_counter() - started
        for batch in finished[0].batches:
            run.check_limits()
            yield batch

    def columns() -> Columns:
        return finished[0].columns() if finished else None

    return Stream(batches(), columns)


def _timed(operator: Operator, stream: Stream, run: Run) -> Stream:
    """Add the time spent in a stream, its upstream included, under the operator's name."""
    name = operator.name

    def batches() -> Iterator[Batch]:
        iterator = iter(placed_stream(operator, run, stream).batches)
        while True:
            started = time.perf_counter()
            batch = next(iterator, None)
            run.seconds[name] = run.seconds.get(name, 0.0) + time.perf_counter() - started
            if batch is None:
                return
            run.check_limits()
            yield batch

    return Stream(batches(), stream.columns)


def column_order(rows: Iterable[dict[str, object]], declared: Columns) -> list[str]:
    """Return the columns of a result: the declared order, then the order of first appearance."""
    order: dict[str, None] = dict.fromkeys(declared or ())
    if declared is None:
        for row in rows:
            order.update(dict.fromkeys(row))
    return list(order)
