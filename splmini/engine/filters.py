"""Tests over batches: what a test says of a value is remembered, since logs repeat their values.

A conjunct that reads one field is asked once for each value of it; the others are asked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import TypeVar

from splmini import compiler
from splmini.events import Verdicts
from splmini.language import tree
from splmini.language.conjuncts import conjuncts
from splmini.operators import Batch, ColumnBatch, Row

Item = TypeVar("Item")
_SPECIAL = frozenset({"_raw", "_time", "index"}) | compiler.TIME_MODIFIERS


class RowTest:
    """A test that has to look at each row."""

    def __init__(self, test: Callable[[Row], bool]) -> None:
        self.test = test

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
        test = compiler.compile_search(part, scope)
        reads = compiler.fields_read(part)
        name = next(iter(reads)) if reads is not None and len(reads) == 1 else None
        single = name is not None and name not in _SPECIAL and not any(map(_is_special, tree.walk(part)))
        made.append(Verdicts(name, test) if single and name is not None else RowTest(test))
    return made


def _is_special(node: tree.Node) -> bool:
    return isinstance(node, (tree.Term, tree.Directive)) or getattr(node, "field", None) in _SPECIAL


def keep(rows: Batch, tests: Sequence[Verdicts | RowTest]) -> Batch:
    """Return the rows that pass all tests."""
    for test in tests:
        if not rows:
            break
        rows = test.kept(rows)
    return rows


def keep_columns(table: ColumnBatch, tests: Sequence[Verdicts | RowTest]) -> ColumnBatch | Batch:
    """Return the rows of a table that pass all tests, as a table where no test had to look at a row."""
    for number, test in enumerate(tests):
        if isinstance(test, RowTest):
            return keep(table.rows(), tests[number:])
        try:
            flags = list(map(test.__getitem__, table.column(test.name)))
        except TypeError:  # a value that is multivalue
            return keep(table.rows(), tests[number:])
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
