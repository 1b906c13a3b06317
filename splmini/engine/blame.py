"""Where in a search something went wrong: the operator, and of an expression the innermost part and the row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from splmini.boundary import converted, guarded
from splmini.errors import (
    NOWHERE,
    EventFormatError,
    FileError,
    HandlerError,
    InternalError,
    ServerError,
    Span,
    SplError,
)
from splmini.language import tree
from splmini.operators import BATCH_SIZE, ColumnBatch, Operator, Row, Stream
from splmini.values.texts import shortened

if TYPE_CHECKING:
    from splmini.engine.context import Run

T = TypeVar("T")

CALCULATED = (tree.Call, tree.Binary, tree.Unary, tree.Comparison, tree.InList, tree.And, tree.Or, tree.Not, tree.Xor)
"""What may fail in an expression."""


def placed(operator: Operator, run: Run, function: Callable[..., T]) -> Callable[..., T]:
    """Return a function of an operator whose errors are SplErrors with their place in the search."""

    def blamed(error: Exception, arguments: tuple[Any, ...]) -> SplError:
        return _blamed(error, operator, run, arguments)

    return guarded(function, blamed)


def placed_stream(operator: Operator, run: Run, stream: Stream) -> Stream:
    """Return a stream whose errors have their place in the search."""
    step = placed(operator, run, lambda: next(batches, None))
    batches: Iterator[Any] = iter(stream.batches)

    return Stream(iter(step, None), stream.columns)


def _blamed(error: Exception, operator: Operator, run: Run, arguments: tuple[Any, ...]) -> SplError:
    span = _span(operator)
    if isinstance(error, SplError):
        # what is wrong with events and conf files has a place of its own; a search that stands elsewhere has that text
        own = isinstance(error, (EventFormatError, FileError, HandlerError, ServerError))
        return converted(error, operator.name, None if own else span)
    found = converted(error, f"'{operator.name}'", span)
    if isinstance(found, InternalError):
        found.name = operator.name
        culprit = _culprit(error, operator, run, _rows(arguments))
        if culprit is not None:
            node, row = culprit
            found.span = node.span if node.span != NOWHERE else span
            found.message += f" It was at {shortened(str(node), 100)} of the row {_shown(row)}."
    return found


def _span(operator: Operator) -> Span | None:
    predicate = getattr(operator, "predicate", None)
    spans = [operator.span, *(each.span for each in (operator.node, predicate) if each is not None)]
    return next((each for each in spans if each != NOWHERE), None)


def _rows(arguments: tuple[Any, ...]) -> Iterable[Row]:
    given = arguments[0] if arguments else ()
    if isinstance(given, dict):
        return (given,)
    return given if isinstance(given, (list, ColumnBatch)) else ()


def _culprit(error: Exception, operator: Operator, run: Run, rows: Iterable[Row]) -> tuple[tree.Node, Row] | None:
    """Return the innermost part of an operator's expressions that fails alone as it did, and the row it fails on."""
    parts = [] if operator.node is None else [each for each in tree.walk(operator.node) if isinstance(each, CALCULATED)]
    for part in reversed(parts):
        try:
            evaluate = run.expression(part)
        except Exception:  # noqa: S112 - no expression of its own: the search for the place goes on
            continue
        for row in islice(rows, BATCH_SIZE):
            try:
                evaluate(row)
            except Exception as found:
                if type(found) is type(error):
                    return part, row
    return None


def _shown(row: Row) -> str:
    return shortened(json.dumps(row, default=str), 200)
