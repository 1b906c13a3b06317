"""Tests over batches: what a test says of a value is remembered, since logs repeat their values.

A conjunct that reads one field is asked once for each value of it; the others are asked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, TypeVar

from splmini import compiler
from splmini.events import Verdicts
from splmini.language import tree
from splmini.language.conjuncts import conjuncts
from splmini.operators import Batch, ColumnBatch, Row
from splmini.remembering import Remembered, row_of
from splmini.values.wildcards import has_wildcard

Item = TypeVar("Item")
_SPECIAL = frozenset({"_raw", "_time", "index"}) | compiler.TIME_MODIFIERS


class RowTest:
    """A test that has to look at each row, or at the values of the fields that it `reads` alone."""

    def __init__(self, test: Callable[[Row], bool], reads: frozenset[str] | None = None) -> None:
        self.test = test
        self._reads = None if reads is None else tuple(sorted(reads))
        self._known = Remembered(self._of_values)

    def _of_values(self, values: tuple[Any, ...]) -> bool:
        assert self._reads is not None
        return self.test(row_of(self._reads, values))

    def flags_of(self, table: ColumnBatch) -> list[bool]:
        """Say of each row of a table whether it passes."""
        if not self._reads:
            return self.flags(table.rows())
        return self._known.over(list(zip(*map(table.column, self._reads), strict=True)))

    def flags(self, rows: Batch) -> list[bool]:
        """Say of each row whether it passes."""
        return list(map(self.test, rows))

    def kept(self, rows: Batch) -> Batch:
        """Return the rows that pass."""
        test = self.test
        return [row for row in rows if test(row)]


def filters_of(predicate: tree.Node, scope: compiler.RunScope) -> list[Verdicts | RowTest]:
    """Return a search expression as filters of batches, one for each conjunct."""
    made: list[Verdicts | RowTest] = []
    for part in conjuncts(predicate):
        if isinstance(part, tree.Term) and part.text == "*":
            continue  # every event
        made.append(filter_of(part, compiler.compile_search(part, scope)))
    return made


def filter_of(part: tree.Node, test: Callable[[Row], bool]) -> Verdicts | RowTest:
    """Return a condition as a filter of batches; `test` is what it was compiled to."""
    reads = compiler.fields_read(part)
    alone = reads is not None and _SPECIAL.isdisjoint(reads) and not any(map(_is_special, tree.walk(part)))
    if alone and reads is not None and len(reads) == 1:
        return Verdicts(next(iter(reads)), test)
    return RowTest(test, reads if alone and not any(map(has_wildcard, reads or ())) else None)


def _is_special(node: tree.Node) -> bool:
    return isinstance(node, (tree.Term, tree.Directive)) or getattr(node, "field", None) in _SPECIAL


def keep(rows: Batch, tests: Sequence[Verdicts | RowTest]) -> Batch:
    """Return the rows that pass all tests."""
    for test in tests:
        if not rows:
            break
        rows = test.kept(rows)
    return rows


def keep_columns(table: ColumnBatch, tests: Sequence[Verdicts | RowTest]) -> ColumnBatch:
    """Return the rows of a table that pass all tests."""
    for test in tests:
        if not table:
            break
        flags = test.flags_of(table)
        if not all(flags):
            table = table.kept(flags)
    return table


def keep_pairs(events: list[Item], rows: Batch, tests: Sequence[Verdicts | RowTest]) -> list[Item]:
    """Return the events (or whatever stands for them) whose rows pass all tests."""
    for test in tests:
        if not events:
            break
        flags = test.flags(rows)
        if not all(flags):
            events, rows = list(compress(events, flags)), list(compress(rows, flags))
    return events
