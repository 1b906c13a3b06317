"""Newest first: where a plan depends on the order of events, they are ordered behind the first filters."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from operator import itemgetter
from typing import TYPE_CHECKING

from splmini.operators import Batch, Operator, Partial, Row, Sequence, Stream, Streaming, batched

if TYPE_CHECKING:
    from splmini.engine.context import Run


def order_position(operators: SequenceOf[Operator]) -> int | None:
    """Return the index behind which rows have to be in order; None where nothing depends on it.

    Rows are ordered behind the filters that follow the scan, as late as `_time` is sure to be there.
    """
    first = next((each for each in operators[1:] if not isinstance(each, Streaming)), None)
    if isinstance(first, Partial) and not first.order_matters:
        return None
    index = 0
    for operator in operators[1:]:
        if not (isinstance(operator, Streaming) and operator.filters):
            break
        index += 1
    return index


def first_taken(operator: Operator) -> int | None:
    """Return how many first rows an operator takes, where it takes no others; None: all."""
    return operator.limited if isinstance(operator, Sequence) else None


def newest_first(stream: Stream, run: Run, following: Operator | None) -> Stream:
    """Return the rows newest first; of equal times, what came last comes first. Rows without a time come last.

    Where only the first rows are wanted (head), only those are kept while reading.
    """
    wanted = None if following is None else first_taken(following)

    def batches() -> Iterator[Batch]:
        rows = _newest(stream, wanted) if wanted is not None else _all(stream, run)
        yield from batched(rows)

    return Stream(batches(), stream.columns)


def row_time(row: Row) -> float:
    """Return the time of a row; one without stands before all others."""
    moment = row.get("_time")
    return moment if isinstance(moment, (int, float)) else float("-inf")


def _all(stream: Stream, run: Run) -> list[Row]:
    rows: list[Row] = []
    ascending, previous = True, float("-inf")
    for batch in stream.batches:
        rows.extend(batch)
        run.check(len(rows))
        for row in batch:
            moment = row_time(row)
            if moment < previous:
                ascending = False
            previous = moment
    rows.reverse()
    if not ascending:
        rows.sort(key=row_time, reverse=True)
    return rows


def _newest(stream: Stream, wanted: int) -> list[Row]:
    """Keep the `wanted` newest rows in a heap: memory does not grow with the events."""
    heap: list[tuple[float, int, Row]] = []
    for number, row in enumerate(stream.rows()):
        item = (row_time(row), number, row)
        if len(heap) < wanted:
            heapq.heappush(heap, item)
        elif wanted and item[:2] > heap[0][:2]:
            heapq.heapreplace(heap, item)
    heap.sort(key=itemgetter(0, 1), reverse=True)
    return [row for _, _, row in heap]
