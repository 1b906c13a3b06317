"""Tests over batches: what a test says of a value is remembered, since logs repeat their values.

A conjunct that reads one field is asked once for each value of it; the others are asked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any, TypeVar

from splmini import compiler
from splmini.language import tree
from splmini.language.conjuncts import conjuncts
from splmini.operators import Batch, ColumnBatch, Row

Item = TypeVar("Item")
MOST = 4096
LONGEST = 200
_FLOATS = 1 << 1023
"""Integers below are near a float."""
_SPECIAL = frozenset({"_raw", "_time", "index"}) | compiler.TIME_MODIFIERS


class Verdicts(dict[Any, bool]):
    """What a test of one field says of its values; None stands for no value.

    Numbers that are equal share a place, so that of an integer and a float that would be judged differently none is
    remembered. Neither are long texts, and nothing once there are many. A list cannot be looked up: TypeError.
    """

    def __init__(self, name: str, test: Callable[[Row], bool]) -> None:
        super().__init__()
        self.name = name
        self.test = test

    def __missing__(self, value: Any) -> bool:
        name, test = self.name, self.test
        result = test({} if value is None else {name: value})
        kind = value.__class__
        if len(self) >= MOST or (kind is str and len(value) > LONGEST):
            return result
        if kind is int or (kind is float and value.is_integer()):
            other = int(value) if kind is float else float(value) if abs(value) < _FLOATS else value
            if test({name: other}) is not result:
                return result
        self[value] = result
        return result

    def flags(self, rows: Batch) -> list[bool]:
        """Say of each row whether it passes."""
        name = self.name
        try:
            return [self[row.get(name)] for row in rows]
        except TypeError:
            return list(map(self.test, rows))

    def kept(self, rows: Batch) -> Batch:
        """Return the rows that pass."""
        name = self.name
        try:
            return [row for row in rows if self[row.get(name)]]
        except TypeError:
            return [row for row in rows if self.test(row)]


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
        flags = list(map(test.__getitem__, table.column(test.name)))
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
