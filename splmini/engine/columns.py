"""Streaming operators over columns: what they make of the fields that they read, they make once for each combination.

Nothing is declared for that but what operators declare anyhow: a filter by an expression over some fields, or one row
for each row with some fields set, gives the same for the same values of these fields, unless chance or the whole row
is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from splmini import compiler
from splmini.operators import Batch, ColumnBatch, Operator, Partial, Streaming
from splmini.remembering import Remembered, copied, row_of
from splmini.values.wildcards import has_wildcard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from splmini.operators import Fields


def takes_tables(operators: Sequence[Operator]) -> bool:
    """Say whether rows may come to operators as `ColumnBatch`es: the first of them do something with columns."""
    streaming = 0
    while streaming < len(operators) and fields_of(operators[streaming]) is not None:
        streaming += 1
    return streaming > 0 or (bool(operators) and aggregates_tables(operators[0]))


def aggregates_tables(operator: Operator) -> bool:
    """Say whether an operator is an aggregation that takes columns."""
    return isinstance(operator, Partial) and operator.takes_tables


def fields_of(operator: Operator) -> tuple[tuple[str, ...], tuple[str, ...] | None] | None:
    """Return the fields that a streaming operator reads, and those that it sets (None: it is a filter); None where it
    has to see whole rows."""
    if not isinstance(operator, Streaming) or operator.local or operator.node is None:
        return None
    if not compiler.depends_on_fields(operator.node):
        return None
    if operator.filters:
        reads = None if operator.predicate is None else compiler.fields_read(operator.predicate)
        return None if not _plain(reads) else (tuple(sorted(reads or ())), None)
    writes = operator.writes
    if not operator.one_to_one or not operator.pure or not _plain(writes) or not writes:
        return None
    reads = operator.requires(writes)
    if reads is None or writes is None or not _plain(reads):
        return None
    return tuple(sorted(reads | writes)), tuple(sorted(writes))


def _plain(fields: Fields) -> bool:
    """Say whether fields are named, and none of them is the text of the event, which does not come again."""
    return fields is not None and "_raw" not in fields and not any(map(has_wildcard, fields))


def over_tables(operator: Operator, step: Callable[[Batch], Batch]) -> Callable[[ColumnBatch], Any] | None:
    """Return what a bound operator does to a `ColumnBatch`; it may give rows. None where it takes rows only."""
    fields = fields_of(operator)
    if fields is None:
        return None
    reads, writes = fields

    def verdict(key: tuple[Any, ...]) -> bool:
        return bool(step([row_of(reads, key)]))

    def values(key: tuple[Any, ...]) -> tuple[Any, ...]:
        (row,) = step([row_of(reads, key)])
        return tuple(map(row.get, writes or ()))

    remembered = Remembered(verdict if writes is None else values)

    def over(table: ColumnBatch) -> Any:
        if not remembered.pays:
            return step(table.rows())
        keys = list(zip(*map(table.column, reads), strict=True)) if reads else [()] * len(table)
        found = remembered.over(keys)
        if writes is None:
            return table if all(found) else table.kept(found)
        made = zip(writes, map(copied, zip(*found, strict=True)), strict=True)
        return ColumnBatch({**table.columns, **dict(made)}, len(table))

    return over
