"""Rewrites of a plan. They look at nothing but what operators declare; rows and their order stay equal."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from splmini.operators import Operator, Streaming
from splmini.plan.scan import Scan, conjunction, scan


def optimize(operators: SequenceOf[Operator]) -> list[Operator]:
    """Return an equal plan that does less work."""
    return push_into_scan(list(operators))


def push_into_scan(operators: list[Operator]) -> list[Operator]:
    """Move filters that stand right behind the scan into it."""
    if not operators or not isinstance(operators[0], Scan):
        return operators
    predicate = operators[0].predicate
    index = 1
    while index < len(operators):
        operator = operators[index]
        if not (isinstance(operator, Streaming) and operator.name == "search" and operator.predicate is not None):
            break
        predicate = conjunction(predicate, operator.predicate)
        index += 1
    return [scan(predicate), *operators[index:]]
