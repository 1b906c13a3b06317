"""What accum, autoregress, delta and trendline share: one value a row, made from the rows before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from splmini.language import tree
from splmini.operators import Batch, Columns, Fields, Operator, Row, RunContext, Sequence, Stream, appended

Step = Callable[[Row], None]


def running(node: tree.Command, make: Callable[[], Step], reads: Iterable[str], writes: Iterable[str]) -> Operator:
    """Return the operator that applies a step to each row in order; `make` gives a fresh step for each run."""
    read_fields, written = frozenset(reads), tuple(writes)

    def run(stream: Stream, ctx: RunContext) -> Stream:
        step = make()

        def batches() -> Iterator[Batch]:
            for batch in stream.batches:
                for row in batch:
                    step(row)
                yield batch

        def columns() -> Columns:
            return appended(*written)(stream.columns())

        return Stream(batches(), columns)

    def requires(after: Fields) -> Fields:
        return None if after is None else (after - frozenset(written)) | read_fields

    return Sequence(name=node.name, run=run, requires=requires, span=node.span)


def put(row: Row, name: str, value: Any) -> None:
    """Set a field, or remove it where the value is null."""
    if value is None:
        row.pop(name, None)
    else:
        row[name] = value
